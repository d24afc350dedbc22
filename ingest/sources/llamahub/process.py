"""Runs a reader of LlamaHub in a process of its own, with a time limit: one that hangs, crashes or prints stops nobody.

That process is no sandbox: it has the user's rights and opens its own network, past `ingest.egress`. It gets its task, with
credentials in it, by stdin, and of our environment only what every program needs. It ends with Waypost, however that ends.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from ingest.refusals import MAX_BYTES
from ingest.sources.llamahub import child
from rag.errors import SettingsError, SourceError

_KEPT = (
    "PATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ", "TMPDIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY",
    "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
    "NLTK_DATA", "TIKTOKEN_CACHE_DIR", "LLAMA_INDEX_CACHE_DIR",
)  # fmt: skip
_LINE = 64 << 20  # bytes of one answer: a text of MAX_BYTES characters, escaped, and what is known of it
_TROUBLE = re.compile(
    r"\b(?:error|errors|fail\w*|skipp\w+|exception|traceback|denied|forbidden|unauthorized|timed? ?out|refused|unable|"
    r"could ?n[o']t|can(?:not|'t))\b",
    re.I,
)
_LAST = 5  # lines that are kept of what it printed last
_END = 5.0  # seconds that its output may take to close after it ended


@dataclass(frozen=True)
class Task:
    """What is to be read: a class, what it is made with and what its `load_data` gets. `python` is the interpreter that has it,
    "" for our own; `seconds` is the time it may take."""

    reader: str
    arguments: Mapping[str, Any] = field(default_factory=dict, repr=False)
    load: Mapping[str, Any] = field(default_factory=dict, repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    python: str = ""
    seconds: float = 600.0

    def line(self) -> bytes:
        """As it is handed over."""
        search_path = None if self.python else [str(Path(entry).absolute()) for entry in sys.path]
        given = {
            "reader": self.reader, "arguments": dict(self.arguments), "load": dict(self.load), "longest": MAX_BYTES,
            "environment": dict(self.environment), "search_path": search_path,
        }  # fmt: skip
        return json.dumps(given, default=str).encode() + b"\n"


class ReaderProcess:
    """One run of a reader. `clean` takes secrets out of what is told to the user, who knows the source by `where`."""

    def __init__(self, where: str, task: Task, clean: Callable[[str], str]) -> None:
        self._where = where
        self._task = task
        self._clean = clean
        self._overdue = threading.Event()
        self._printed = threading.Thread()
        self._last: deque[str] = deque(maxlen=_LAST)
        self.troubles: list[str] = []  # lines that it printed of something that went wrong

    def records(self) -> Iterator[dict[str, Any]]:
        """What it says of each document: id, size, text and metadata.

        Raises: SettingsError for what the user has to change; SourceError when it fails, crashes or takes too long.
        """
        with tempfile.TemporaryDirectory(prefix="waypost-reader-") as folder:
            process = self._started(Path(folder))
            printed = self._printed = threading.Thread(target=self._listen, args=(process.stderr,), daemon=True)
            timer = threading.Timer(self._task.seconds, self._give_up, [process])
            timer.daemon = True
            try:
                printed.start()
                timer.start()
                self._hand_over(process)
                yield from self._read(process)
            finally:
                timer.cancel()
                _end(process)
                printed.join(_END)
                if process.stderr and not printed.is_alive():
                    process.stderr.close()

    def _started(self, folder: Path) -> subprocess.Popen[bytes]:
        environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
        environment |= {"PYTHONHASHSEED": "0", "PYTHONIOENCODING": "utf-8:backslashreplace"}
        command = [self._task.python or sys.executable, "-I", child.__file__]
        try:
            return subprocess.Popen(
                command, env=environment, cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, start_new_session=True,
            )  # fmt: skip
        except OSError as error:
            raise SettingsError(
                f"{self._where}: {command[0]} can't be run: {error.strerror}; check `python`"
            ) from error

    def _hand_over(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin
        with contextlib.suppress(BrokenPipeError):  # it ended already: that is told in its place
            process.stdin.write(self._task.line())
            process.stdin.flush()  # and stays open: the process ends when it closes

    def _read(self, process: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
        assert process.stdout
        while line := process.stdout.readline(_LINE):
            answer = _parsed(line)
            if answer is None:
                break
            if "end" in answer or "error" in answer:
                self._settle(answer)
                return
            yield answer
        if self._overdue.is_set():
            raise SourceError(
                f"{self._where}: its reader took more than {self._task.seconds:.0f} s and was ended; raise `seconds`, or let "
                "it read less"
            )
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_END)
        _kill(process)
        self._printed.join(_END)
        raise SourceError(f"{self._where}: its reader ended in the middle ({_how(process.poll())}){self._said()}")

    def _settle(self, answer: Mapping[str, Any]) -> None:
        if answer.get("error") == child.SETTINGS:
            raise SettingsError(f"{self._where}: {self._clean(str(answer.get('message')))}")
        if "error" in answer:
            raise SourceError(f"{self._where}: its reader failed: {self._clean(str(answer.get('message')))}")

    def _said(self) -> str:
        return f": {self._clean(' / '.join(self._last))}" if self._last else ""

    def _listen(self, stream: IO[bytes]) -> None:
        """Reads what it prints, so that it never waits for a reader, and keeps what may matter."""
        with contextlib.suppress(ValueError, OSError):  # it is closed under us
            while line := stream.readline(1000):
                text = line.decode("utf-8", "replace").strip()
                if text:
                    self._last.append(text)
                if _TROUBLE.search(text) and len(self.troubles) < 100:
                    self.troubles.append(text)

    def _give_up(self, process: subprocess.Popen[bytes]) -> None:
        self._overdue.set()
        _kill(process)


def _parsed(line: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(line)
    except ValueError:  # it was cut off
        return None
    return answer if isinstance(answer, dict) else None


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends it and what it started, and closes its pipes."""
    _kill(process)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):
            pipe.close()  # type: ignore[union-attr]


def _kill(process: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


def _how(code: int | None) -> str:
    return (signal.strsignal(-code) or f"signal {-code}") if code and code < 0 else f"exit code {code}"
