"""A web server on loopback whose pages misbehave as told, and a network that knows only it: for tests of `ingest.egress`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpcore

from ingest.egress import Network, connect

Page = Callable[["Request"], object]


class Request(BaseHTTPRequestHandler):
    """One request, answered by the page of its path, or with its own path."""

    protocol_version = "HTTP/1.1"
    server: WebServer

    def log_message(self, format: str, *args: object) -> None:  # the base class's name
        pass

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length).decode()
        self.server.seen.append((self.command, self.headers["Host"], self.path, dict(self.headers), body))
        page = self.server.pages.get(self.path.split("?")[0])
        page(self) if page else self.answer(200, self.path.encode())

    do_POST = do_HEAD = do_GET

    def answer(self, status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class WebServer(ThreadingHTTPServer):
    """`pages` by path; `seen` are the requests: method, host, path, headers, body."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.pages: dict[str, Page] = {}
        self.seen: list[tuple[str, str, str, dict[str, str], str]] = []

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


@contextmanager
def serving() -> Iterator[WebServer]:
    server = WebServer()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


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
