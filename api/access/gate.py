"""The gate: before any route, page or mounted application runs, it puts the `Caller` into the request's state."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from api.access.caller import Caller


class Gate:
    """ASGI middleware over everything that is served. Until there is log-in, everybody is the `anonymous` caller."""

    def __init__(self, app: ASGIApp, anonymous: Caller) -> None:
        self._app = app
        self._anonymous = anonymous

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] in ("http", "websocket"):
            scope.setdefault("state", {})["caller"] = self._anonymous
        await self._app(scope, receive, send)
