"""Who sent a request, and what they may read. `api.access.gate` finds out; routes ask for `Seeing` or `Calling`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends
from starlette.requests import HTTPConnection

from rag.records import Viewer


@dataclass(frozen=True)
class Caller:
    """Who asks by HTTP: `name` for people and the audit, `viewer` for what they may read."""

    name: str = "anonymous"
    viewer: Viewer = field(default_factory=Viewer)


def caller_of(connection: HTTPConnection) -> Caller:
    """The caller of a request, as the gate found."""
    found: Caller = connection.state.caller
    return found


def viewer_of(connection: HTTPConnection) -> Viewer:
    """What the caller of a request may read."""
    return caller_of(connection).viewer


Calling = Annotated[Caller, Depends(caller_of)]
Seeing = Annotated[Viewer, Depends(viewer_of)]
