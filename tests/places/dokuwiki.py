"""A DokuWiki, as far as `ingest.sources.dokuwiki` asks: `core.*` by JSON-RPC as since "Kaos", or the older methods by XML-RPC.

Its answers were taken from a real "Igor" (2022-07-31b) and a real "Mort" (2026-07-14b); `make test-wikis` runs the former.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import xmlrpc.client
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.sources import Source, SourceSpec
from ingest.sources.dokuwiki import DokuWikiOptions, DokuWikiSource
from tests.places import Place
from tests.places.server import Ask, Reply, data, page

EPOCH = 1_770_000_000


@dataclass(frozen=True)
class Kept:
    text: str
    revision: int

    @property
    def hash(self) -> str:
        return hashlib.md5(self.text.strip().encode()).hexdigest()


class Denied(Exception):
    """The account may not read it."""


class Fault(Exception):
    """A fault with this code."""


class DokuWikiPlace(Place):
    """A wiki that speaks both."""

    type = "dokuwiki"
    restricts = True
    old = False  # from before JSON-RPC

    def __init__(self, server: object) -> None:
        super().__init__(server)  # type: ignore[arg-type]
        self.pages: dict[str, Kept] = {}
        self.past: dict[tuple[str, int], Kept] = {}
        self.files: dict[str, tuple[bytes, int]] = {}
        self.restricted: set[str] = set()
        self.unlisted: set[str] = set()  # pages that are there, and in no list
        self.broken: dict[str, Reply] = {}  # pages at which the wiki fails, and how
        self.account = ""  # the only Authorization that is let in, if any
        self.remote, self.allowed = True, True  # its settings `remote` and `remoteuser`
        self._clock = EPOCH

    # -- the wiki -----------------------------------------------------------------------------------------------------

    def put(self, name: str, text: str) -> None:
        self.write(clean_id(name), f"====== {name} ======\n\n{text}\n")

    def write(self, page_id: str, text: str, past: bool = True) -> None:
        """Saves a page; without `past` as a person does who puts it on the wiki's disk."""
        self._clock += 1
        kept = self.pages[page_id] = Kept(text, self._clock)
        if past:
            self.past[page_id, self._clock] = kept

    def remove(self, name: str) -> None:
        del self.pages[clean_id(name)]

    def move(self, name: str, to: str) -> None:
        self.write(clean_id(to), self.pages.pop(clean_id(name)).text)

    def restrict(self, name: str) -> None:
        self.restricted.add(clean_id(name))

    def path_of(self, name: str) -> str:
        return clean_id(name).replace(":", "/")

    def source(self, spec: SourceSpec, folder: Path) -> Source:
        return DokuWikiSource(spec, folder)

    def spec(self, **settings: object) -> SourceSpec:
        return super().spec(**{"options": DokuWikiOptions(), **settings})

    # -- its remote API -----------------------------------------------------------------------------------------------

    def answer(self, ask: object) -> Reply:
        assert isinstance(ask, Ask)
        if ask.path == "/lib/exe/jsonrpc.php" and not self.old:
            return self._json(ask)
        if ask.path == "/lib/exe/xmlrpc.php":
            return self._xml(ask)
        return page("<h1>Not Found</h1>", 404)

    def _json(self, ask: Ask) -> Reply:
        if not self.remote:
            return data({"error": {"code": -32605, "message": "JSON-RPC server not enabled."}}, 404)
        asked = json.loads(ask.body)
        method, given = asked["method"], asked["params"]
        if given and given[0] in self.broken:
            return self.broken[given[0]]
        try:
            if method != "core.getAPIVersion":
                self._let_in(ask)
            if method not in CORE:
                return data({"error": {"code": -32603, "message": "Method does not exist"}}, 400)
            return data({"id": 1, "jsonrpc": "2.0", "result": CORE[method](self, *given)})
        except Denied as error:
            return data({"error": {"code": -32604, "message": f"server error. forbidden {error}"}}, self._refusal(ask))
        except Fault as error:
            return data({"error": {"code": error.args[0], "message": "It does not exist"}}, 400)

    def _xml(self, ask: Ask) -> Reply:
        if not self.remote:
            return _answered(xmlrpc.client.Fault(-32605, "XML-RPC server not enabled."))
        given, method = xmlrpc.client.loads(ask.body)
        if given and given[0] in self.broken:
            return self.broken[given[0]]
        try:
            self._let_in(ask)
            return _answered((WIKI[method or ""](self, *given),))
        except Denied:
            return _answered(({},), self._refusal(ask))
        except (Fault, KeyError):
            return _answered(({},))  # "Igor" loses its faults on the way

    def _let_in(self, ask: Ask) -> None:
        if not self.allowed or (self.account and ask.headers.get("authorization") != self.account):
            raise Denied

    def _refusal(self, ask: Ask) -> int:
        return 403 if self.account and ask.headers.get("authorization") == self.account else 401

    def _readable(self, page_id: str) -> Kept:
        if page_id in self.restricted:
            raise Denied(page_id)
        if page_id not in self.pages:
            raise Fault(121)
        return self.pages[page_id]

    def _listed(self, namespace: str) -> list[tuple[str, Kept]]:
        hidden = self.restricted | self.unlisted
        below = f"{namespace}:" if namespace else ""
        return [(one, kept) for one, kept in self.pages.items() if one.startswith(below) and one not in hidden]

    def list_pages(self, namespace: str = "", depth: int = 1, hashed: bool = False) -> list[Mapping[str, Any]]:
        assert depth > 100, "without a depth it lists what its index knows"
        return [
            {"id": one, "revision": kept.revision, "size": len(kept.text), "title": one, "permission": 8, "author": "",
             "hash": kept.hash * hashed}
            for one, kept in self._listed(namespace)
        ]  # fmt: skip

    def page_list(self, namespace: str, options: Mapping[str, int]) -> list[Mapping[str, Any]]:
        assert options["depth"] == 0
        return [
            {"id": one, "rev": kept.revision, "mtime": kept.revision, "size": len(kept.text), "hash": kept.hash}
            for one, kept in self._listed(namespace)
        ]  # fmt: skip

    def page_html(self, page_id: str, revision: int = 0) -> str:
        if page_id in self.restricted:
            raise Denied(page_id)
        if not revision:
            return shown(self._readable(page_id).text)
        if (page_id, revision) in self.past:
            return shown(self.past[page_id, revision].text)
        if self.old:
            return ""
        raise Fault(121)

    def page_info(self, page_id: str) -> Mapping[str, Any]:
        kept = self._readable(page_id)
        if self.old:
            return {"name": page_id, "author": "bob", "version": kept.revision}
        return {"id": page_id, "revision": kept.revision, "size": len(kept.text), "permission": 8, "hash": ""}

    def acl_check(self, page_id: str) -> int:
        return 0 if page_id in self.restricted else 8

    def list_files(self, namespace: str, *_: Any) -> list[Mapping[str, Any]]:
        below = f"{namespace}:" if namespace else ""
        return [
            {"id": one, "size": len(content), "revision" if not self.old else "mtime": changed, "hash": ""}
            for one, (content, changed) in self.files.items() if one.startswith(below)
        ]  # fmt: skip

    def file(self, file_id: str) -> Any:
        if file_id not in self.files:
            raise Fault(221)
        content = self.files[file_id][0]
        return xmlrpc.client.Binary(content) if self.old else base64.b64encode(content).decode()


class OldDokuWikiPlace(DokuWikiPlace):
    """One that speaks XML-RPC alone."""

    old = True


CORE: dict[str, Any] = {
    "core.getAPIVersion": lambda place: 14,
    "core.getWikiTime": lambda place: place._clock,
    "core.listPages": DokuWikiPlace.list_pages,
    "core.getPageHTML": DokuWikiPlace.page_html,
    "core.getPageInfo": DokuWikiPlace.page_info,
    "core.aclCheck": DokuWikiPlace.acl_check,
    "core.listMedia": DokuWikiPlace.list_files,
    "core.getMedia": DokuWikiPlace.file,
}
WIKI: dict[str, Any] = {
    "dokuwiki.getTime": lambda place: place._clock,
    "dokuwiki.getPagelist": DokuWikiPlace.page_list,
    "wiki.getPageHTML": DokuWikiPlace.page_html,
    "wiki.getPageHTMLVersion": DokuWikiPlace.page_html,
    "wiki.getPageInfo": DokuWikiPlace.page_info,
    "wiki.aclCheck": DokuWikiPlace.acl_check,
    "wiki.getAttachments": DokuWikiPlace.list_files,
    "wiki.getAttachment": DokuWikiPlace.file,
}


def clean_id(name: str) -> str:
    """A page's id, as DokuWiki makes it of what a person writes."""
    kept = re.sub(r"[^\w.:-]+", "_", name.lower())
    return re.sub(r"_+", "_", kept).strip("_:.-")


def shown(text: str) -> str:
    """The HTML of headings and paragraphs."""
    parts = []
    for block in filter(None, (part.strip() for part in text.split("\n\n"))):
        if heading := re.fullmatch(r"(={2,6}) (.*) \1", block):
            level, name = 7 - len(heading[1]), html.escape(heading[2])
            parts.append(f'<h{level} class="sectionedit1" id="{clean_id(heading[2])}">{name}</h{level}>')
        else:
            parts.append(f'<div class="level1">\n\n<p>\n{html.escape(block)}\n</p>\n\n</div>')
    return "\n" + "\n".join(parts)


def _answered(value: Any, status: int = 200) -> Reply:
    body = xmlrpc.client.dumps(value, methodresponse=True)
    return Reply(status, b'<?xml version="1.0"?>\n' + body.split("\n", 1)[1].encode(), {"Content-Type": "text/xml"})
