"""A web server on loopback that answers by a function, and fails as told."""

from __future__ import annotations

import gzip
import json
import os
import re
import threading
import xmlrpc.client
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

from tests.loopback import LOGIN, LoopbackRequest, LoopbackServer, running


@dataclass(frozen=True)
class Ask:
    """A request. `path` is unquoted; `query` has the last value of each name; `form` that of a POST."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def form(self) -> dict[str, str]:
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))


@dataclass(frozen=True)
class Reply:
    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


def data(value: Any, status: int = 200, **headers: str) -> Reply:
    """A reply in JSON."""
    return Reply(status, json.dumps(value).encode(), {"Content-Type": "application/json", **headers})


def page(text: str, status: int = 200) -> Reply:
    """A reply in HTML."""
    return Reply(status, text.encode(), {"Content-Type": "text/html; charset=utf-8"})


class Request(LoopbackRequest):
    """One request, answered by the server's app unless its fault answers it."""

    server: Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        ask = Ask(
            self.command, unquote(path), dict(parse_qsl(query, keep_blank_values=True)),
            {name.lower(): value for name, value in self.headers.items()}, body,
        )  # fmt: skip
        self.server.asked.append(ask)
        reply = self.server.app(ask)
        assert isinstance(reply, Reply)
        fault = self.server.fault
        if fault and fault(self, reply):
            self.close_connection = True
            return
        self.answer(reply)

    do_POST = do_HEAD = do_GET

    def answer(self, reply: Reply, length: int | None = None) -> None:
        """Sends a reply; `length` is what Content-Length claims, if not the truth."""
        claimed = len(reply.body) if length is None else length
        self.send(reply.status, reply.body, {**reply.headers, "Content-Length": str(claimed)})


Fault = Callable[[Request, Reply], bool]  # whether it answered; the reply is what the server would have said


class Server(LoopbackServer):
    """`app` answers; `fault` answers in its place while it is set; `asked` are the requests so far."""

    def __init__(self) -> None:
        super().__init__(Request)
        self.app: Callable[[Ask], object] = lambda ask: Reply(404)
        self.fault: Fault | None = None
        self.asked: list[Ask] = []


def serving() -> AbstractContextManager[Server]:
    return running(Server())


# -- faults -----------------------------------------------------------------------------------------------------------


def instead(status: int = 200, body: bytes = b"", **headers: str) -> Fault:
    """Answers everything so; the type of content is the real answer's unless it is given."""

    def fault(request: Request, reply: Reply) -> bool:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        request.answer(Reply(status, body, {**reply.headers, **given}))
        return True

    return fault


def changed(change: Callable[[bytes], bytes], *, honest: bool = True) -> Fault:
    """Answers with the body changed; when not `honest`, with the length of what it was."""

    def fault(request: Request, reply: Reply) -> bool:
        request.answer(
            Reply(reply.status, change(reply.body), reply.headers), None if honest else max(len(reply.body), 1)
        )
        return True

    return fault


def later(fault: Fault, first: int = 1) -> Callable[[], Fault]:
    """Makes faults that begin after so many requests."""

    def made() -> Fault:
        left = [first]

        def counted(request: Request, reply: Reply) -> bool:
            left[0] -= 1
            return left[0] < 0 and fault(request, reply)

        return counted

    return made


def emptied(body: bytes) -> bytes:
    """What a server says that has lost its database: JSON or an answer of XML-RPC with every list in it empty, a sitemap without
    pages. Other bodies stay."""
    if b"<urlset" in body:
        return re.sub(rb"<url>.*?</url>", b"", body, flags=re.S)

    def without(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: without(inner) for key, inner in value.items()}
        return [] if isinstance(value, list) else value

    if b"<methodResponse>" in body[:100]:
        values = tuple(map(without, xmlrpc.client.loads(body, use_builtin_types=True)[0]))
        return xmlrpc.client.dumps(values, methodresponse=True).encode()
    try:
        return json.dumps(without(json.loads(body))).encode()
    except ValueError:
        return body


def _hang(request: Request, _: Reply) -> bool:
    threading.Event().wait(4)
    return True


def _reset(request: Request, _: Reply) -> bool:
    request.reset()
    return True


def _loop(request: Request, reply: Reply) -> bool:
    request.answer(Reply(302, b"", {"Location": request.path}))
    return True


def _half(body: bytes) -> bytes:
    return body[: len(body) // 2]


def _once(fault: Fault) -> Callable[[], Fault]:
    return lambda: fault


FAULTS: dict[str, Callable[[], Fault]] = {
    **{f"status {code}": _once(instead(code, b"no")) for code in (400, 401, 403, 404, 410, 418, 500, 502, 504)},
    "busy": _once(instead(429, b"", Retry_After="1")),
    "down for maintenance": _once(instead(503, b"", Retry_After="3600")),
    "log-in page": _once(instead(200, LOGIN, Content_Type="text/html")),
    "log-in page that claims to be data": _once(instead(200, LOGIN)),
    "redirect to the log-in page": _once(instead(302, b"", Location="/login")),
    "redirect elsewhere": _once(instead(302, b"", Location="http://elsewhere.invalid/")),
    "redirect loop": _once(_loop),
    "empty answer": _once(instead(200, b"")),
    "an empty object": _once(instead(200, b"{}")),
    "an error as an answer": _once(instead(200, b'{"error": {"code": "internal", "info": "database is locked"}}')),
    "everything lost": _once(changed(emptied)),
    "cut off": _once(changed(_half)),
    "shorter than said": _once(changed(_half, honest=False)),
    "garbage": _once(changed(lambda _: os.urandom(300))),
    "gzip that is none": _once(instead(200, b"not gzip", Content_Encoding="gzip")),
    "gzip cut off": _once(instead(200, gzip.compress(b"x" * 1000)[:-9], Content_Encoding="gzip")),
    "reset": _once(_reset),
    "hanging": _once(_hang),
    "later: status 500": later(instead(500, b"no")),
    "later: reset": later(_reset),
    "later: log-in page": later(instead(200, LOGIN, Content_Type="text/html")),
    "later: everything lost": later(changed(emptied)),
}  # fmt: skip
