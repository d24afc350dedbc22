"""What a parser may do to its process: functions for `Sandbox.run` to call there."""

from __future__ import annotations

import ctypes
import os
import socket
import time
from pathlib import Path
from typing import Any


def echo(value: Any) -> Any:
    return value


def process() -> int:
    return os.getpid()


def sleep() -> None:
    time.sleep(3600)


def spin() -> None:
    while True:
        pass


def eat() -> int:
    return len(bytearray(2 << 30))


def eat_slowly() -> None:
    held = []
    while True:
        held.append("x" * 1_000_000)


def grow() -> int:
    globals()["kept"] = bytearray(200 << 20)
    return os.getpid()


def crash() -> None:
    ctypes.string_at(0)


def crash_once(mark: str) -> str:
    """Ends its process unless another did before; the mark is left by a folder's time stamp, since no file can be written."""
    if Path(mark).stat().st_mtime > 1:
        os.utime(mark, (0, 0))
        crash()
    return "survived"


def recurse() -> None:
    recurse()


def leave() -> None:
    os._exit(3)


def answer_with_code() -> Any:
    return _Code()


class _Code:
    def __reduce__(self) -> Any:
        return os.system, ("touch /tmp/never",)


def surroundings() -> dict[str, Any]:
    """What the process was given: environment, open files, whether it may write, start a process."""
    tried = {}
    for name, call in {"fork": lambda: os.posix_spawn("/bin/true", ["true"], {}), "write": _write}.items():
        try:
            call()
            tried[name] = "done"
        except OSError as error:
            tried[name] = type(error).__name__
    links = [str(fd.readlink()) for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()]
    return {**tried, "environment": dict(os.environ), "files": sorted(links), "root": os.getuid() == 0}


def _write() -> None:
    with Path("/tmp/waypost-sandbox-test").open("wb") as file:
        file.write(b"x")


def chatter() -> str:
    print("to stdout")
    os.write(1, b"x" * 100_000)
    os.write(2, b"x" * 100_000)
    return "fine"


def connect(port: int) -> str:
    with socket.create_connection(("127.0.0.1", port), timeout=2):
        return "connected"
