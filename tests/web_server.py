"""A web server on loopback whose pages misbehave as told, and a network that knows only it: for tests of `ingest.egress`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager

import httpcore

from ingest.egress import Network, connect
from tests.loopback import LoopbackRequest, LoopbackServer, running

Page = Callable[["Request"], object]


class Request(LoopbackRequest):
    """One request, answered by the page of its path, or with its own path."""

    server: WebServer

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        self.server.seen.append((self.command, self.headers["Host"], self.path, dict(self.headers), body))
        page = self.server.pages.get(self.path.split("?")[0])
        page(self) if page else self.answer(200, self.path.encode())

    do_POST = do_HEAD = do_GET

    def answer(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        self.send(status, body, {"Content-Length": str(len(body)), **(headers or {})})


class WebServer(LoopbackServer):
    """`pages` by path; `seen` are the requests: method, host, path, headers, body."""

    def __init__(self) -> None:
        super().__init__(Request)
        self.pages: dict[str, Page] = {}
        self.seen: list[tuple[str, str, str, dict[str, str], str]] = []


def serving() -> AbstractContextManager[WebServer]:
    return running(WebServer())


def redirect(location: str, status: int = 302, headers: Mapping[str, str] | None = None) -> Page:
    return lambda request: request.answer(status, b"", {"Location": location, **(headers or {})})


class OneServer:
    """A network in which every address leads to one server. `asked` are the names, `connected` the addresses and ports.

    `names` maps a host to its addresses; a list of lists is answered one after the other, the last one for ever.
    """

    def __init__(self, server: WebServer, names: Mapping[str, Sequence[str] | list[list[str]]]) -> None:
        self._server = server
        self._names = {name: list(answers) for name, answers in names.items()}
        self.asked: list[str] = []
        self.connected: list[tuple[str, int]] = []
        self.network = Network(self._resolve, self._connect)

    def _resolve(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        answers = self._names.get(host, [host])
        if answers and isinstance(answers[0], list):
            return answers.pop(0) if len(answers) > 1 else answers[0]
        return [str(answer) for answer in answers]

    def _connect(self, address: str, port: int, timeout: float | None) -> httpcore.NetworkStream:
        self.connected.append((address, port))
        return connect("127.0.0.1", self._server.port, timeout)
