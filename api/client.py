"""A client of Waypost's HTTP interface for Python programs; it needs httpx and nothing else of Waypost's.

    with WaypostClient("http://127.0.0.1:8765", token) as waypost:
        print(waypost.ask("How do I clear a stuck state lock?")["answer"])

Answers are the objects that docs/http.md shows, as dictionaries. What goes wrong is raised:

    ClientError              `status`, `detail` (what to do), `request_id`
    ├── RefusedError         401, 403: the token is not valid, or may not do this
    ├── MissingError         404: it is not there, or not for you
    ├── RequestError         other 4xx: the request must change
    ├── TooManyError         429: come again `retry_after` seconds later
    └── UnavailableError     5xx, a broken or no connection: the same request may work later
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

import httpx

if TYPE_CHECKING:  # their types alone
    from api.v1.shapes import (
        AnswerShape,
        DocumentShape,
        DocumentsShape,
        GapsShape,
        ListedShape,
        PassageShape,
        RunsShape,
        SearchShape,
        SourcesShape,
        SuggestionsShape,
    )

_TIMEOUT = 120.0  # seconds: a model may think for that long


class ClientError(Exception):
    """A request failed. `detail` says what to do; `request_id` is what to name when you ask about it."""

    def __init__(self, status: int, detail: str, request_id: str = "", retry_after: float | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.request_id = request_id
        self.retry_after = retry_after


class RefusedError(ClientError):
    """The token is not valid, or may not do this."""


class MissingError(ClientError):
    """It is not there, or not for you."""


class RequestError(ClientError):
    """The request must change."""


class TooManyError(ClientError):
    """Come again `retry_after` seconds later."""


class UnavailableError(ClientError):
    """The same request may work later."""


@dataclass(frozen=True)
class Event:
    """A piece of an answer as it comes: `text`, `citation`, `lookup`, `restart` (what came so far is void), and last `answer`."""

    name: str
    data: dict[str, Any]


class WaypostClient:
    """A connection to one Waypost. `transport` is for tests."""

    def __init__(
        self, base_url: str, token: str = "", *, timeout: float = _TIMEOUT, transport: httpx.BaseTransport | None = None
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._http = httpx.Client(base_url=base_url, headers=headers, timeout=timeout, transport=transport)

    def __enter__(self) -> WaypostClient:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        self._http.close()

    # -- questions -----------------------------------------------------------------------------------------------------

    def ask(
        self, question: str, *, sources: Iterable[str] = (), kinds: Iterable[str] = (), paths: Iterable[str] = (),
        persona: str = "", thread: str = "", idempotency_key: str = "",
    ) -> AnswerShape:  # fmt: skip
        """An answer with its citations; with an answer's `thread`, a follow-up. Asked again with the same `idempotency_key`, it
        is the same answer and costs nothing."""
        body = _question(question, sources, kinds, paths, persona, thread)
        return cast("AnswerShape", self._post("/v1/ask", body, idempotency_key))

    def ask_stream(
        self, question: str, *, sources: Iterable[str] = (), kinds: Iterable[str] = (), paths: Iterable[str] = (),
        persona: str = "", thread: str = "",
    ) -> Iterator[Event]:  # fmt: skip
        """The answer as it comes. Raises: UnavailableError where it breaks off."""
        body = _question(question, sources, kinds, paths, persona, thread)
        try:
            with self._http.stream("POST", "/v1/ask", json=body, headers={"Accept": "text/event-stream"}) as reply:
                if reply.is_error:
                    reply.read()
                _check(reply)
                yield from _events(reply)
        except httpx.HTTPError as error:
            raise UnavailableError(0, f"Waypost can't be asked: {error}") from error

    def search(
        self,
        query: str,
        *,
        k: int = 10,
        sources: Iterable[str] = (),
        kinds: Iterable[str] = (),
        paths: Iterable[str] = (),
    ) -> SearchShape:
        """The best k passages."""
        wanted = {"q": query, "k": k, "source": list(sources), "kind": list(kinds), "path": list(paths)}
        return cast("SearchShape", self._get("/v1/search", wanted))

    def suggest(self, typed: str, *, k: int = 8) -> SuggestionsShape:
        """Headings and titles that hold what was typed so far."""
        return cast("SuggestionsShape", self._get("/v1/suggest", {"q": typed, "k": k}))

    def feedback(self, thread: str, *, useful: bool, comment: str = "", turn: int | None = None) -> str:
        """Keeps whether an answer of a thread was of use, without `turn` the last one; gives its id."""
        body = {"thread": thread, "useful": useful, "comment": comment, "turn": turn}
        return str(self._post("/v1/feedback", body)["id"])

    def gaps(self, *, done: bool = False, limit: int = 100, cursor: str = "") -> GapsShape:
        """A page of what was asked and not answered, most asked first."""
        return cast("GapsShape", self._get("/v1/gaps", {"done": done, "limit": limit, "cursor": cursor}))

    # -- what is stored ------------------------------------------------------------------------------------------------

    def documents(
        self, *, source: str = "", kind: str = "", path: str = "", owner: str = "", limit: int = 50, cursor: str = ""
    ) -> DocumentsShape:
        """A page of the documents, without their texts."""
        wanted = {"source": source, "kind": kind, "path": path, "owner": owner, "limit": limit, "cursor": cursor}
        return cast("DocumentsShape", self._get("/v1/documents", wanted))

    def every_document(
        self, *, source: str = "", kind: str = "", path: str = "", owner: str = ""
    ) -> Iterator[ListedShape]:
        """All of them, page after page."""
        cursor: str | None = ""
        while cursor is not None:
            page = self.documents(source=source, kind=kind, path=path, owner=owner, limit=200, cursor=cursor)
            yield from page["documents"]
            cursor = page["next_cursor"]

    def document(self, document_id: str, *, start: int = 1, end: int | None = None, version: str = "") -> DocumentShape:
        """A document, some lines of it, or what it said in the `version` of a citation."""
        wanted = {"start": start, "end": end, "version": version}
        return cast("DocumentShape", self._get(f"/v1/documents/{quote(document_id, safe='')}", wanted))

    def passage(self, passage_id: str, *, around: int = 0) -> PassageShape:
        """A passage, with so many of those before and after it."""
        return cast("PassageShape", self._get(f"/v1/passages/{quote(passage_id, safe='')}", {"around": around}))

    def terraform(self, what: str, **wanted: str | int) -> dict[str, Any]:
        """`/v1/terraform/WHAT`: symbols, show, refs, values, modules, providers, settings, environments, graph."""
        return self._get(f"/v1/terraform/{quote(what, safe='')}", wanted)

    def drift(self, *, source: str = "") -> list[dict[str, Any]]:
        """Where documents disagree with code, surest first."""
        return cast("list[dict[str, Any]]", self._get("/v1/drift", {"source": source})["drift"])

    # -- sources -------------------------------------------------------------------------------------------------------

    def sources(self) -> SourcesShape:
        """The sources, and how their syncs go."""
        return cast("SourcesShape", self._get("/v1/sources", {}))

    def sync(self, source: str, *, idempotency_key: str = "") -> None:
        """Lets a source be synced now."""
        self._post(f"/v1/sources/{quote(source, safe='')}/sync", None, idempotency_key)

    def runs(self, *, source: str = "", limit: int = 50, cursor: str = "") -> RunsShape:
        """A page of the last syncs, newest first."""
        return cast("RunsShape", self._get("/v1/runs", {"source": source, "limit": limit, "cursor": cursor}))

    # ------------------------------------------------------------------------------------------------------------------

    def _get(self, path: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
        given = {name: value for name, value in wanted.items() if value not in ("", None, [])}
        return self._sent(self._http.build_request("GET", path, params=given))

    def _post(self, path: str, body: Mapping[str, Any] | None, idempotency_key: str = "") -> dict[str, Any]:
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self._sent(self._http.build_request("POST", path, json=body, headers=headers))

    def _sent(self, request: httpx.Request) -> dict[str, Any]:
        try:
            reply = self._http.send(request)
        except httpx.HTTPError as error:
            raise UnavailableError(0, f"Waypost can't be asked: {error}") from error
        _check(reply)
        found: dict[str, Any] = reply.json()
        return found


def _question(
    question: str, sources: Iterable[str], kinds: Iterable[str], paths: Iterable[str], persona: str, thread: str
) -> dict[str, Any]:
    return {
        "question": question, "sources": list(sources), "kinds": list(kinds), "paths": list(paths), "persona": persona,
        "thread": thread,
    }  # fmt: skip


def _events(reply: httpx.Response) -> Iterator[Event]:
    """The events of a stream, each an `event` and a `data` line. Raises: UnavailableError for one that tells of an error."""
    name = ""
    for line in reply.iter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            data = json.loads(line.removeprefix("data: "))
            if name == "error":
                raise UnavailableError(200, str(data.get("error", "")), reply.headers.get("X-Request-Id", ""))
            yield Event(name, data)


def _check(reply: httpx.Response) -> None:
    """Raises: ClientError for a reply that tells of a failure."""
    if not reply.is_error:
        return
    try:
        told = reply.json()
        detail = str(told.get("detail") or told.get("error") or reply.reason_phrase)
    except (ValueError, AttributeError):  # of a proxy before Waypost
        detail = f"{reply.status_code} {reply.reason_phrase}"
    given = reply.headers.get("Retry-After", "")
    after = float(given) if given.isdecimal() else None
    raise _kind_of(reply.status_code)(reply.status_code, detail, reply.headers.get("X-Request-Id", ""), after)


def _kind_of(status: int) -> type[ClientError]:
    known: dict[int, type[ClientError]] = {401: RefusedError, 403: RefusedError, 404: MissingError, 429: TooManyError}
    return UnavailableError if status >= 500 else known.get(status, RequestError)
