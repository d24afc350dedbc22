"""Documents are read in processes of their own, so that one that crashes its parser, hangs or eats memory costs itself alone.

A few workers live on between documents and go when nothing was asked for a while. Each gets one document at a time over a
socket: what it was on when it ended is known, and nothing else is lost. It ends when Waypost does, however that ends. A worker
has no environment but the search path, no other open files, and limits that the system enforces: of memory, processor time,
files and processes (`setrlimit(2)`). Its answers are pickles, of which only our own records are made. `ingest.sync` calls
`shared`; `ingest.worker` is the other end.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from multiprocessing.connection import Pipe
from pathlib import Path
from typing import Any, TypeVar, cast

from ingest.digestion import Digested, declared_sensitive, digest_document
from ingest.parsers import Parsed
from ingest.redaction import Finding
from ingest.rendering import Rendered
from ingest.worker import GOES_ON, OUT_OF_MEMORY
from rag.errors import AudienceError, DocumentError, RefusedError, SourceError
from rag.records import PassageDraft, Place
from rag.terraform.records import Symbol, SymbolAttribute, SymbolReference

Result = TypeVar("Result")
SECONDS = 30.0  # for one document
MEGABYTES = 512  # above what a worker takes that has read nothing
_WORKERS = 2
_IDLE = 20.0  # seconds without a document after which workers end
_START = 60.0  # seconds that a worker may take to start
_END = 10.0  # seconds that a worker may take to end
_ANSWER = 256 << 20  # bytes of an answer
_CODE = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from ingest.worker import main; main()"
_KEPT = ("PATH", "LD_LIBRARY_PATH", "LANG", "LC_ALL")  # of the environment, whose rest may hold credentials
_ANSWERED = (
    Digested, Rendered, Place, Parsed, PassageDraft, Finding, Symbol, SymbolAttribute, SymbolReference,
)  # fmt: skip
_RECORDS = {(record.__module__, record.__qualname__): record for record in _ANSWERED}


class Sandbox:
    """Workers that read documents, started when there is something to read. May be called by several threads at once."""

    def __init__(self, seconds: float = SECONDS, megabytes: int = MEGABYTES, workers: int = _WORKERS) -> None:
        self._limits = (seconds, megabytes)
        self._idle: list[_Worker] = []
        self._busy: set[_Worker] = set()
        self._places = threading.Semaphore(workers)
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._closed = False

    def digest(self, path: str, data: bytes | Rendered, sensitive: Collection[str]) -> Digested:
        """What `ingest.digestion.digest_document` makes of a file.

        Raises: RefusedError, DocumentError as that does, and DocumentError for a file that takes more time or memory than it
        may, or that ends its worker twice; SourceError when no worker can be started.
        """
        return self.run(digest_document, path, data, frozenset(sensitive))

    def sensitive(self, path: str, data: bytes) -> set[str]:
        """The variables that a Terraform file declares to be sensitive. Raises: as `digest`."""
        return self.run(declared_sensitive, path, data)

    def run(self, task: Callable[..., Result], *arguments: Any) -> Result:
        """Calls a function of a module there. Its result is made of our records and plain values. Raises: as `digest`."""
        with self._places:
            try:
                return self._with_worker(task, arguments)
            except _EndedError:  # a worker may end for another's sake: the system was out of memory, a person ended it
                with _reported():
                    return self._with_worker(task, arguments)

    def close(self) -> None:
        """Ends all workers, whatever they are at, and lets no other start."""
        with self._lock:
            self._closed = True
            busy = list(self._busy)
        if self._timer:
            self._timer.cancel()
        for worker in busy:
            worker.kill()
        self._rest()

    def _with_worker(self, task: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
        worker = self._taken()
        try:
            return cast(Result, worker.ask(task, arguments))
        except _EndedError:
            if self._closed:
                raise SourceError(_ENDING) from None
            raise
        finally:
            self._put_back(worker)

    def _taken(self) -> _Worker:
        with self._lock:
            if self._closed:
                raise SourceError(_ENDING)
            worker = self._idle.pop() if self._idle else None
        worker = worker or _Worker(*self._limits)
        with self._lock:
            self._busy.add(worker)
            if not self._closed:
                return worker
        self._put_back(worker)
        raise SourceError(_ENDING)

    def _put_back(self, worker: _Worker) -> None:
        with self._lock:
            self._busy.discard(worker)
            if worker.alive and not self._closed:
                worker.used = time.monotonic()
                self._idle.append(worker)
                self._look_again()
                return
        worker.end()

    def _look_again(self) -> None:
        if self._idle and self._timer is None:
            self._timer = threading.Timer(_IDLE, self._rest)
            self._timer.daemon = True
            self._timer.start()

    def _rest(self) -> None:
        """Ends workers for which there was nothing to do."""
        since = time.monotonic() - _IDLE / 2
        with self._lock:
            resting = [worker for worker in self._idle if self._closed or worker.used < since]
            self._idle = [worker for worker in self._idle if worker not in resting]
            self._timer = None
            self._look_again()
        for worker in resting:
            worker.end()


@lru_cache(maxsize=1)
def shared() -> Sandbox:
    """The one of this process, whose workers end with it."""
    sandbox = Sandbox()
    atexit.register(sandbox.close)
    return sandbox


class _EndedError(Exception):
    """A worker ended by itself; the text says how."""


@contextlib.contextmanager
def _reported() -> Iterator[None]:
    try:
        yield
    except _EndedError as error:
        raise DocumentError(
            f"the process that parsed it ended: {error}; perhaps for want of memory; split it, or exclude it in waypost.yaml"
        ) from error


class _Worker:
    """A process that reads documents. Raises: SourceError when it does not start."""

    def __init__(self, seconds: float, megabytes: int) -> None:
        self.alive, self.used = True, 0.0
        self._seconds, self._megabytes = seconds, megabytes
        self._channel, theirs = Pipe()
        with theirs, tempfile.TemporaryFile() as said:
            path = json.dumps([str(Path(entry).absolute()) for entry in sys.path])
            command = [sys.executable, "-I", "-c", _CODE, path, str(theirs.fileno()), str(seconds), str(megabytes)]
            environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
            try:
                self._process = subprocess.Popen(
                    command, env=environment, cwd="/", pass_fds=(theirs.fileno(),), start_new_session=True,
                    stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said,
                )  # fmt: skip
            except OSError as error:
                self._channel.close()
                raise SourceError(f"{_CANT}: {error}; sync again") from error
            theirs.close()
            if not self._started():
                self.end()
                said.seek(0)
                told = said.read()[-400:].decode("utf-8", "replace").strip()
                raise SourceError(f"{_CANT}: {told or 'it said nothing'}; sync again")

    def _started(self) -> bool:
        with contextlib.suppress(EOFError, OSError):
            return self._channel.poll(_START) and self._channel.recv_bytes(64) == b"ready"
        return False

    def ask(self, task: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
        """The result of a task. Raises: DocumentError, RefusedError; _EndedError when the worker ended by itself."""
        try:
            self._channel.send_bytes(pickle.dumps((task, arguments), pickle.HIGHEST_PROTOCOL))
            if not self._channel.poll(self._seconds):
                self.end()
                raise DocumentError(self._too_long())
            answer = self._channel.recv_bytes(_ANSWER)
            self.alive = answer[:1] == GOES_ON
            outcome, told = _loaded(answer[1:])
        except (EOFError, OSError) as error:
            self.alive = False
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_END)
            code = self._process.returncode
            if code == -signal.SIGXCPU:
                raise DocumentError(self._too_long()) from error
            if code == OUT_OF_MEMORY:
                raise DocumentError(self._too_much()) from error
            raise _EndedError(signal.strsignal(-code) if code and code < 0 else f"exit code {code}") from error
        except pickle.UnpicklingError as error:
            self.end()
            raise DocumentError("the process that parsed it gave no answer that can be read") from error
        if outcome == "done":
            return told
        if outcome == "memory":
            raise DocumentError(self._too_much())
        raise _ERRORS.get(outcome, DocumentError)(str(told))

    def _too_long(self) -> str:
        return f"it takes more than {self._seconds:.0f} s to parse; split it, or exclude it in waypost.yaml"

    def _too_much(self) -> str:
        return f"it takes more than {self._megabytes} MB to parse; split it, or exclude it in waypost.yaml"

    def end(self) -> None:
        """Ends the process, whatever it does."""
        self.alive = False
        self._channel.close()
        self._process.kill()
        self._process.wait()

    def kill(self) -> None:
        """Ends the process while another thread waits for its answer."""
        self._process.kill()


_ERRORS = {"refused": RefusedError, "unclear": AudienceError}
_ENDING = "Waypost is ending; sync again"
_CANT = "documents can't be parsed, the process for it does not start"


class _Records(pickle.Unpickler):
    """Makes our own records and nothing else: what reads hostile files may have been taken over by one."""

    def find_class(self, module: str, name: str) -> Any:
        record = _RECORDS.get((module, name))
        if record is None:
            raise pickle.UnpicklingError(f"{module}.{name} is no record")
        return record


def _loaded(answer: bytes) -> tuple[str, Any]:
    try:
        outcome, told = _Records(io.BytesIO(answer)).load()
    except pickle.UnpicklingError:
        raise
    except Exception as error:  # a pickle that was tampered with may raise anything
        raise pickle.UnpicklingError(str(error)) from error
    return outcome, told
