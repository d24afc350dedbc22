"""Reading several sources at once: each in a thread of its own, none ahead of the others by more than one step, so that a slow
source delays nobody and a hanging one costs itself alone.

`ingest.sync` takes the steps in one thread, which is the only one that writes.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from ingest.sources import Source, SourceSpec
from rag.errors import SourceError

_IDLE = 2.0  # seconds without a step after which there is time for something else
PATIENCE = 2000.0  # seconds without a step after which a source is given up; a fetch of git's ends by itself before


class Interrupted(Exception):
    """The user asked the sync to stop; what was done is kept."""


@dataclass(frozen=True)
class Ended:
    """A source has no more steps; `error` says why it ended early."""

    error: Exception | None = None


@dataclass(frozen=True, eq=False)
class Feed:
    """A source, and what finds its steps out."""

    spec: SourceSpec
    source: Source
    steps: Callable[[SourceSpec, Source], Iterator[Any]]


class SideBySide:
    """Runs feeds until each has ended. `stop` is asked between steps: then all that are still going end with Interrupted."""

    def __init__(self, feeds: Sequence[Feed], stop: Callable[[], bool], patience: float = 0) -> None:
        self._stop = stop
        self._patience = patience or PATIENCE
        self._queue: queue.Queue[tuple[Feed, Any]] = queue.Queue()
        self._taken = {feed: threading.Semaphore(1) for feed in feeds}
        self._seen = dict.fromkeys(feeds, time.monotonic())
        self._closed = threading.Event()

    def __enter__(self) -> SideBySide:
        for feed in self._taken:
            threading.Thread(target=self._work, args=(feed,), name=f"read {feed.spec.name}", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closed.set()
        for taken in self._taken.values():
            taken.release()

    def waiting(self) -> bool:
        """Whether a step waits to be taken."""
        return not self._queue.empty()

    def steps(self) -> Iterator[tuple[Feed, Any]]:
        """Each step as it comes, with `Ended` as the last of each feed; None, once, when nothing came for a while."""
        told = False
        while self._seen:
            try:
                feed, step = self._queue.get(timeout=0.1)
            except queue.Empty:
                feed, step = self._waited()
            if step is not None and feed in self._seen:
                told = False
                self._seen[feed] = time.monotonic()
                if isinstance(step, Ended):
                    del self._seen[feed]
                yield feed, step
                self._taken[feed].release()
            elif step is None and not told and time.monotonic() - max(self._seen.values(), default=0) > _IDLE:
                told = True
                yield feed, None

    def _waited(self) -> tuple[Feed, Ended | None]:
        """What is to be said when nothing came: a feed that ends because of it, if one does."""
        for feed, seen in self._seen.items():
            if self._stop():
                return feed, Ended(Interrupted())
            if time.monotonic() - seen > self._patience:
                return feed, Ended(SourceError(f"it said nothing for {self._patience:.0f} s and was given up"))
        return next(iter(self._seen)), None

    def _work(self, feed: Feed) -> None:
        try:
            for step in feed.steps(feed.spec, feed.source):
                self._put(feed, step)
                if self._stop() or self._closed.is_set():
                    raise Interrupted
            self._put(feed, Ended())
        except Exception as error:  # noqa: BLE001  # the outermost line of this thread: the others go on
            self._put(feed, Ended(error))
        except SystemExit as error:  # others' code, which may think that it is a program
            self._put(feed, Ended(SourceError(f"its code wanted to end the program: {error!r}")))

    def _put(self, feed: Feed, step: Any) -> None:
        """Hands a step over once the one before it was taken."""
        if not self._closed.is_set():
            self._taken[feed].acquire()
            self._queue.put((feed, step))
