"""What writes the audit: entries wait in memory for a thread of their own, so that no request waits for the disk.

It writes whatever waits in one transaction, twice a second at most: a kill loses what came in the last moments (less than a
second on a disk that answers). Where the file can't be written, entries wait and are tried again each second; requests go
on, and that is said loudly: in the log, and in `waypost_audit_failures_total`. With `required` each entry is on disk before
its request is answered, or the request is refused.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from api.observability.chain import Chain, Entry
from rag.errors import StorageError

_WAITING = 10_000  # entries that wait while the file can't be written; the oldest are lost, and counted
_BATCH = 500
_IDLE, _PAUSE, _COMPLAINT = (
    2.0,
    1.0,
    60.0,
)  # seconds: of idleness that end the thread, between tries, between two complaints
_GATHERING = 0.5  # seconds from one write to the next, for which entries gather: a transaction costs more than a search
_RETENTION = 3600.0  # seconds between two looks at what is too old
_LOG = logging.getLogger("waypost.audit")


@dataclass
class Counts:
    """What went wrong since the start: writes that failed, entries that were lost."""

    failures: int = 0
    lost: int = 0


class Recorder:
    """Writes entries behind the requests. `clean` makes of a question what may be kept of it; `days` says how long entries
    are kept."""

    def __init__(self, chain: Chain, clean: Callable[[str], str], days: int, *, required: bool = False) -> None:
        self.chain = chain
        self.counts = Counts()
        self._clean = clean
        self._days = days
        self._required = required
        self._waiting: deque[Entry] = deque()
        self._changed = threading.Condition()
        self._writing = threading.Lock()
        self._works = self._hurry = False
        self._written = -_GATHERING
        self._kept = 0.0
        self._complained = -_COMPLAINT

    def record(self, entry: Entry) -> None:
        """Takes an entry, to be written at once. Raises: StorageError, with `required` alone."""
        if self._required:
            self._write([entry])
            return
        with self._changed:
            self._waiting.append(entry)
            while len(self._waiting) > _WAITING:
                self._waiting.popleft()
                self.counts.lost += 1
            if not self._works:
                self._works = True
                threading.Thread(target=self._work, name="audit", daemon=True).start()
            if len(self._waiting) == 1:  # else it is awake, or sleeps for others to come
                self._changed.notify_all()

    def waiting(self) -> int:
        """How many entries wait to be written."""
        return len(self._waiting)

    def flush(self, seconds: float = 5.0) -> bool:
        """Waits until everything is written; False: it could not be in that time."""
        until = time.monotonic() + seconds
        with self._changed:
            self._hurry = True
            self._changed.notify_all()
            while self._waiting:
                if not self._changed.wait(min(0.05, max(0.0, until - time.monotonic()))) and time.monotonic() >= until:
                    return False
        with self._writing:
            return True

    def keep(self) -> None:
        """Takes out what is older than the settings let it be kept, a day at a time. Raises: StorageError."""
        self._kept = time.monotonic()
        at = datetime.now(UTC)
        oldest = self.chain.oldest()
        if oldest and oldest < _told(at - timedelta(days=self._days + 1)):
            self.chain.cut(_told(at - timedelta(days=self._days)), _told(at))

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._waiting and not self._changed.wait_for(lambda: bool(self._waiting), _IDLE):
                    self._works = False
                    return
                self._changed.wait_for(lambda: self._hurry, self._written + _GATHERING - time.monotonic())
                self._hurry = False
                batch = [self._waiting[n] for n in range(min(_BATCH, len(self._waiting)))]
            try:
                self._write(batch)
            except StorageError:
                time.sleep(_PAUSE)
                continue
            except Exception as error:  # noqa: BLE001  # the outermost line of this thread: it must not end while entries wait
                self._failed(error)
                time.sleep(_PAUSE)
                continue
            with self._changed:
                self._written = time.monotonic()
                written = set(map(id, batch))
                while self._waiting and id(self._waiting[0]) in written:  # some may be lost by now, for too many wait
                    self._waiting.popleft()
                self._changed.notify_all()

    def _write(self, batch: list[Entry]) -> None:
        clean = [replace(entry, words=self._clean(entry.words)) if entry.words else entry for entry in batch]
        with self._writing:
            try:
                self.chain.append(clean)
            except StorageError as error:
                self._failed(error)
                raise
            if time.monotonic() - self._kept > _RETENTION or not self._kept:
                try:
                    self.keep()
                except StorageError as error:
                    self._failed(error)

    def _failed(self, error: Exception) -> None:
        self.counts.failures += 1
        if time.monotonic() - self._complained >= _COMPLAINT:
            self._complained = time.monotonic()
            _LOG.error(
                "THE AUDIT IS NOT WRITTEN: %s; %s", error,
                "requests are refused (WAYPOST_AUDIT=required)" if self._required else
                f"requests are answered all the same, and {self.waiting()} entries wait in memory",
            )  # fmt: skip


def _told(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


def now() -> str:
    """This moment, as entries have it."""
    return _told(datetime.now(UTC))
