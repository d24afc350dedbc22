"""Syncs in the process that owns the data folder: each source after its schedule, and at once when its host says that it changed.

`api.server` starts it.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime

from rich.console import Console
from rich.markup import escape

from api.compose import chosen_sources
from api.owner import Owner
from api.schedule import next_sync
from ingest.sources import SourceSpec
from ingest.sync import SyncReport
from rag.errors import SettingsError, WaypostError

_LOOKING = 5.0  # seconds between two looks at the schedules


class Scheduler:
    """Syncs sources in the process that owns the data folder, one sync at a time, until it is stopped."""

    def __init__(self, owner: Owner, stopping: threading.Event, console: Console) -> None:
        self._owner = owner
        self._stopping = stopping
        self._console = console
        self._pushed: set[str] = set()
        self._wake = threading.Event()
        self._complained = ""
        self._known: list[SourceSpec] = []  # what waypost.yaml named when it was last right

    def push(self, name: str) -> None:
        """Lets a source be synced at once."""
        self._pushed.add(name)
        self._wake.set()

    def waiting(self) -> int:
        """How many sources were pushed to, and wait for their sync."""
        return len(self._pushed)

    def start(self) -> None:
        threading.Thread(target=self._work, name="schedule", daemon=True).start()

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                sound = self._look()
                if names := self._due(datetime.now(UTC)):
                    self._say(self._owner.sync_specs(self._known, names, lambda step: None, self._stopping.is_set))
                if sound:
                    self._complained = ""
            except WaypostError as error:
                self._complain(str(error))
            except Exception as error:  # noqa: BLE001  # the outermost line of this thread: the next time may go well
                self._complain(f"a scheduled sync failed: {type(error).__name__}: {error}")
            self._wake.wait(_LOOKING)
            self._wake.clear()

    def _look(self) -> bool:
        """Reads waypost.yaml; one that is wrong by now is said, here and in `waypost status`, and what it named before is synced
        on."""
        try:
            self._known = chosen_sources(self._owner.settings, [])
        except SettingsError as error:
            said = f"{error}; until it is mended, the sources that it named before are synced"
            self._owner.note_settings(said)
            self._complain(said)
            return False
        self._owner.note_settings("")
        return True

    def _due(self, now: datetime) -> list[str]:
        """The sources whose time has come, and those that were pushed. A source's time counts from the start of its last run."""
        pushed, self._pushed = self._pushed, set()
        begun = self._owner.catalog.runs_begun()
        due = []
        for spec in self._known:
            last = datetime.fromisoformat(begun[spec.name]) if spec.name in begun else None
            at = next_sync(spec.schedule, last)
            if spec.name in pushed or (at is not None and at <= now):
                due.append(spec.name)
        return due

    def _say(self, report: SyncReport) -> None:
        for source in report.sources:
            changed = {k: n for k, n in source.counts.items() if n and k in ("indexed", "gone", "held", "quarantined")}
            if changed or source.message:
                told = ", ".join(f"{count} {name}" for name, count in changed.items())
                said = "; ".join(filter(None, (told, source.message)))
                self._console.print(f"synced {escape(source.name)}: {source.outcome}; {escape(said)}")

    def _complain(self, message: str) -> None:
        """Says what is wrong, once as long as it stays the same."""
        if message != self._complained:
            self._console.print(f"[yellow]{escape(message)}[/yellow]")
        self._complained = message
