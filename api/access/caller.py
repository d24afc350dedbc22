"""Who sent a request, what they may read and may do. `api.access.gate` finds out; routes ask for `Seeing` or `Calling`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from api.access.scopes import SCOPES
from rag.records import Viewer


@dataclass(frozen=True)
class Caller:
    """Who asks by HTTP: `name` for people and the audit, `viewer` for what they may read, `scopes` for what they may do; `via` is
    how they were known (anonymous, key, oidc, proxy, session). `id` stays the same while names change: limits count by it."""

    name: str = "anonymous"
    viewer: Viewer = field(default_factory=Viewer)
    scopes: frozenset[str] = SCOPES
    via: str = "anonymous"
    id: str = "anonymous"
    requests_per_minute: int | None = None  # what the key says of its own; None: as the settings have it, 0: no limit
    tokens_per_day: int | None = None


def caller_of(connection: HTTPConnection) -> Caller:
    """The caller of a request, as the gate found."""
    found: Caller = connection.state.caller
    return found


async def _calling(connection: HTTPConnection) -> Caller:  # async: what is not is run in another thread
    return caller_of(connection)


async def _seeing(connection: HTTPConnection) -> Viewer:
    return caller_of(connection).viewer


Calling = Annotated[Caller, Depends(_calling)]
Seeing = Annotated[Viewer, Depends(_seeing)]  # what the caller of a request may read
