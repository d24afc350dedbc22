"""Around the whole application: counts, times and logs every request, and lets its routes reach the audit.

A route is named by its template (`/v1/documents/{document_id}`), never by what was asked for. Pure ASGI, so that streams
pass as they come.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.scopes import TABLE
from api.observability.audit import Audit, watched

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
REQUEST: ContextVar[Scope | None] = ContextVar(
    "waypost_request", default=None
)  # for the log: the request that is worked on


@dataclass(frozen=True)
class Served:
    """A request that was answered, or broke off: `status` 0. Seconds count to the end of the answer."""

    method: str
    route: str
    status: int
    seconds: float
    scope: Scope


class Watch:
    """ASGI middleware over everything that is served: each request runs within `around`, and `served` is told of it at its
    end."""

    def __init__(self, app: ASGIApp, audit: Audit, begun: Callable[[], None], served: Callable[[Served], None],
        around: Callable[[Scope], AbstractContextManager[None]],
    ) -> None:  # fmt: skip
        self._app = app
        self._audit = audit
        self._begun = begun
        self._around = around
        self._served = served

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        watched(scope.setdefault("state", {}), self._audit)
        began, status = time.perf_counter(), 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = scope["state"]["status"] = message["status"]
            await send(message)

        self._begun()
        token = REQUEST.set(scope)
        try:
            with self._around(scope):
                await self._app(scope, receive, sending)
        except Exception:
            status = status or 500
            raise
        finally:
            REQUEST.reset(token)
            self._served(Served(method_of(scope), route_of(scope), status, time.perf_counter() - began, scope))


def method_of(scope: Scope) -> str:
    """The method, where it is one of HTTP's own."""
    return scope["method"] if scope["method"] in _METHODS else "other"


def route_of(scope: Scope) -> str:
    """The template of the route that a request went to; of a mounted application where it is mounted; "unmatched" for what
    is not there."""
    route = getattr(scope.get("route"), "path", "")
    if route:
        return str(route)
    path = str(scope.get("path", ""))
    mounts = [known for known in TABLE if scope.get("endpoint") and (path == known or path.startswith(known + "/"))]
    return max(mounts, key=len, default="unmatched")
