"""DokuWiki's remote API: what pages and files there are, and what they say, by JSON-RPC or, where there is none, by XML-RPC.

Since 2024-02-06 "Kaos" a wiki has `core.*` methods at lib/exe/jsonrpc.php; before, others at lib/exe/xmlrpc.php. Both list pages
from the files on disk (a depth must be asked for: without one, newer wikis list what their search index has seen), with the hash
of each page's text and its revision, which is the time of its last change.
Spec: https://www.dokuwiki.org/devel:xmlrpc, https://www.dokuwiki.org/devel:jsonrpc; ACL levels: https://www.dokuwiki.org/acl
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from ingest.rendering import xmlrpc
from ingest.sandbox import shared
from ingest.sources import SourceSpec
from ingest.sources.web import StatusError, WebApi
from rag.errors import DocumentError, SettingsError, SourceError

_JSON, _XML = "lib/exe/jsonrpc.php", "lib/exe/xmlrpc.php"
_DEEP = 1000  # namespaces within each other
_OFF = -32605
_NO_PAGE, _NO_FILE = 121, 221
_READ = 1  # the least level of DokuWiki's ACL that may read


class CallError(SourceError):
    """The wiki refused a call (`code` is its own, `status` HTTP's), or answered what can't be read (status 200)."""

    def __init__(self, message: str, code: int, status: int) -> None:
        super().__init__(message)
        self.code = code
        self.status = status

    @property
    def denied(self) -> bool:
        return self.status in (401, 403)


@dataclass(frozen=True)
class Entry:
    """A page or file in a list. `revision` is a time in seconds; `hash` is the MD5 of its content."""

    id: str
    revision: int
    size: int
    hash: str


class Remote:
    """The wiki of a source."""

    def __init__(self, spec: SourceSpec, url: str) -> None:
        self._where = f"source {spec.name!r}: {url}"
        self._name = spec.name
        self._api = WebApi(spec.name, url, spec.credentials)
        self._speaks_json: bool | None = None

    def pages(self, namespace: str) -> list[Entry]:
        """All pages in a namespace and below that the account may read. Raises: SourceError, SettingsError."""
        if self._json():
            return self._entries(self._call("core.listPages", namespace, _DEEP, True))
        return self._entries(self._call("dokuwiki.getPagelist", namespace, {"depth": 0, "hash": 1}))

    def files(self, namespace: str) -> list[Entry]:
        """All media files, likewise."""
        if self._json():
            return self._entries(self._call("core.listMedia", namespace, "", _DEEP, True))
        return self._entries(self._call("wiki.getAttachments", namespace, {"depth": 0, "hash": 1}))

    def html(self, page: str, revision: int = 0) -> str:
        """A page as HTML; "" where there is no such revision. Raises: CallError, SourceError, DocumentError."""
        if self._json():
            return self._text(self._call("core.getPageHTML", page, revision, no=_NO_PAGE, otherwise=""))
        if revision:
            return self._text(self._call("wiki.getPageHTMLVersion", page, revision, no=_NO_PAGE, otherwise=""))
        return self._text(self._call("wiki.getPageHTML", page, no=_NO_PAGE, otherwise=""))

    def revision(self, page: str) -> int:
        """The revision of a page now; 0 where there is none. Raises: CallError (denied), SourceError."""
        method, name = ("core.getPageInfo", "revision") if self._json() else ("wiki.getPageInfo", "version")
        told = self._call(method, page, no=_NO_PAGE, otherwise={})
        if told == {}:  # so says "Igor" where others name the fault
            return 0
        return self._number(told, name)

    def may_read(self, page: str) -> bool:
        """Whether the account may read a page, whether or not it is there. Raises: SourceError."""
        level = self._call("core.aclCheck" if self._json() else "wiki.aclCheck", page)
        if type(level) is not int:
            raise self._nonsense("no level of access")
        return level >= _READ

    def content(self, file: str) -> bytes:
        """A media file. Raises: CallError, SourceError."""
        told = self._call("core.getMedia" if self._json() else "wiki.getAttachment", file)
        try:
            return told if isinstance(told, bytes) else base64.b64decode(self._text(told), validate=True)
        except (binascii.Error, ValueError) as error:
            raise self._nonsense("no file") from error

    def alive(self) -> bool:
        """Whether the wiki answers at all."""
        try:
            return type(self._call("core.getWikiTime" if self._json() else "dokuwiki.getTime")) is int
        except SourceError:
            return False

    def close(self) -> None:
        self._api.close()

    # -- calls --------------------------------------------------------------------------------------------------------

    def _json(self) -> bool:
        """Whether the wiki speaks JSON-RPC with methods that we know. Raises: SourceError, SettingsError."""
        if self._speaks_json is None:
            try:
                version = self._post_json("core.getAPIVersion")
                if type(version) is not int:
                    raise self._nonsense("no version of an API")
                self._speaks_json = True
            except CallError as error:
                if error.denied or error.code == _OFF or error.status not in (400, 404, 405, 415, 501):
                    raise self._advised(error) from error
                self._speaks_json = False  # no such file, or an older API
        return self._speaks_json

    def _call(self, method: str, *arguments: Any, no: int = 0, otherwise: Any = None) -> Any:
        """The result of a method; `otherwise` where the wiki answers with the code `no`."""
        try:
            return self._post_json(method, *arguments) if self._json() else self._post_xml(method, *arguments)
        except CallError as error:
            if no and error.code == no:
                return otherwise
            raise self._advised(error) from error

    def _post_json(self, method: str, *arguments: Any) -> Any:
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": arguments}).encode()
        return self._result(*self._post(_JSON, body, "application/json"), _of_json)

    def _post_xml(self, method: str, *arguments: Any) -> Any:
        return self._result(*self._post(_XML, xmlrpc.call(method, *arguments), "text/xml"), _of_xml)

    def _post(self, path: str, body: bytes, kind: str) -> tuple[int, str, bytes]:
        """HTTP status, what there is to say of it, and the answer."""
        try:
            return 200, "", self._api.ask("POST", path, content=body, headers={"Content-Type": kind}).body
        except StatusError as error:
            return error.status, str(error), error.body

    def _result(self, status: int, message: str, body: bytes, read: Any) -> Any:
        try:
            told = read(body)
        except DocumentError as error:
            if status != 200:
                raise CallError(message, 0, status) from error
            page = "a web page: is it a log-in page? Check the url and the credentials"
            html = body.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html"))
            raise self._nonsense(page if html else str(error)) from error
        fault = told.get("error")
        if isinstance(fault, dict) and fault.get("code"):
            code = fault["code"] if type(fault["code"]) is int else 1
            raise CallError(message or f"{self._where} answered: {str(fault.get('message'))[:200]}", code, status)
        if status != 200:
            raise CallError(message, 0, status)
        if "result" not in told:
            raise self._nonsense("neither a result nor an error")
        return told["result"]

    def _advised(self, error: CallError) -> SourceError | SettingsError:
        """The same with what to do about it, where it is DokuWiki's settings that must change."""
        if error.code == _OFF:
            return SettingsError(
                f"{self._where}: its remote API is off; an administrator switches it on in DokuWiki's configuration: `remote`, "
                "and names this account or one of its groups in `remoteuser`"
            )
        if error.status == 401:
            return CallError(
                f"{self._where} did not accept this account: check its credentials in waypost.yaml, and that DokuWiki's setting "
                "`remoteuser` names it or one of its groups",
                error.code, 401,
            )  # fmt: skip
        if error.status == 403:
            return CallError(
                f"{self._where} does not let this account do that: DokuWiki's setting `remoteuser` must name it or one of its "
                "groups, and its ACL must let it read",
                error.code, 403,
            )  # fmt: skip
        if error.status in (404, 405):
            return CallError(
                f"{self._where} is not where a DokuWiki is (HTTP status {error.status}): the url is that of the folder in which "
                "doku.php is; lib/exe/jsonrpc.php or lib/exe/xmlrpc.php below it must be reachable",
                error.code, error.status,
            )  # fmt: skip
        return error

    # -- answers ------------------------------------------------------------------------------------------------------

    def _entries(self, told: Any) -> list[Entry]:
        if not isinstance(told, list):
            raise self._nonsense("no list")
        return [self._entry(one) for one in told]

    def _entry(self, told: Any) -> Entry:
        if not isinstance(told, dict) or not isinstance(told.get("id"), str):
            raise self._nonsense("a list of what are no pages")
        revision = "revision" if "revision" in told else "rev" if "rev" in told else "mtime"
        found = told.get("hash")
        return Entry(
            told["id"],
            self._number(told, revision),
            self._number(told, "size"),
            found if isinstance(found, str) else "",
        )

    def _number(self, told: Any, name: str) -> int:
        number = told.get(name) if isinstance(told, dict) else None
        if type(number) is not int or number < 0:
            raise self._nonsense(f"no {name}")
        return number

    def _text(self, told: Any) -> str:
        if not isinstance(told, str):
            raise self._nonsense("no text")
        return told

    def _nonsense(self, what: str) -> CallError:
        return CallError(f"{self._where} answered with {what}; sync again", 1, 200)


def _of_json(body: bytes) -> dict[str, Any]:
    """Raises: DocumentError."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise DocumentError("what is no JSON") from error
    if not isinstance(told, dict):
        raise DocumentError("what is no answer of JSON-RPC")
    return told


def _of_xml(body: bytes) -> dict[str, Any]:
    """Raises: DocumentError."""
    return shared().run(xmlrpc.answer, body)
