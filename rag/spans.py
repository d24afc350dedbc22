"""How long the steps of an answer take, told to whoever listens: a search, a model's reply, the check of citations.

`api.observability` listens, for metrics and traces; with nobody listening a span costs nothing to speak of. Content goes into
attributes that begin with `content.`, which listeners leave out unless they were told to keep it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

Value = str | int | float | bool
Ending = Callable[[Mapping[str, Value], BaseException | None], None]
Listener = Callable[[str, Mapping[str, Value]], Ending]
CONTENT = "content."
_NONE: Mapping[str, Value] = {}


class Spans:
    """The steps of one process. A listener is called when a step begins, and gives what is called when it ends."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []

    def listen(self, listener: Listener) -> None:
        """Tells a listener of every step from now on."""
        self._listeners.append(listener)

    @contextmanager
    def span(self, name: str, attributes: Mapping[str, Value] = _NONE) -> Iterator[dict[str, Value]]:
        """One step; what is put into the mapping is told at its end."""
        told: dict[str, Value] = {}
        endings = [listener(name, attributes) for listener in self._listeners]
        failed: BaseException | None = None
        try:
            yield told
        except BaseException as error:
            failed = error
            raise
        finally:
            for end in endings:
                end(told, failed)
