"""One process owns a data folder: it alone writes, it alone opens Chroma, and it answers the others over a socket.

The lock is the operating system's (flock), so the death of its holder frees it. `owner.json` says who holds it and where
its socket is. A request is one line of JSON, a reply one or more lines; the socket can be reached by the user alone.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import socket
import socketserver
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from rag.errors import (
    GenerationChangedError,
    IndexDamagedError,
    NotFoundError,
    RetryLaterError,
    SettingsError,
    StorageError,
    UnsetVariableError,
    WaypostError,
    WriterBusyError,
)  # fmt: skip

_ERRORS: dict[str, type[WaypostError]] = {
    kind.__name__: kind
    for kind in (
        GenerationChangedError,
        IndexDamagedError,
        NotFoundError,
        SettingsError,
        StorageError,
        UnsetVariableError,
    )
}
Handler = Callable[[Mapping[str, Any]], Iterator[Mapping[str, Any]]]
_LONGEST_SOCKET_PATH = 100  # bytes that every system's sockaddr_un can hold
_POLL = 0.05  # seconds until the service sees that it is to end: every command that owns the folder waits for it


class WriterLock:
    """The exclusive right to write a data folder, for as long as the process lives or until `release`."""

    def __init__(self, home: Path, handle: TextIO, role: str) -> None:
        self._home = home
        self._handle = handle
        self._role = role

    @classmethod
    def acquire(cls, home: Path, role: str) -> WriterLock:
        """Takes the lock at once.

        Raises: WriterBusyError naming the holder's pid; StorageError when the folder can't be written.
        """
        try:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)  # what is restricted at its source is in there
            if not any(home.iterdir()):  # it was made for us, by somebody else's rules
                home.chmod(0o700)
            handle = (home / "writer.lock").open("a+")
        except OSError as error:
            raise StorageError(f"the data folder {home} can't be written: {error}") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = owner_of(home)
            handle.close()
            raise WriterBusyError(int(holder.get("pid", 0)), str(holder.get("role", "?")), str(home)) from None
        lock = cls(home, handle, role)
        try:
            lock.announce("")
        except StorageError:
            lock.release()
            raise
        return lock

    def announce(self, address: str) -> None:
        """Tells other processes who owns the folder, and where its socket is. Raises: StorageError."""
        file = self._home / "owner.json"
        beside = file.with_suffix(".new")
        try:
            beside.write_text(json.dumps({"pid": os.getpid(), "role": self._role, "socket": address}))
            beside.replace(file)
        except OSError as error:
            raise StorageError(f"the data folder {self._home} can't be written: {error.strerror}") from error

    def release(self) -> None:
        with contextlib.suppress(OSError):
            (self._home / "owner.json").unlink()
        self._handle.close()


def owner_of(home: Path) -> dict[str, Any]:
    """Who owns the folder now: pid, role and socket; empty when nobody does."""
    try:
        with (home / "writer.lock").open() as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
                return {}
            except BlockingIOError:
                pass
        for _ in range(20):  # between taking the lock and announcing it lies a moment
            with contextlib.suppress(OSError, ValueError):
                return dict(json.loads((home / "owner.json").read_text()))
            time.sleep(0.01)
    except OSError:
        return {}
    return {"pid": 0, "role": "?"}


class OwnerService:
    """Answers other processes' requests in threads, while the owner does its work."""

    def __init__(self, lock: WriterLock, home: Path, handlers: Mapping[str, Handler]) -> None:
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        path = home / "owner.sock"
        if len(os.fsencode(path)) > _LONGEST_SOCKET_PATH:
            self._folder = tempfile.TemporaryDirectory(prefix="waypost-")
            path = Path(self._folder.name) / "owner.sock"
        path.unlink(missing_ok=True)
        self._path = path

        class Request(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                with contextlib.suppress(OSError):
                    for reply in _replies(self.rfile.readline(), handlers):
                        self.wfile.write(json.dumps(reply).encode() + b"\n")

        class Server(socketserver.ThreadingUnixStreamServer):
            daemon_threads = True

        mask = os.umask(0o177)
        try:
            self._server = Server(str(path), Request)
        finally:
            os.umask(mask)
        threading.Thread(target=self._server.serve_forever, args=(_POLL,), name="owner-service", daemon=True).start()
        lock.announce(str(path))

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._path.unlink(missing_ok=True)
        if self._folder:
            self._folder.cleanup()


def _replies(line: bytes, handlers: Mapping[str, Handler]) -> Iterator[Mapping[str, Any]]:
    try:
        request = json.loads(line)
        yield from handlers[request["op"]](request)
    except WaypostError as error:
        yield {"error": str(error), "kind": type(error).__name__}
    except (ValueError, KeyError, TypeError) as error:
        yield {"error": f"not a request: {error!r}", "kind": "WaypostError"}


def call(address: str, request: Mapping[str, Any], timeout: float) -> Iterator[dict[str, Any]]:
    """Sends a request to an owner and gives its replies as they come; `timeout` in seconds for each.

    Raises: RetryLaterError when the owner can't be reached, is too slow, or died; what it reports, as it reports it.
    """
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(timeout)
            connection.connect(address)
            connection.sendall(json.dumps(request).encode() + b"\n")
            with connection.makefile("rb") as lines:
                for line in lines:
                    reply = json.loads(line)
                    if "error" in reply:
                        raise _ERRORS.get(str(reply.get("kind")), RetryLaterError)(str(reply["error"]))
                    yield reply
    except (OSError, ValueError) as error:
        raise RetryLaterError(f"the process that owns the data folder doesn't answer: {error}") from error
