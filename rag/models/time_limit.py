"""One limit of time for all of a reply, however its maker waits: for a name, a connection, the next byte, or in others' code.

The adapters for models that have no such limit of their own call this.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from rag.errors import ModelError

T = TypeVar("T")
_AHEAD = 64  # items that are made before they are asked for
_LOOK = 0.1  # seconds after which who makes items sees that nobody wants them


class _End:
    """Behind the last item."""


def within(seconds: float, make: Callable[[], Iterator[T]], who: str) -> Iterator[T]:
    """What `make` gives, made in a thread of its own. `make` is left to itself when its time is up, and closed at its next item.

    Raises: ModelError when the time is up; whatever `make` raises.
    """
    deadline = time.monotonic() + seconds
    made: queue.Queue[T | _End | BaseException] = queue.Queue(_AHEAD)
    unwanted = threading.Event()
    threading.Thread(target=_work, args=(make, made, unwanted), name="model-reply", daemon=True).start()
    try:
        while True:
            try:
                item = made.get(timeout=max(deadline - time.monotonic(), 0))
            except queue.Empty:
                item = ModelError(f"{who} did not end its reply within {seconds:g} s")
            if isinstance(item, BaseException):
                raise item
            if isinstance(item, _End):
                return
            if time.monotonic() > deadline:
                raise ModelError(f"{who} did not end its reply within {seconds:g} s")
            yield item
    finally:
        unwanted.set()


def _work(
    make: Callable[[], Iterator[T]], made: queue.Queue[T | _End | BaseException], unwanted: threading.Event
) -> None:
    end: _End | BaseException = _End()
    items: Iterator[T] = iter(())
    try:
        items = make()
        for item in items:
            if not _handed_on(item, made, unwanted):
                break
    except BaseException as error:  # noqa: BLE001  # it is raised where the items are wanted
        end = error
    finally:
        if close := getattr(items, "close", None):
            close()
    _handed_on(end, made, unwanted)


def _handed_on(
    item: T | _End | BaseException, made: queue.Queue[T | _End | BaseException], unwanted: threading.Event
) -> bool:
    while not unwanted.is_set():
        try:
            made.put(item, timeout=_LOOK)
        except queue.Full:
            continue
        return True
    return False
