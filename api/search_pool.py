"""Searches in processes beside the one that serves: one process of Python computes one thing at a time, on however many cores.

`waypost serve` gives a `SearchPool` to its retriever. A search alone is made where it was asked for. When several come at once
processes are started, and from then on these make them, one each at a time, in the order in which they came; the serving one is
left to speak HTTP and to find vectors, which it does slowly while it searches too. The processes read the catalog and the words
themselves and ask the owner for vectors, as every command does (docs/decisions/0043-search-processes.md). What can't be made
there is made here. Processes that found nothing are started anew a few times in a row, no more.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack

from api.compose import open_retriever
from api.settings import Settings
from rag.records import Viewer
from rag.search import Filters, Retriever, SearchResult
from rag.turns import Turns

_MOST = 3  # processes, however many cores there are
_FIRST = "ready"  # what a new process is asked before anybody waits for it: the first search is slow


class SearchPool:
    """Up to `processes` of them; 0: all is searched here. Close it to end them.

    When they ended `tries` times in a row before they made one search, none are started any more.
    """

    def __init__(self, settings: Settings, processes: int, tries: int = 3) -> None:
        self._settings = settings
        self._processes = processes
        self._tries = tries
        self._lock = threading.Lock()
        self._busy = 0  # searches that are being made, or wait
        self._lost = 0  # pools in a row that broke before they made a search
        self._proved = False  # whether this one made one
        self._pool: ProcessPoolExecutor | None = None
        self._starting: list[Future[SearchResult]] = []
        self._turns = Turns(0)  # one for each process

    def __call__(
        self, query: str, viewer: Viewer, k: int, filters: Filters, here: Callable[[], SearchResult]
    ) -> SearchResult:
        """What the search finds; `here` makes it in this process."""
        with self._lock:
            pool = self._ready() if self._busy else None
            self._busy += 1
        try:
            return self._there(pool, query, viewer, k, filters) if pool else here()
        except (BrokenProcessPool, CancelledError, RuntimeError) as error:  # one was killed, or all are being ended
            if pool is None:
                raise
            self._give_up(pool, error)
            return here()
        finally:
            with self._lock:
                self._busy -= 1

    def _ready(self) -> ProcessPoolExecutor | None:
        """The processes, started if there are none; None until they are ready."""
        if self._pool is None and self._processes:
            self._start()
        return self._pool if all(future.done() for future in self._starting) else None

    def _there(
        self, pool: ProcessPoolExecutor, query: str, viewer: Viewer, k: int, filters: Filters
    ) -> SearchResult:  # fmt: skip
        with self._turns:
            result = pool.submit(_search, query, viewer, k, filters).result()
        self._proved = True
        return result

    def _start(self) -> None:
        self._proved = False
        context = multiprocessing.get_context("spawn")  # a fork would copy locks that other threads hold
        pool = ProcessPoolExecutor(self._processes, context, _open, (self._settings,))
        each = range(self._processes)  # of which the first search of each starts one
        self._starting = [pool.submit(_search, _FIRST, Viewer(), 1, Filters()) for _ in each]
        self._pool = pool
        self._turns = Turns(self._processes)

    def _give_up(self, pool: ProcessPoolExecutor, error: BaseException) -> None:
        """Ends a pool that broke. Several searches at once start a new one, unless too many broke in a row."""
        with self._lock:
            if self._pool is not pool:
                return  # another search saw it first, or it was closed
            self._pool = None
            self._lost = 0 if self._proved else self._lost + 1
            if self._lost >= self._tries:
                self._processes = 0
                logging.getLogger(__name__).warning(
                    "search processes ended %d times before they made a search; all is searched in the serving process "
                    "until the next start: %s", self._lost, error,
                )  # fmt: skip
        pool.shutdown(wait=False, cancel_futures=True)

    def close(self, *, wait: bool = True) -> None:
        """Ends the processes, once they are done with what they search. Several searches at once start new ones."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool:
            pool.shutdown(wait=wait, cancel_futures=True)


def processes_for(settings: Settings) -> int:
    """How many processes: as the settings say, else one for each core where there are several. A reranker is loaded once, so that
    all is searched where it is."""
    if settings.reranker:
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return settings.search_processes if settings.search_processes is not None else min(cores, _MOST) if cores > 1 else 0


# -- in such a process ------------------------------------------------------------------------------------------------

_open_things = ExitStack()
_retriever: Retriever | None = None


def _open(settings: Settings) -> None:
    global _retriever  # noqa: PLW0603  # an initializer has nowhere else to leave what it made
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the one that serves, which ends these
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _retriever = _open_things.enter_context(open_retriever(settings))


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent:
        parent.join()
    os._exit(0)


def _search(query: str, viewer: Viewer, k: int, filters: Filters) -> SearchResult:
    assert _retriever
    return _retriever.search(query, viewer, k, filters)
