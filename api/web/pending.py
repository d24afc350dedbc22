"""Questions that were sent by a form and wait to be streamed: browsers open a stream by GET, and no question belongs into a URL.

A ticket is good for one stream, within a minute, and for the viewer who was given it. They live in this process.
"""

from __future__ import annotations

import secrets
import threading
import time
from dataclasses import dataclass, field

from rag.records import Viewer
from rag.search import Filters

_SECONDS = 60.0
_MOST = 1000  # that wait; the oldest go


@dataclass(frozen=True)
class Pending:
    """A question as its form had it."""

    question: str
    filters: Filters
    persona: str
    thread: str
    viewer: Viewer
    name: str
    at: float = field(default_factory=time.monotonic)


class Tickets:
    """The questions that wait."""

    def __init__(self) -> None:
        self._waiting: dict[str, Pending] = {}
        self._lock = threading.Lock()

    def give(self, pending: Pending) -> str:
        """A ticket for a question."""
        ticket = secrets.token_urlsafe(18)
        with self._lock:
            while len(self._waiting) >= _MOST:
                self._waiting.pop(next(iter(self._waiting)))
            self._waiting[ticket] = pending
        return ticket

    def take(self, ticket: str, viewer: Viewer, name: str) -> Pending | None:
        """The question, once; None for a ticket that is used, old, or another's."""
        with self._lock:
            found = self._waiting.get(ticket)
            if found is None or (found.viewer, found.name) != (viewer, name):
                return None
            del self._waiting[ticket]
        return found if time.monotonic() - found.at <= _SECONDS else None
