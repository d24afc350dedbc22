"""The process that reads documents for `ingest.sandbox`: it takes one at a time from a socket, with
the function that reads it, and answers with a pickle. Before the first it sets itself limits that it can't lift again.
"""

from __future__ import annotations

import fcntl
import math
import os
import pickle
import resource
import signal
import sys
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from ingest.digestion import digest_document
from rag.errors import AudienceError, DocumentError, RefusedError

OUT_OF_MEMORY = 86  # exit code
GOES_ON, ENDS = b"+", b"-"  # before an answer: whether the worker takes another document
_GROWTH = 128 << 20  # bytes by which a worker may grow before it is replaced
_DEEP = "it is nested too deeply to be parsed; split it, or exclude it in waypost.yaml"
_FILES = {"warm.md": b"---\na: 1\n---\n# Warm\n", "warm.tf": b'a "b" {\n  token = "c"\n}\n', "warm.yaml": b"a: 1\n"}


def main() -> None:
    """Answers until the other end closes. Arguments: search path, socket, seconds, megabytes."""
    channel, seconds, megabytes = Connection(int(sys.argv[2])), float(sys.argv[3]), int(sys.argv[4])
    for path, data in _FILES.items():  # everything is imported and made before limits are taken
        digest_document(path, data, ())
    base = _size()
    _limit(base, megabytes << 20)
    os.dup2(1, 2)  # what a parser prints is nobody's
    fcntl.fcntl(channel.fileno(), fcntl.F_SETOWN, os.getpid())
    channel.send_bytes(b"ready")
    try:
        while _answered(channel, seconds, base + _GROWTH):
            pass
    except MemoryError:  # outside of what read the document: the message or the answer itself was too large
        os._exit(OUT_OF_MEMORY)


def _answered(channel: Connection, seconds: float, most: int) -> bool:
    """Reads and answers; False when the worker is to end: the other end closed, or it grew."""
    try:
        message = channel.recv_bytes()
    except EOFError:
        return False
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(time.process_time() + seconds), resource.RLIM_INFINITY))
    _end_with_the_other(channel, armed=True)
    answer = _answer(message)
    _end_with_the_other(channel, armed=False)
    goes_on = _size() <= most
    channel.send_bytes((GOES_ON if goes_on else ENDS) + answer)
    return goes_on


def _end_with_the_other(channel: Connection, *, armed: bool) -> None:
    """While it is armed the system ends this process, by SIGIO, as soon as the other end closes: by SIGKILL, too."""
    flags = fcntl.fcntl(channel.fileno(), fcntl.F_GETFL) & ~os.O_ASYNC
    fcntl.fcntl(channel.fileno(), fcntl.F_SETFL, flags | (os.O_ASYNC if armed else 0))
    if armed and channel.poll(0):  # nothing is sent meanwhile: it closed before
        os._exit(0)


def _limit(base: int, memory: int) -> None:
    """Limits of memory, and none of files and processes left."""
    if base:
        resource.setrlimit(resource.RLIMIT_AS, (base + memory, base + memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    signal.signal(signal.SIGIO, signal.SIG_DFL)


def _size() -> int:
    """Bytes of address space that this process takes; 0 where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_bytes().split()[0]) * resource.getpagesize()
    except FileNotFoundError:
        return 0


def _answer(message: bytes) -> bytes:
    """The pickle of (outcome, result or reason)."""
    try:
        task, arguments = pickle.loads(message)  # noqa: S301  # from our own parent
        return _packed("done", task(*arguments))
    except (MemoryError, SystemError):  # the latter: an extension was given no memory, and did not say so
        return _packed("memory", "")
    except DocumentError as error:
        outcomes = {RefusedError: "refused", AudienceError: "unclear"}
        return _packed(outcomes.get(type(error), "failed"), str(error))
    except RecursionError:
        return _packed("failed", _DEEP)
    except Exception as error:  # noqa: BLE001  # the per-document guard: one bad document never stops a sync
        return _packed("failed", f"{type(error).__name__} while parsing it")


def _packed(outcome: str, told: Any) -> bytes:
    return pickle.dumps((outcome, told), pickle.HIGHEST_PROTOCOL)
