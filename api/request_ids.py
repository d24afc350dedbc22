"""Request ids: one for each HTTP request, the caller's where it is sane, given back in `X-Request-Id` and in every problem.

`RequestIds` is the outermost middleware; `current` is what problems, logs and traces ask for the id.
"""

from __future__ import annotations

import re
import secrets
from contextvars import ContextVar

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADER = "X-Request-Id"
_SANE = re.compile(r"[\w-]{1,64}", re.ASCII)
_ID: ContextVar[str] = ContextVar("request_id", default="")


def current() -> str:
    """The id of the request that is being answered; "" outside of one."""
    return _ID.get()


class RequestIds:
    """ASGI middleware. A given id that is not sane (over 64 characters, or others than letters, digits, `_` and `-`) is not
    taken, for it goes into logs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(HEADER, "")
        request_id = given if _SANE.fullmatch(given) else secrets.token_hex(8)
        scope.setdefault("state", {})["request_id"] = request_id
        _ID.set(request_id)  # not reset: the handler of unforeseen errors stands outside and tells it too

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[HEADER] = request_id
            await send(message)

        await self._app(scope, receive, send_with_id)
