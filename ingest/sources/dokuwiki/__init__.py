"""`DokuWikiSource`: the pages of a DokuWiki, and its media files if wanted, over its remote API (`.remote`).

A page's version is its revision, the time of its last change; its link is pinned to that. DokuWiki gives a page no identity: one
that went and one that came with the very same text are taken for one that moved. Who may read is the wiki's ACL, as it is for the
account: what that may not read is not listed. A page that is missing from a list is asked for by name before it is let go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from pydantic import Field

from ingest.dates import in_utc
from ingest.rendering import Rendered
from ingest.rendering import dokuwiki as rendering
from ingest.sandbox import shared
from ingest.sources import Link, Listed, Listing, Options, PathFilter, Previous, SourceSpec, SourceType
from ingest.sources.dokuwiki.remote import CallError, Entry, Remote
from ingest.sources.moves import NAMELESS, moved_by_name
from rag.errors import DocumentError
from rag.records import NOBODY
from rag.steering import STEERING

_MEDIA = "_media/"  # no page's id begins so: DokuWiki cuts the underscore off
_MANY = 20  # missing pages: from so many on, the ledger may keep what is missing until a person looks
_OF_ONE_PAGE = (200, 400, 404, 500)  # statuses that may tell of one page alone: a broken plugin, half an answer
_END = re.compile(r"/(?:doku\.php.*|lib/exe/.*|feed\.php.*)?$", re.S)
_NO_ID = re.compile(STEERING.pattern + r"|[\s/\\]|^[:_.-]|::|:\.+(?:$|:)|:$")


class DokuWikiOptions(Options):
    """`namespaces`: only these and what is below them. `media`: the files of the media manager, too."""

    namespaces: tuple[str, ...] = Field(default=(), exclude=True)
    media: bool = Field(default=False, exclude=True)


class DokuWikiSource:
    """The wiki at `spec.location`."""

    def __init__(self, spec: SourceSpec, folder: Path) -> None:
        self._spec = spec
        self._options: DokuWikiOptions = spec.options
        self._url = _root_of(spec.location)
        self._namespaces = tuple(one.strip().strip(":").lower() for one in self._options.namespaces) or ("",)
        self._remote = Remote(spec, self._url)

    def listing(self, previous: Previous) -> Listing:
        pages, problems = self._found(False, previous)
        files, more = self._found(True, previous) if self._options.media else ([], [])
        problems += more
        selected = self._spec.selects()
        items = [item for item in (*map(_page, pages), *map(_file, files)) if selected(item.path)]
        if not items and not problems:
            problems.append(f"{self._url} lists no page that its include and exclude globs admit")
        moved = _moves(previous.signatures, items)
        gone = previous.signatures.keys() - {item.path for item in items} - set(moved.values())
        restricted, there = self._asked_for([path for path in sorted(gone) if self._wanted(path, previous, selected)])
        if there:
            problems.append(f"{self._url} has {there}, and did not list it; nothing was taken for gone")
        if problems or len(gone) > _MANY:  # what is restricted must not be found while it waits for a person's word
            items += [_for_nobody(path, previous.signatures[path]) for path in restricted]
        return Listing(tuple(items), complete=not problems, moved=moved, message="; ".join(problems[:3]))

    def _found(self, media: bool, previous: Previous) -> tuple[list[Entry], list[str]]:
        """What is listed, each once, and what is wrong with that: a wiki that lost its pages lists none."""
        found: dict[str, Entry] = {}
        problems = []
        for namespace in self._namespaces:
            listed = self._remote.files(namespace) if media else self._remote.pages(namespace)
            found |= {entry.id: entry for entry in listed}
            start = _MEDIA + namespace.replace(":", "/")
            if not listed and (not media or any(path.startswith(start) for path in previous.signatures)):
                what = f"namespace {namespace!r}" if namespace else "the wiki"
                problems.append(f"{what} lists no {'file' if media else 'page'} that this account may read")
        return list(found.values()), problems

    def _wanted(self, path: str, previous: Previous, selected: PathFilter) -> bool:
        """Whether a path is that of a page that would be listed, if it were there."""
        starts = tuple(f"{one.replace(':', '/')}/" if one else "" for one in self._namespaces)
        known = " " in previous.signatures[path]
        return known and path.startswith(starts) and not path.startswith(_MEDIA) and selected(path)

    def _asked_for(self, paths: Sequence[str]) -> tuple[list[str], str]:
        """Of pages that are missing, those that the account may not read any more, and the first that is there after all."""
        restricted: list[str] = []
        for path in paths:
            page = path.replace("/", ":")
            try:
                if self._remote.revision(page):
                    return restricted, page
            except CallError as error:
                if not error.denied or self._remote.may_read(page):
                    raise
                restricted.append(path)
        return restricted, ""

    def fetch(self, items: Sequence[Listed]) -> Iterator[tuple[Listed, bytes | Rendered | Exception]]:
        for item in items:
            try:
                yield item, self._read(item)
            except DocumentError as error:
                yield item, error
            except CallError as error:
                if error.denied and not self._remote.may_read(item.handle):
                    yield item, DocumentError("this account may not read it any more")
                elif error.status in _OF_ONE_PAGE and self._remote.alive():
                    yield item, DocumentError(f"the wiki fails to show it: {error}")
                else:
                    raise

    def _read(self, item: Listed) -> bytes | Rendered:
        if item.path.startswith(_MEDIA):
            return self._remote.content(item.handle)
        text = self._remote.html(item.handle, int(item.version))
        if not text.strip():  # a page that was put on the wiki's disk has no past
            text = self._remote.html(item.handle)
            if self._remote.revision(item.handle) != int(item.version):
                raise DocumentError("it changed while it was read; the next sync reads it anew")
        return shared().run(rendering.page, text, f"{self._url}doku.php?id={quote(item.handle)}")

    def link(self, item: Listed, version: str) -> Link:
        base = f"{self._spec.web_url.rstrip('/')}/" if self._spec.web_url else self._url
        if item.path.startswith(_MEDIA):
            return Link(f"{base}lib/exe/fetch.php?media={quote(item.handle)}&rev={version}", "")
        return Link(f"{base}doku.php?id={quote(item.handle)}&rev={version}", "")

    def close(self) -> None:
        self._remote.close()


def _root_of(location: str) -> str:
    """The URL of the folder in which doku.php is, from that of any page of the wiki that names it."""
    parts = urlsplit(location)
    return urlunsplit((parts.scheme, parts.netloc, _END.sub("", parts.path) + "/", "", ""))


def _page(entry: Entry) -> Listed:
    return replace(_listed(entry, entry.id.replace(":", "/")), is_page=True)


def _file(entry: Entry) -> Listed:
    return _listed(entry, _MEDIA + entry.id.replace(":", "/"))


def _listed(entry: Entry, path: str) -> Listed:
    if _NO_ID.search(entry.id):
        shown = re.sub(r"[^\w .:/()-]", lambda found: f"\\x{ord(found[0]):02x}", path)
        return Listed(shown, "name", refusal="its name is none that DokuWiki gives a page; rename its file")
    changed = in_utc(datetime.fromtimestamp(min(entry.revision, 253402300799), UTC))
    signature = f"{entry.hash or NAMELESS} {entry.revision}"
    return Listed(path, signature, entry.size, str(entry.revision), changed, handle=entry.id)


def _for_nobody(path: str, signature: str) -> Listed:
    """A page that the account may not read any more, as it was."""
    revision = signature.split(" ")[1]
    return Listed(path, signature, version=revision, handle=path.replace("/", ":"), access=NOBODY, is_page=True)


def _moves(before: Mapping[str, str], items: Sequence[Listed]) -> dict[str, str]:
    """New path to old path, where one page went and one came with the same text, and no other has it."""
    listed = {item.path for item in items}
    gone = {path: _hash(signature) for path, signature in before.items() if path not in listed}
    came = {item.path: _hash(item.signature) for item in items if item.path not in before}
    return moved_by_name(gone, came)


def _hash(signature: str) -> str:
    """The hash that a signature begins with, if it does."""
    first = signature.partition(" ")[0]
    return first if len(first) == 32 else NAMELESS


TYPE = SourceType(DokuWikiSource, DokuWikiOptions)
