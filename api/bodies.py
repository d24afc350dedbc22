"""Bodies of requests, read before any route runs: bounded in bytes, seconds and nesting, JSON where JSON is asked for.

`Bodies` is a middleware that `api.http` puts inside the gate, so that only who may come in is waited for. What it refuses, it
refuses with a problem. Rooms whose bodies are of another kind (signed as they are, forms) have a line in `KINDS`.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import problem


@dataclass(frozen=True)
class Kind:
    """What the bodies below a path may be: how many bytes, and whether JSON alone."""

    most: int = 1_000_000
    json: bool = False


# By the beginning of the path; the longest that fits holds.
KINDS: Mapping[str, Kind] = {
    "/": Kind(),
    "/v1/": Kind(json=True),
    "/v1/hooks/": Kind(most=5_000_000),  # signed as they are, whatever they say they are
}
DEEPEST = 64  # lists and objects within each other
SLOWEST = 30.0  # seconds in which a body must have come
_HEADERS = 32_768  # bytes; the server itself takes 64 kB for the address and all of them
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+(?:"|\\?\Z)', re.S)  # one without an end goes to the end: in linear time
_STEPS = np.zeros(256, np.int8)
_STEPS[list(b"[{")], _STEPS[list(b"]}")] = 1, -1
_NUL = re.compile(rb"\\u0000")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_WITH_BODIES = ("POST", "PUT", "PATCH", "DELETE")


class Refused(Exception):  # what it says is a status, not a fault
    """A request that is not passed on: the status and the words of its problem."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class Bodies:
    """ASGI middleware that reads a body whole, looks at it, and hands it on in one piece."""

    def __init__(self, app: ASGIApp, slowest: float = SLOWEST, kinds: Mapping[str, Kind] = KINDS) -> None:
        self._app = app
        self._slowest = slowest
        self._kinds = kinds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        try:
            _check_address(scope)
            _check_headers(scope)
            body = await self._body(scope, receive)
        except Refused as refused:
            closing = {"Connection": "close"} if refused.status in (408, 413) else None  # the rest of it is not read
            await problem(refused.status, str(refused), closing)(scope, receive, send)
            return
        if body is None:
            return
        await self._app(scope, _replayed(body, receive), send)

    async def _body(self, scope: Scope, receive: Receive) -> bytes | None:
        """The body; None where the client went away. Raises: Refused."""
        kind, headers = kind_of(scope["path"], self._kinds), Headers(scope=scope)
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length[:20]) > kind.most:
            raise _too_large(kind)
        try:
            async with asyncio.timeout(self._slowest):
                body = await _read(receive, kind)
        except TimeoutError:
            raise Refused(408, f"the body did not come within {self._slowest:g} seconds; send it at once") from None
        if body and kind.json and scope["method"] in _WITH_BODIES:
            _check_type(headers)
            await asyncio.to_thread(check_json, body) if len(body) > 50_000 else check_json(body)
        return body


def kind_of(path: str, kinds: Mapping[str, Kind] = KINDS) -> Kind:
    """What the body of a request to this path may be."""
    fitting = [prefix for prefix in kinds if path.startswith(prefix)]
    return kinds[max(fitting, key=len)] if fitting else Kind()


async def _read(receive: Receive, kind: Kind) -> bytes | None:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if len(body) > kind.most:
            raise _too_large(kind)
        if not message.get("more_body", False):
            return bytes(body)


def _too_large(kind: Kind) -> Refused:
    return Refused(413, f"the body is larger than {kind.most:,} bytes, which is the most that is read here")


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Gives the body that was read, then what else the client sends: that it went away."""
    parts: Iterable[Message] = [{"type": "http.request", "body": body, "more_body": False}]
    rest = iter(parts)

    async def again() -> Message:
        return next(rest, None) or await receive()

    return again


def _check_address(scope: Scope) -> None:
    """Raises: Refused for a NUL in the query, which no name and no text holds; a path with one the gate takes for none."""
    if b"%00" in scope.get("query_string", b""):
        raise Refused(422, "the query has a NUL character (%00), which no name and no text holds; leave it out")


def _check_headers(scope: Scope) -> None:
    """Raises: Refused for more headers than anybody needs."""
    if sum(len(name) + len(value) for name, value in scope["headers"]) > _HEADERS:
        raise Refused(431, f"the headers take more than {_HEADERS:,} bytes; send fewer and shorter ones")


def _check_type(headers: Headers) -> None:
    """Raises: Refused for a body that does not say that it is JSON in UTF-8."""
    given = headers.get("content-type", "")
    kind, _, parameters = given.lower().partition(";")
    kind = kind.strip()
    if not (kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))):
        said = f"not {kind[:60]!r}" if kind else "and no Content-Type came"
        raise Refused(415, f"the body must be JSON: send Content-Type: application/json, {said}")
    if "charset=" in parameters and not re.search(r'charset="?(utf-?8|us-ascii)\b', parameters):
        raise Refused(415, "the body must be JSON in UTF-8, whatever its Content-Type says of another charset")
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise Refused(415, "a compressed body is not read; send it without Content-Encoding")


def check_json(body: bytes) -> None:
    """Raises: Refused for JSON that is none, is nested too deep, or has characters that no text holds."""
    depth = np.cumsum(_STEPS[np.frombuffer(_STRINGS.sub(b"", body), np.uint8)], dtype=np.int64)
    if depth.size and depth.max() > DEEPEST:
        raise Refused(400, f"the JSON has more than {DEEPEST} lists and objects within each other; flatten it")
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise Refused(400, f"the body is not UTF-8 (byte {error.start}); JSON must be") from error
    if (_NUL.search(body) or _SURROGATE.search(body)) and _has_odd_text(body):
        raise Refused(422, "a text in the body has a NUL or half a character (a lone surrogate); leave it out")


def _has_odd_text(body: bytes) -> bool:
    """Whether a text has characters that can't be stored. What is no JSON has none: the route says what is wrong with it."""
    try:
        told = json.dumps(json.loads(body), ensure_ascii=False)
        told.encode()
    except UnicodeEncodeError:
        return True
    except (ValueError, RecursionError):
        return False
    return bool(re.search(r"(?<!\\)(?:\\\\)*\\u0000", told))
