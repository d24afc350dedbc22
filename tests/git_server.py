"""A git server over HTTP (`git http-backend`), and the ways in which it can fail: for tests of network sources."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from tests.loopback import LOGIN, LoopbackRequest, LoopbackServer, running

Fault = Callable[["Request", bytes], bool]  # whether it answered; the bytes are what git would have said


class Request(LoopbackRequest):
    """One request to `git http-backend`, unless the server's fault answers it."""

    server: GitServer

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length")
        if length is not None:
            body = self.rfile.read(int(length))
        else:
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
        self._serve(body)

    def _serve(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        environment = {
            "PATH": os.environ["PATH"], "GIT_PROJECT_ROOT": str(self.server.root), "GIT_HTTP_EXPORT_ALL": "1",
            "PATH_INFO": path, "QUERY_STRING": query, "REQUEST_METHOD": self.command, "GIT_CONFIG_NOSYSTEM": "1",
            "CONTENT_TYPE": self.headers.get("Content-Type", ""), "REMOTE_ADDR": "127.0.0.1", "HOME": str(self.server.root),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "uploadpack.allowFilter", "GIT_CONFIG_VALUE_0": "true",
        }  # fmt: skip
        done = subprocess.run(["git", "http-backend"], env=environment, input=body, capture_output=True, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        if self.server.fault and self.server.fault(self, content):
            self.close_connection = True
            return
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
        self.answer(int(headers.pop("Status", "200").split()[0]), content, headers)

    def answer(
        self, status: int, content: bytes, headers: dict[str, str] | None = None, length: int | None = None
    ) -> None:
        """Sends an answer; `length` is what Content-Length claims, if not the truth. After a fault's the connection is closed."""
        claimed = len(content) if length is None else length
        ending = {"Connection": "close"} if self.server.fault else {}
        self.send(status, content, {**ending, **(headers or {}), "Content-Length": str(claimed)})

    def is_refs(self) -> bool:
        return "info/refs" in self.path


class GitServer(LoopbackServer):
    """Serves the bare repositories below `root`; `fault` answers in its place while it is set."""

    def __init__(self, root: Path) -> None:
        super().__init__(Request)
        self.root = root
        self.fault: Fault | None = None


def serving(root: Path) -> AbstractContextManager[GitServer]:
    return running(GitServer(root))


# -- faults -----------------------------------------------------------------------------------------------------------

REFS = "application/x-git-upload-pack-advertisement"
PACK = "application/x-git-upload-pack-result"


def status(code: int, headers: dict[str, str] | None = None) -> Fault:
    def fault(request: Request, _: bytes) -> bool:
        request.answer(code, b"no", headers)
        return True

    return fault


def on_refs(answer: Callable[[Request, bytes], object]) -> Fault:
    """Fails when refs are asked for."""

    def fault(request: Request, content: bytes) -> bool:
        if request.is_refs():
            answer(request, content)
        return request.is_refs()

    return fault


def on_pack(answer: Callable[[Request, bytes], object], least: int = 0) -> Fault:
    """Fails on what is asked after the refs, where git would have said at least so many bytes."""

    def fault(request: Request, content: bytes) -> bool:
        fails = not request.is_refs() and len(content) >= least
        if fails:
            answer(request, content)
        return fails

    return fault


def hang(request: Request, _: bytes) -> None:
    threading.Event().wait(8)


def redirected(request: Request, _: bytes) -> None:
    request.answer(302, b"", {"Location": f"{request.server.address}{request.path}"})


FAULTS: dict[str, Fault] = {
    **{f"status {code}": status(code) for code in (400, 401, 403, 404, 410, 418, 500, 502, 504)},
    "busy": status(429, {"Retry-After": "1"}),
    "down for maintenance": status(503, {"Retry-After": "60"}),
    "login page": on_refs(lambda r, _: r.answer(200, LOGIN, {"Content-Type": "text/html"})),
    "login page that claims to be git": on_refs(lambda r, _: r.answer(200, LOGIN, {"Content-Type": REFS})),
    "redirect to the login page": on_refs(lambda r, _: r.answer(302, b"", {"Location": "/login"})),
    "redirect loop": on_refs(redirected),
    "empty answer": on_refs(lambda r, _: r.answer(200, b"", {"Content-Type": REFS})),
    "no refs": on_refs(lambda r, _: r.answer(200, b"001e# service=git-upload-pack\n00000000", {"Content-Type": REFS})),
    "refs cut off": on_refs(lambda r, c: r.answer(200, c[: len(c) // 2], {"Content-Type": REFS})),
    "refs shorter than said": on_refs(lambda r, c: r.answer(200, c[: len(c) // 2], {"Content-Type": REFS}, len(c))),
    "garbage": on_refs(lambda r, _: r.answer(200, os.urandom(300), {"Content-Type": REFS})),
    "reset": lambda r, _: (r.reset(), True)[1],
    "hanging": on_refs(hang),
    "pack: status 500": on_pack(lambda r, _: r.answer(500, b"no")),
    "pack: cut off": on_pack(lambda r, c: r.answer(200, c[: len(c) // 2], {"Content-Type": PACK})),
    "pack: shorter than said": on_pack(lambda r, c: r.answer(200, c[: len(c) // 2], {"Content-Type": PACK}, len(c))),
    "pack: garbage": on_pack(lambda r, _: r.answer(200, os.urandom(2000), {"Content-Type": PACK})),
    "pack: empty": on_pack(lambda r, _: r.answer(200, b"", {"Content-Type": PACK})),
    "pack: reset": on_pack(lambda r, _: r.reset()),
}  # fmt: skip
