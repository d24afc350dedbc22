"""POSTs that may be sent again: with an `Idempotency-Key` a request is carried out once, and its reply given again for 24 hours.

`Repeats` is a middleware inside the gate and the bodies. A key belongs to its caller with the groups of now, so a change of them
makes it unknown. What shows documents is given again only while the catalog is the same: who may read them may have changed.
Replies are kept in this process, within bounds; those that are streamed, and failures, are not kept.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.caller import Caller
from api.failures import http_status
from api.observability.audit import Told, repeatable, shown_again
from api.problems import problem
from rag.errors import StorageError

HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,128}")
_KEPT_FOR = 24 * 3600.0  # seconds
_MOST, _MOST_BYTES = 1_000, 50_000_000  # replies, and all they hold
_LARGEST = 1_000_000  # bytes of one reply
_WRITES = ("/v1/feedback", "/v1/gaps", "/v1/sources")  # whose replies show no document's text


@dataclass
class _Reply:
    """A request that is carried out, and from `done` on what it was answered."""

    request: str
    at: float
    start: Message = field(default_factory=dict)
    body: bytes = b""
    done: bool = False
    told: list[Told] = field(default_factory=list)  # what of it the audit was told


class Repeats:
    """ASGI middleware; `state` is what differs whenever the catalog does."""

    def __init__(self, app: ASGIApp, state: Callable[[], object], clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._state = state
        self._clock = clock
        self._replies: OrderedDict[str, _Reply] = OrderedDict()
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = Headers(scope=scope).get(HEADER) if scope["type"] == "http" else None
        if key is None or scope["method"] != "POST" or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        if not _KEY.fullmatch(key):
            refused = f"the {HEADER} must be 1 to 128 printable ASCII characters without spaces, such as a UUID"
            await problem(400, refused)(scope, receive, send)
            return
        body, again = await _look_at_body(receive)
        await self._answer(self._name(scope, key), _request_of(scope, body), scope, again, send)

    async def _answer(self, name: str, request: str, scope: Scope, receive: Receive, send: Send) -> None:
        oldest = self._clock() - _KEPT_FOR
        self._drop(lambda reply: reply.at < oldest)
        known = self._replies.get(name)
        if known is None:
            await self._carry_out(name, request, scope, receive, send)
        elif known.request != request:
            refused = f"this {HEADER} was used for another request; use a new one for each"
            await problem(422, refused)(scope, receive, send)
        elif not known.done:
            refused = f"the request with this {HEADER} is being answered; come again when it is"
            await problem(409, refused, {"Retry-After": "1"})(scope, receive, send)
        else:
            try:
                await run_in_threadpool(shown_again, scope, known.told)
            except StorageError as error:  # the audit is required, and can't be written
                await problem(http_status(error), str(error))(scope, receive, send)
                return
            headers = [*known.start["headers"], (b"idempotency-replayed", b"true")]
            await send({**known.start, "headers": headers})
            await send({"type": "http.response.body", "body": known.body})

    async def _carry_out(self, name: str, request: str, scope: Scope, receive: Receive, send: Send) -> None:
        self._drop(lambda reply: len(self._replies) >= _MOST or self._bytes >= _MOST_BYTES)
        reply = self._replies[name] = _Reply(request, self._clock())
        reply.told, keeps = repeatable(scope), True

        async def keep(message: Message) -> None:
            nonlocal keeps
            if message["type"] == "http.response.start":
                reply.start, keeps = {**message, "headers": list(message["headers"])}, _is_kept(message)
            elif keeps and message["type"] == "http.response.body":
                reply.body += message.get("body", b"")
                keeps = len(reply.body) <= _LARGEST
                reply.done = keeps and not message.get("more_body", False)
            await send(message)

        try:
            await self._app(scope, receive, keep)
        finally:
            if reply.done:
                self._bytes += len(reply.body)
            else:
                del self._replies[name]

    def _drop(self, must_go: Callable[[_Reply], bool]) -> None:
        """Drops replies, the oldest first, as long as they must go; not what is being answered."""
        for name, reply in list(self._replies.items()):
            if not must_go(reply):
                return
            if reply.done:
                del self._replies[name]
                self._bytes -= len(reply.body)

    def _name(self, scope: Scope, key: str) -> str:
        caller: Caller = scope["state"]["caller"]
        state = "" if scope["path"].startswith(_WRITES) else repr(self._state())
        return _digest(caller.via, caller.name, "\0".join(sorted(caller.viewer.groups)), state, key)


def _is_kept(start: Message) -> bool:
    media = Headers(raw=start["headers"]).get("content-type", "")
    return 200 <= start["status"] < 300 and not media.startswith("text/event-stream")


def _request_of(scope: Scope, body: bytes) -> str:
    accepted = Headers(scope=scope).get("accept", "")
    return _digest(scope["path"], scope.get("query_string", b"").decode("latin-1"), accepted, body.decode("latin-1"))


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


async def _look_at_body(receive: Receive) -> tuple[bytes, Receive]:
    """The body, which `api.bodies` hands on in one piece, and a `receive` that gives it once more."""
    first: list[Message] = [await receive()]
    body: bytes = first[0].get("body", b"")

    async def again() -> Message:
        return first.pop() if first else await receive()

    return body, again
