"""Turns at what should not be done by many threads at once, first come, first served.

`threading.Semaphore` lets whoever comes just now in before those that wait, so that one of eight may wait for seconds
(`make bench-serve`). `rag.search` computes in turns; `api.search_pool` searches in lanes.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable
from typing import Generic, TypeVar

Lane = TypeVar("Lane")


class Lanes(Generic[Lane]):
    """What one thread at a time may use, each: the first to come gets the first that is free."""

    def __init__(self, lanes: Iterable[Lane] = ()) -> None:
        self._free = deque(lanes)
        self._lock = threading.Lock()
        self._waiting: deque[tuple[threading.Lock, list[Lane]]] = deque()

    def take(self) -> Lane:
        """A lane that is nobody else's, once there is one."""
        with self._lock:
            if self._free:
                return self._free.popleft()
            turn, given = threading.Lock(), list[Lane]()
            turn.acquire()
            self._waiting.append((turn, given))
        turn.acquire()  # whoever gives a lane back releases it
        return given[0]

    def give(self, lane: Lane) -> None:
        """Gives a lane back, or adds one."""
        with self._lock:
            if self._waiting:
                turn, given = self._waiting.popleft()
                given.append(lane)
                turn.release()
            else:
                self._free.append(lane)


class Turns:
    """A context manager that lets at most `at_once` threads in, in the order in which they came."""

    def __init__(self, at_once: int) -> None:
        self._lanes = Lanes([None] * at_once)

    def __enter__(self) -> None:
        self._lanes.take()

    def __exit__(self, *_: object) -> None:
        self._lanes.give(None)
