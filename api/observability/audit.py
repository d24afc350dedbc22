"""Where every face tells what it shows, and to whom: `shown` for requests over HTTP, `Audit.shown` where there is no
request.

What is given to it is the JSON that the face gives out: the documents that the audit names are found in there, by
`document_id`, or by `source` and `path`. So a route says `return shown(request, "search", q, search_view(…))`, and can't
show more than it tells.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from starlette.requests import HTTPConnection

from api.observability.chain import Entry
from api.observability.recorder import Recorder, now

Action = Literal["ask", "search", "document", "passage", "terraform", "drift", "gaps", "alert"]
Face = Literal["http", "mcp", "chat", "web", "slack", "cli"]
Versions = Callable[[Iterable[str], Iterable[tuple[str, str]]], Mapping[str, str]]
View = TypeVar("View")
Told = tuple[Face, Action, str, Any, str]  # face, action, query, view, verdict
_MOST = 200  # documents that an entry names; `count` counts all
_REPEATED = "told"  # where a request's state keeps what it told, for repetitions
_STATE = "watched"  # what `api.observability.watch` leaves in a request's state


@dataclass(frozen=True)
class Asker:
    """Who asks: a name, how it is known (anonymous, key, oidc, proxy, session, shell …), and the request that they ask in."""

    name: str
    via: str
    request: str = ""


class Audit:
    """What faces tell of what they show. `versions` knows documents (`Catalog.versions`); `words` says how questions are
    kept. With no `recorder` nothing is recorded; `listeners` are told of all that is shown."""

    def __init__(
        self, recorder: Recorder | None, versions: Versions, words: Literal["text", "hashed", "off"] = "text",
    ) -> None:  # fmt: skip
        self.recorder = recorder
        self.listeners: list[Callable[[Action, Face, str, Any], None]] = []
        self._versions = versions
        self._words = words

    def shown(self, asker: Asker, face: Face, action: Action, query: str, view: View, verdict: str = "") -> View:
        """Records that `view`, which answers `query`, is shown to somebody; gives it back. Raises: StorageError when the
        audit can't be written, and is required."""
        for listener in self.listeners:
            listener(action, face, query, view)
        if self.recorder:
            if not verdict and isinstance(view, Mapping):
                verdict = str(view.get("verdict") or "")
            documents = self._documents(view)
            self.recorder.record(
                Entry(
                    now(), action, asker.name, asker.via, face, asker.request, self._kept(query), verdict,
                    tuple(documents.items())[:_MOST], len(documents),
                )
            )  # fmt: skip
        return view

    def _kept(self, query: str) -> str:
        if self._words == "hashed" and query:
            return "sha256:" + hashlib.sha256(query.encode("utf-8", "replace")).hexdigest()
        return query if self._words == "text" else ""

    def _documents(self, view: Any) -> dict[str, str]:
        """Id to version of the documents in a view, in their order; the version of what is not named with it is the present
        one."""
        found, places = dict[str, str](), dict[tuple[str, str], None]()
        _find(view, "", found, places)
        unknown = [one for one, version in found.items() if not version]
        present = self._versions(unknown, places) if unknown or places else {}
        return {**{one: version or present.get(one, "") for one, version in found.items()}, **_beyond(present, found)}

    def flush(self) -> None:
        """Waits a moment for what is not written yet."""
        if self.recorder:
            self.recorder.flush()


def _beyond(present: Mapping[str, str], found: Mapping[str, str]) -> dict[str, str]:
    return {one: version for one, version in present.items() if one not in found}


def _find(view: Any, source: str, found: dict[str, str], places: dict[tuple[str, str], None]) -> None:
    """Collects what a view shows of documents: ids with their versions, and places of those that it names by path alone."""
    if isinstance(view, Mapping):
        source = view["source"] if isinstance(view.get("source"), str) else source
        path, named = view.get("path"), view.get("document_id")
        if isinstance(named, str) and named:
            version = view.get("version")
            found[named] = found.get(named) or (version if isinstance(version, str) else "")
        elif isinstance(path, str) and path and source:
            places[source, path] = None
        for file in view.get("tfvars") or ():
            places[source, str(file)] = None
        for part in view.values():
            _find(part, source, found, places)
    elif isinstance(view, list | tuple):
        for part in view:
            _find(part, source, found, places)


def shown(
    connection: HTTPConnection | MutableMapping[str, Any], action: Action, query: str, view: View, *,
    face: Face = "http", verdict: str = "",
) -> View:  # fmt: skip
    """Tells the audit what a request is shown, and gives that back. `connection` is the request, or its ASGI scope; `query`
    what was asked, looked up or searched for; `view` the JSON that is given out. Raises: StorageError when the audit is
    required and can't be written."""
    scope = connection.scope if isinstance(connection, HTTPConnection) else connection
    state = scope.get("state") or {}
    if _STATE not in state:
        raise RuntimeError(
            "nobody watches this request: `api.observability.watch.Watch` must stand around the application"
        )
    audit: Audit = state[_STATE]
    told = (face, action, query, view, verdict)
    if _REPEATED in state:
        state[_REPEATED].append(told)
    return audit.shown(asker_of(state), *told)


def repeatable(scope: MutableMapping[str, Any]) -> list[Told]:
    """What the request of this scope is going to tell the audit, kept so that a repetition of its reply can tell it again."""
    kept: list[Told] = scope.setdefault("state", {}).setdefault(_REPEATED, [])
    return kept


def shown_again(scope: MutableMapping[str, Any], told: Iterable[Told]) -> None:
    """Tells the audit what the repetition of a reply shows. Raises: as `shown`."""
    for one in told:
        state = scope["state"]
        state[_STATE].shown(asker_of(state), *one)


def asker_of(state: Mapping[str, Any]) -> Asker:
    """Who sends the request of this state, as the gate found."""
    caller = state.get("caller")
    request = str(state.get("request_id") or "")
    return Asker(caller.name, caller.via, request) if caller else Asker("", "unknown", request)


def watched(state: MutableMapping[str, Any], audit: Audit) -> None:
    """Lets `shown` find the audit in a request's state."""
    state[_STATE] = audit
