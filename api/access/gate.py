"""The gate: before any route, page or mounted application runs, it finds who asks, refuses what `api.access.scopes` doesn't let
them do, and puts the `Caller` into the request's state.

Plain ASGI, so that streams and mounts pass through it untouched. It decides by `scope["path"]`, by which Starlette routes too.
"""

from __future__ import annotations

import logging
import re
import time

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access.caller import Caller
from api.access.identity import Identity
from api.access.refusal import Refusal, forbidden, unknown
from api.access.scopes import OPEN, scope_for
from rag.errors import StorageError

_IN_ADDRESS = re.compile(rb"(?:^|&)(?:access_token|api_key)=|wp_[0-9a-f]{12}_")
_NOTED_EVERY = 60.0  # seconds between two notes that a key was used


class Gate:
    """ASGI middleware over everything that is served."""

    def __init__(self, app: ASGIApp, identity: Identity) -> None:
        self._app = app
        self._identity = identity
        self._noted: dict[str, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        try:
            caller = await self._admitted(scope)
        except Refusal as refusal:
            await _refuse(refusal, scope, receive, send)
            return
        scope.setdefault("state", {})["caller"] = caller
        await self._note_use(caller)
        await self._app(scope, receive, send)

    async def _admitted(self, scope: Scope) -> Caller:
        """Who asks, and may. Raises: Refusal."""
        headers = Headers(scope=scope)
        needed = scope_for(str(scope.get("method", "GET")), _path(scope))
        if needed is None:
            raise Refusal(404, "Not Found")
        if _IN_ADDRESS.search(scope.get("query_string", b"")):
            raise unknown(
                "a token in an address is not taken, for addresses are logged: send it as `Authorization: Bearer …`, and "
                "revoke one that was sent so"
            )
        if needed == OPEN:
            return await self._whoever(scope, headers)
        try:
            caller = await self._identity.caller(scope, headers)
        except StorageError as error:
            raise Refusal(503, "who asks can't be told now: the keys can't be read; Waypost's log says why") from error
        if needed not in caller.scopes:
            raise forbidden(needed, caller.name)
        return caller

    async def _whoever(self, scope: Scope, headers: Headers) -> Caller:
        """The caller of what is open to everybody: nobody in particular where that can't be told."""
        try:
            return await self._identity.caller(scope, headers)
        except (Refusal, StorageError):
            return Caller(scopes=frozenset())

    async def _note_use(self, caller: Caller) -> None:
        """Remembers that a key was used, now and then; what can't be written costs no request."""
        key_id = caller.id.removeprefix("key:")
        if key_id == caller.id or time.monotonic() - self._noted.get(key_id, -_NOTED_EVERY) < _NOTED_EVERY:
            return
        self._noted[key_id] = time.monotonic()
        try:
            await run_in_threadpool(self._identity.keys.note_use, key_id)
        except StorageError as error:
            logging.getLogger(__name__).warning("that a key was used is not noted: %s", error)


def _path(scope: Scope) -> str:
    """The path that Starlette's router sees: without what a server in front took for its own."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    return path.removeprefix(root) if root and path.startswith(f"{root}/") else path


async def _refuse(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    await refusal.response()(scope, receive, send)
