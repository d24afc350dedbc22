"""The gate: before any route, page or mounted application runs, it finds who asks, refuses what `api.access.scopes` doesn't let
them do, and puts the `Caller` into the request's state.

Plain ASGI, so that streams and mounts pass through it untouched. It decides by `scope["path"]`, by which Starlette routes too.
"""

from __future__ import annotations

import logging
import re
import time
from contextlib import AsyncExitStack

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.access.caller import Caller
from api.access.identity import Identity
from api.access.limits import Buckets, too_many
from api.access.origins import check_origin
from api.access.refusal import Refusal, forbidden, unknown
from api.access.scopes import ASK, OPEN, scope_for
from api.missing_routes import no_route
from rag.errors import StorageError

_IN_ADDRESS = re.compile(rb"(?:^|&)(?:access_token|api_key)=|wp_[0-9a-f]{12}_")
_NOTED_EVERY = 60.0  # seconds between two notes that a key was used


class Gate:
    """ASGI middleware over everything that is served. `per_minute` are the requests of a caller whose key says nothing else."""

    def __init__(self, app: ASGIApp, identity: Identity, per_minute: int = 0) -> None:
        self._app = app
        self._identity = identity
        self._per_minute = per_minute
        self._requests = Buckets()
        self._noted: dict[str, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        async with AsyncExitStack() as asking:
            try:
                needed = _needed(scope)
                caller = await self._admitted(scope, needed)
                if needed == ASK:
                    await asking.enter_async_context(self._identity.budgets.asking(caller))
            except StorageError:
                logging.getLogger(__name__).exception("who asks can't be told")
                await _refuse(Refusal(503, "who asks can't be told now; Waypost's log says why"), scope, receive, send)
                return
            except Refusal as refusal:
                await _refuse(refusal, scope, receive, send)
                return
            scope.setdefault("state", {}).update(caller=caller, identity=self._identity)
            await self._note_use(caller)
            await self._app(scope, receive, send)

    async def _admitted(self, scope: Scope, needed: str) -> Caller:
        """Who asks, and may. Raises: Refusal; StorageError."""
        headers = Headers(scope=scope)
        caller = await self._found(scope, headers, needed)
        if needed != OPEN and needed not in caller.scopes:
            raise forbidden(needed, caller.name)
        if "authorization" not in headers:
            told = caller.via == "session"
            check_origin(str(scope.get("method", "GET")), headers, self._identity.hosts, told=told)
        self._count(scope, headers, caller)
        return caller

    async def _found(self, scope: Scope, headers: Headers, needed: str) -> Caller:
        """The caller; of what is open to everybody, nobody in particular where that can't be told."""
        try:
            return await self._identity.caller(scope, headers)
        except (Refusal, StorageError):
            if needed != OPEN:
                raise
            return Caller(scopes=frozenset())

    def _count(self, scope: Scope, headers: Headers, caller: Caller) -> None:
        """Raises: Refusal for one request too many. Whoever is on this machine is not counted, elsewhere anonymous by address."""
        per_minute = self._per_minute if caller.requests_per_minute is None else caller.requests_per_minute
        if not per_minute or (self._identity.peers.is_local(scope, headers) and caller.via == "anonymous"):
            return
        name = f"{caller.id} {self._identity.peers.origin(scope, headers)}" if caller.via == "anonymous" else caller.id
        if wait := self._requests.take(name, per_minute):
            raise too_many(f"more than {per_minute} requests in a minute by {caller.name}", wait)

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


def _needed(scope: Scope) -> str:
    """The scope that a request asks for. Raises: Refusal for a path that no line names, and for a token in the address."""
    needed = scope_for(str(scope.get("method", "GET")), _path(scope))
    if needed is None:
        raise Refusal(404, no_route(_path(scope)))
    if _IN_ADDRESS.search(scope.get("query_string", b"")):
        raise unknown(
            "a token in an address is not taken, for addresses are logged: send it as `Authorization: Bearer …`, and revoke "
            "one that was sent so"
        )
    return needed


def _path(scope: Scope) -> str:
    """The path that Starlette's router sees: without what a server in front took for its own."""
    path, root = str(scope["path"]), str(scope.get("root_path", ""))
    return path.removeprefix(root) if root and path.startswith(f"{root}/") else path


async def _refuse(refusal: Refusal, scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    await refusal.response()(scope, receive, send)
