"""Asking a model over a network that fails: bounded retries, a deadline that holds whatever the other side sends, a breaker.

An adapter gives `Steady.events` a function that opens one request and yields what comes of it; a `ModelBusyError` out of it,
before it has yielded anything, is tried again. `relayed` is what makes the deadline hold: a vendor's time-outs are for one
read, and a server that drips a byte a second meets all of them.
"""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from rag.errors import ModelBusyError, ModelError, ModelRefusedError
from rag.ports import ModelEvent
from rag.records import Usage

T = TypeVar("T")
_WAITING = 64  # pieces that wait to be taken


@dataclass(frozen=True)
class Patience:
    """How long one answer may take in seconds, and what follows from it: `silence` until the first word or between two reads,
    the first `pause` before a repetition. The breaker opens after `failures` in a row and rests as long as an answer may take."""

    seconds: float = 30.0
    retries: int = 2
    failures: int = 5

    @property
    def silence(self) -> float:
        return self.seconds / 3

    @property
    def pause(self) -> float:
        return self.seconds / 60


class Deadline:
    """A moment by the monotonic clock, which no change of the time of day moves."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    @property
    def left(self) -> float:
        """Seconds until then, 0 when it is past."""
        return max(self._end - self._clock(), 0.0)


class Breaker:
    """Open after `failures` in a row: then nobody asks for `rest` seconds, and one may try before the others do."""

    def __init__(self, failures: int = 5, rest: float = 30.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._failures = failures
        self._rest = rest
        self._clock = clock
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._until = 0.0

    def admit(self) -> None:
        """Raises: ModelError while it is open, and to all but the first who come when it might close again."""
        with self._lock:
            if self._in_a_row < self._failures:
                return
            if self._clock() < self._until:
                raise ModelError(f"it failed {self._in_a_row} times in a row and is left alone for a while")
            self._until = self._clock() + self._rest  # this one tries; should it never tell how it went, another does

    def succeeded(self) -> None:
        with self._lock:
            self._in_a_row = 0

    def failed(self) -> None:
        with self._lock:
            self._in_a_row += 1
            self._until = self._clock() + self._rest


class Steady:
    """Requests to one model, which all users of a process share."""

    def __init__(
        self, patience: Patience | None = None, clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        self.patience = patience or Patience()
        self._clock = clock
        self._sleep = sleep
        self._breaker = Breaker(self.patience.failures, self.patience.seconds, clock)

    def deadline(self, seconds: float = 0.0) -> Deadline:
        """The end of an answer that begins now, in so many seconds at most."""
        most = self.patience.seconds
        return Deadline(min(seconds, most) if seconds > 0 else most, self._clock)

    def events(self, attempt: Callable[[], Generator[T]], deadline: Deadline) -> Iterator[T]:
        """What an attempt yields. Raises: ModelError; one that was busy only when nothing more can be tried."""
        for turn in range(self.patience.retries + 1):
            self._breaker.admit()
            given = False
            try:
                with contextlib.closing(attempt()) as events:
                    for event in events:
                        given = True
                        yield event
                self._breaker.succeeded()
                return
            except ModelRefusedError:
                self._breaker.succeeded()  # it answers; one question that is too large closes it to nobody
                raise
            except ModelError as error:
                self._breaker.failed()
                if given or turn == self.patience.retries or not isinstance(error, ModelBusyError):
                    raise
                pause = self.patience.pause * 2**turn if error.after is None else error.after
                if pause >= deadline.left:
                    raise
                self._sleep(pause)


def counted(steady: Steady, attempt: Callable[[], Generator[ModelEvent]], deadline: Deadline) -> Iterator[ModelEvent]:
    """`Steady.events` of a model whose attempts each tell of their own request alone: with the requests of those that failed."""
    tried = 0

    def counting() -> Generator[ModelEvent]:
        nonlocal tried
        tried += 1
        return attempt()

    try:
        for event in steady.events(counting, deadline):
            yield replace(event, usage=replace(event.usage, requests=tried)) if event.usage else event
    except ModelError:
        if tried:
            yield ModelEvent(usage=Usage(requests=tried))
        raise


def relayed(
    open_: Callable[[], AbstractContextManager[Any]], translate: Callable[[Exception], ModelError],
    deadline: Deadline, silence: float,
) -> Generator[Any]:  # fmt: skip
    """What a stream gives, read in a thread of its own, so that nothing it does or leaves undone outlasts the deadline.

    Raises: what `translate` makes of what opening or reading it raises; ModelBusyError when nothing comes in `silence` seconds;
    ModelError at the deadline.
    """
    pieces: queue.Queue[tuple[str, Any]] = queue.Queue(_WAITING)
    stop, opened = threading.Event(), []

    def put(kind: str, value: Any = None) -> bool:
        while not stop.is_set():
            with contextlib.suppress(queue.Full):
                pieces.put((kind, value), timeout=0.1)
                return True
        return False

    def read() -> None:
        try:
            with open_() as stream:
                opened.append(stream)
                for piece in stream:
                    if not put("piece", piece):
                        return
            put("end")
        except Exception as error:  # noqa: BLE001  # a vendor's, whatever it is: raised anew where the pieces are taken
            put("error", translate(error))

    threading.Thread(target=read, name="model-reply", daemon=True).start()
    try:
        yield from _taken(pieces, deadline, silence)
    finally:
        stop.set()
        for stream in opened:
            with contextlib.suppress(Exception):  # a thread may read it: whatever closing says of that is not news
                stream.close()


def _taken(pieces: queue.Queue[tuple[str, Any]], deadline: Deadline, silence: float) -> Iterator[Any]:
    first = True
    while True:
        left = deadline.left
        try:
            kind, value = pieces.get(timeout=min(left, silence) if first else left)
        except queue.Empty:
            if deadline.left > 0:
                raise ModelBusyError("it said nothing for too long") from None
            raise ModelError("it took too long") from None
        if left <= 0:  # what was waiting is too late
            raise ModelError("it took too long")
        if kind == "end":
            return
        if kind == "error":
            raise value
        yield value
        first = False
