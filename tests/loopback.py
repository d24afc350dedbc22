"""What the servers on loopback share that tests talk to: `tests.git_server`, `tests.web_server`, `tests.places.server`."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TypeVar

LOGIN = b"<!doctype html><html><form action=/login><input name=password type=password></form></html>"


class LoopbackRequest(BaseHTTPRequestHandler):
    """One request, of which nothing is logged."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # the base class's name
        pass

    def send(self, status: int, body: bytes, headers: Mapping[str, str]) -> None:
        """Sends an answer with these headers; Content-Length is among them, true or not."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def reset(self) -> None:
        """Ends the connection with a reset."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


class LoopbackServer(ThreadingHTTPServer):
    """A server at a free port."""

    daemon_threads = True

    def __init__(self, request: type[LoopbackRequest]) -> None:
        super().__init__(("127.0.0.1", 0), request)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


Served = TypeVar("Served", bound=LoopbackServer)


@contextmanager
def running(server: Served) -> Iterator[Served]:
    """The server, while it serves."""
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
