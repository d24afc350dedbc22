"""MCP over HTTP: the server at /mcp (streamable HTTP), behind the gate and the check of hosts like everything else.

It keeps no sessions: each request stands alone and is its caller's, so replicas need not know of each other and what was revoked
is gone with the next request. docs/decisions/0037-mcp.md.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access.hosts import Hosts
from api.compose import Reader
from api.mcp_server import make_server
from api.problems import problem
from api.settings import Settings

PATH = "/mcp"
LARGEST = 1_000_000  # bytes of a request; what fits the tools' schemas is smaller


def add_mcp(app: FastAPI, settings: Settings, reader: Reader, hosts: Hosts) -> None:
    """Serves MCP at /mcp while the application runs; `hosts` are the names that it may be called by."""
    endpoint = _Endpoint(settings, reader, hosts)
    before = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(running: Any) -> AsyncIterator[Any]:
        async with before(running) as state, endpoint.open():
            yield state

    app.router.lifespan_context = lifespan
    app.add_route(PATH, endpoint, include_in_schema=False)  # type: ignore[arg-type]  # an ASGI application is taken too


class _Endpoint:
    """The ASGI application at /mcp."""

    def __init__(self, settings: Settings, reader: Reader, hosts: Hosts) -> None:
        self._settings = settings
        self._reader = reader
        self._hosts = hosts
        self._serving: ASGIApp | None = None

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Serves within this context. The Host header is checked before anything comes here, and the Origin below."""
        manager = StreamableHTTPSessionManager(
            make_server(self._settings, self._reader), stateless=True, max_request_body_size=LARGEST
        )
        async with manager.run():
            self._serving = manager.handle_request
            try:
                yield
            finally:
                self._serving = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._chosen(scope)(scope, receive, send)

    def _chosen(self, scope: Scope) -> ASGIApp:
        origin = Headers(scope=scope).get("origin")
        if scope["method"] != "POST":  # no sessions: there is no stream to open, and nothing to delete
            return problem(405, f"{PATH} takes MCP's messages by POST alone", {"Allow": "POST"})
        if origin is not None and not self._hosts.know(origin):
            return problem(403, "pages of other origins may not call this; WAYPOST_ALLOWED_HOSTS names those that may")
        return self._serving or problem(503, "the server is starting; try again in a moment", {"Retry-After": "1"})
