"""Turns at what should not be done by many threads at once, first come, first served.

`threading.Semaphore` lets whoever comes just now in before those that wait, so that one of eight may wait for seconds
(`make bench-serve`). `rag.search` and `api.search_pool` work in turns.
"""

from __future__ import annotations

import threading
from collections import deque


class Turns:
    """A context manager that lets at most `at_once` threads in, in the order in which they came."""

    def __init__(self, at_once: int) -> None:
        self._free = at_once
        self._lock = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()

    def __enter__(self) -> None:
        with self._lock:
            if self._free and not self._waiting:
                self._free -= 1
                return
            mine = threading.Lock()
            mine.acquire()
            self._waiting.append(mine)
        mine.acquire()  # the turn is handed over by the one who leaves

    def __exit__(self, *_: object) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._free += 1
