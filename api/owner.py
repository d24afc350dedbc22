"""The process that owns the data folder: it alone writes the catalog, opens Chroma, syncs, and switches generations.

`waypost sync`, `serve`, `doctor`, `forget` and `generations` work through it; others ask it for vectors over its socket.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from typing import Any

from api.compose import (
    Reader,
    chosen_sources,
    dense_over,
    embedder_from,
    embedder_of,
    lexical_index,
    named_among,
    source_from,
)  # fmt: skip
from api.settings import Settings
from api.status import TROUBLE
from ingest.generations import build
from ingest.parsers import SPLITTER
from ingest.sources import Source, SourceSpec
from ingest.sources.scrubbed import ScrubbedSource
from ingest.sync import SourceReport, Sync, SyncReport
from ingest.versions import tidy
from rag import doctor
from rag.catalog import Catalog
from rag.errors import GenerationChangedError, IndexDamagedError, SettingsError
from rag.indexes.lexical import DOCUMENTS, TantivyIndex
from rag.indexes.projection import DocumentProjection, Projection, Projections
from rag.indexes.vectors import ChromaIndex
from rag.owner import OwnerService, WriterLock
from rag.ports import Embedder, Progress
from rag.purged import Purged, PurgedDocument
from rag.records import Generation
from rag.remote import search_handler
from rag.search import Dense, Elsewhere, Serving, here

_LOADED = "can it be loaded?"
_PINNED = "pinned"  # the setting that keeps syncs from switching to what the settings ask for


@dataclass(frozen=True)
class Opened:
    """A generation with its indexes open for writing; `embedder` is None where its own can't be had any more."""

    projections: Projections
    lexical: TantivyIndex
    chroma: ChromaIndex
    embedder: Embedder | None

    def close(self) -> None:
        """Lets go of the indexes' files."""
        self.lexical.close()
        self.chroma.close()

    @property
    def generation(self) -> Generation:
        return self.projections.generation

    @cached_property
    def dense(self) -> Dense:
        """Made once: it remembers that the embedder can't be loaded, which may take a minute to find out."""
        return dense_over(self.generation, self.embedder, self.chroma)


@dataclass(frozen=True)
class Approval:
    """What became of what was held: how much is gone now, and how the sync that looked again went."""

    removed: int
    report: SourceReport

    def as_json(self) -> dict[str, Any]:
        """As `waypost approve --json` prints it."""
        return {
            "source": self.report.name,
            "removed": self.removed,
            **{k: v for k, v in asdict(self.report).items() if k != "name"},
        }


class Owner:
    """The data folder as its one writer. Others' requests are answered while it works."""

    def __init__(self, settings: Settings, lock: WriterLock) -> None:
        self.settings = settings
        self.lock = lock
        self.syncing = threading.Lock()
        self.catalog = Catalog(settings.catalog_url, keep_versions=settings.keep_versions_days > 0)
        self._configured = embedder_from(settings)
        self._documents = TantivyIndex(settings.home / "documents", writable=True, weights=DOCUMENTS)
        for former in ("lexical", "vectors"):  # where indexes lay before there were generations
            shutil.rmtree(settings.home / former, ignore_errors=True)
        self._before: Opened | None = None
        self._embedded = 0  # texts, by the last build
        self._current = self._open(self.catalog.serving() or self._first())
        self._remove_strangers()
        if 0 in (
            self._current.lexical.watermark(),
            self._documents.watermark(),
        ):  # after an upgrade, or a lost folder: nothing is embedded for it
            self.projections.catch_up()

    # -- what serves --------------------------------------------------------------------------------------------------

    @property
    def generation(self) -> Generation:
        return self._current.generation

    @property
    def projections(self) -> Projections:
        return self._current.projections

    @property
    def chroma(self) -> ChromaIndex:
        return self._current.chroma

    @property
    def embedder(self) -> Embedder:
        return self._current.embedder or self._configured

    def serving(self) -> Serving:
        """What a search in this process goes to."""
        opened = self._current
        return Serving(opened.generation, opened.lexical, self._documents, opened.dense)

    def dense_of(self, number: int) -> Dense:
        """Vector search for another process. Raises: GenerationChangedError when that generation does not serve (any more)."""
        opened = self._current
        if opened.generation.number != number:
            raise GenerationChangedError(f"generation {number} does not serve")
        return opened.dense

    def reader(self, elsewhere: Elsewhere = here) -> Reader:
        """What answers questions in this process; `elsewhere` may have searches made by others."""
        return Reader(self.settings, self.catalog, self.serving, elsewhere)

    # -- syncing ------------------------------------------------------------------------------------------------------

    def sync(
        self,
        names: Sequence[str],
        progress: Callable[[Progress], None],
        stop: Callable[[], bool],
        *,
        retry: bool = False,
    ) -> SyncReport:
        """Syncs the named sources of waypost.yaml, all without names; with `retry` what is quarantined is tried at once.

        Raises: SettingsError for an unknown name.
        """
        specs = chosen_sources(self.settings, [])
        self.note_settings("")
        return self.sync_specs(specs, names, progress, stop, retry=retry)

    def sync_specs(
        self,
        known: Sequence[SourceSpec],
        names: Sequence[str],
        progress: Callable[[Progress], None],
        stop: Callable[[], bool],
        *,
        retry: bool = False,
    ) -> SyncReport:
        """The same where it is known already what waypost.yaml names."""
        specs = named_among(known, names, self.settings.config)
        if retry:
            with self.catalog.write() as writer:
                writer.retry_now([spec.name for spec in specs])
        report = self.sync_sources([(spec, source_from(spec, self.settings.home)) for spec in specs], progress, stop)
        return replace(report, unnamed=self._unnamed(known))

    def _unnamed(self, known: Sequence[SourceSpec]) -> tuple[str, ...]:
        """The sources that waypost.yaml names no more and that are still answered from; those of which nothing is stored are
        forgotten."""
        unnamed = {row.name for row in self.catalog.sources()} - {spec.name for spec in known}
        answered = {source for source, _ in self.catalog.document_counts()}
        if empty := unnamed - answered - self.catalog.remembered():
            with self.syncing, self.catalog.write() as writer:
                for name in empty:
                    writer.remove_source(name)
        return tuple(sorted(unnamed & answered))

    def note_settings(self, trouble: str) -> None:
        """Keeps what is wrong with waypost.yaml by now, for `waypost status`; "": nothing."""
        if self.catalog.setting(TROUBLE) != trouble:
            with self.catalog.write() as writer:
                writer.put_setting(TROUBLE, trouble)

    def sync_sources(
        self,
        sources: Sequence[tuple[SourceSpec, Source]],
        progress: Callable[[Progress], None],
        stop: Callable[[], bool],
        approved: Collection[str] = (),
    ) -> SyncReport:
        """Syncs these sources, one sync at a time, and lets the indexes be made as the settings ask.

        A splitter of another Waypost can't split what is new, so a generation of this one's is built first. An embedder
        changes after the sync: until it has embedded everything, the old one answers, and knows what is new too.

        Raises: SettingsError when the embedder can't be loaded; then nothing is changed.
        """
        with self.syncing:
            self._close_before()
            if self.generation.model != self._configured.name or not self.catalog.sources():
                self._configured.embed([_LOADED])
            self._forgo_embedder()
            said = ""
            if not self.catalog.sources():
                self._switch(self._wanted())
            elif self.generation.splitter != SPLITTER:
                kept = replace(self.generation, number=0, splitter=SPLITTER)
                if not self._build(kept if self._current.embedder else self._wanted(), progress, stop):
                    return SyncReport((), 0, 0.0, True, generation="stopped before another generation was built")
                said = f"generation {self.generation.number} serves now: this Waypost splits documents in another way"
            report = Sync(self.catalog, self.projections, self._current.embedder, progress, stop).run(
                self._scrubbed(sources), approved
            )
            report = replace(report, generation=said)
            tidy(self.catalog, self.settings.keep_versions_days)
            return report if report.interrupted else self._follow_settings(report, progress, stop)

    def _scrubbed(self, sources: Sequence[tuple[SourceSpec, Source]]) -> Sequence[tuple[SourceSpec, Source]]:
        """The sources without what was purged."""
        purged = Purged.load(self.settings.home)
        saving = threading.Lock()

        def remember(document: PurgedDocument) -> None:
            with saving:
                Purged.load(self.settings.home).with_document(document).save(self.settings.home)

        return (
            [(spec, ScrubbedSource(one, spec.name, purged, remember)) for spec, one in sources] if purged else sources
        )

    def _forgo_embedder(self) -> None:
        """Goes on without the embedder of the generation that serves where it can't be loaded any more."""
        embedder = self._current.embedder
        if embedder is None or embedder is self._configured:
            return
        try:
            embedder.embed([_LOADED])
        except SettingsError:
            self._current = replace(self._current, embedder=None)

    def _follow_settings(
        self, report: SyncReport, progress: Callable[[Progress], None], stop: Callable[[], bool]
    ) -> SyncReport:
        """Switches to the embedder that the settings ask for, unless a person holds on to another."""
        now = self.generation
        if now.model == self._configured.name:
            return report
        if self.catalog.setting(_PINNED):
            return replace(
                report, generation=f"generation {now.number} ({now.model}) is held by `waypost generations use`; "
                f"the settings ask for {self._configured.name}; `waypost generations` lists what `use` can let serve",
            )  # fmt: skip
        try:
            if not self._build(self._wanted(), progress, stop):
                waiting = len(self.catalog.unembedded(self._wanted()))
                return replace(report, interrupted=True, waiting=waiting, embedded=report.embedded + self._embedded)
        except IndexDamagedError as error:
            return replace(report, generation=str(error), troubled=True)
        said = (
            f"generation {self.generation.number} ({self.generation.model}) serves now; "
            f"`waypost generations use {now.number}` goes back to {now.model}"
        )
        return replace(report, waiting=0, embedded=report.embedded + self._embedded, generation=said)

    def forget(self, names: Sequence[str]) -> None:
        """Takes sources that waypost.yaml does not name (any more) out of catalog and indexes.

        Raises: SettingsError when one is still named, or was never synced.
        """
        named = {spec.name for spec in chosen_sources(self.settings, [])}
        known = {row.name for row in self.catalog.sources()}
        for name in names:
            if name in named:
                raise SettingsError(f"{self.settings.config} still names source {name!r}; take it out there first")
            if name not in known:
                raise SettingsError(
                    f"nothing was ever synced from a source {name!r}; there are: {', '.join(sorted(known))}"
                )
        with self.syncing:
            with self.catalog.write() as writer:
                for name in names:
                    writer.remove_source(name)
            self.projections.catch_up()

    def approve(
        self,
        name: str,
        progress: Callable[[Progress], None] = lambda step: None,
        stop: Callable[[], bool] = lambda: False,
        source: tuple[SourceSpec, Source] | None = None,
    ) -> Approval:
        """Syncs a source at once, and lets go what a sync held back if a complete listing lacks it still: it may have come back
        since. What went beyond that is held anew where it is much. `source` is the one in waypost.yaml where none is given.

        Raises: SettingsError when nothing of the source is held, or waypost.yaml does not name it.
        """
        known = {row.name: row.state for row in self.catalog.sources()}
        if name not in known:
            raise SettingsError(f"there is no source {name!r}; there are: {', '.join(known) or 'none yet'}")
        held = {path for path, row in self.catalog.items(name).items() if row.missing_since}
        if not held:
            holding = [other for other, state in known.items() if state == "held"]
            raise SettingsError(
                f"nothing of source {name!r} is held; "
                + (f"held is something of: {', '.join(holding)}" if holding else "no source has a held deletion")
            )
        if source is None:
            (spec,) = chosen_sources(self.settings, [name])
            source = spec, source_from(spec, self.settings.home)
        (told,) = self.sync_sources([source], progress, stop, held).sources or (SourceReport(name, "interrupted"),)
        return Approval(len(held - self.catalog.items(name).keys()), told)

    def reopen(self, meanwhile: Callable[[], None]) -> None:
        """Opens the indexes anew; what has to be done to their folders is done `meanwhile`."""
        self._close_before()
        generation = self.generation
        self._current.close()
        self._documents.close()
        meanwhile()
        self._documents = TantivyIndex(self.settings.home / "documents", writable=True, weights=DOCUMENTS)
        self._current = self._open(generation)

    def mend(self, found: doctor.Report) -> doctor.Report:
        """Brings every index up to date and mends what differs, beside what the doctor `found` before the indexes were opened."""
        self.projections.catch_up()
        report = doctor.examine(self.catalog, self.projections)
        if not report.sound:
            report = doctor.repair(self.catalog, self.projections, report)
        wrong = {*report.repaired, *(diagnosis.index for diagnosis in found.diagnoses if not diagnosis.sound)}
        return replace(report, repaired=tuple(name for name in self.projections.by_name() if name in wrong))

    # -- generations --------------------------------------------------------------------------------------------------

    def use_generation(self, number: int, progress: Callable[[Progress], None], stop: Callable[[], bool]) -> bool:
        """Goes (back) to a generation, brought up to date first; False: stopped half-way.

        Where the settings ask for another embedder, syncs leave it at that until `use` says otherwise.
        Raises: SettingsError when there is no such generation, or it can't be brought up to date.
        """
        with self.syncing:
            self._close_before()
            found = {generation.number: generation for generation in self.catalog.generations()}
            if number not in found:
                raise SettingsError(f"there is no generation {number}; there are: {', '.join(map(str, found))}")
            pinned = "" if found[number].model == self._configured.name else str(number)
            if number != self.generation.number:
                return self._build(found[number], progress, stop, pinned)
            with self.catalog.write() as writer:
                writer.put_setting(_PINNED, pinned)
            return True

    def _first(self) -> Generation:
        with self.catalog.write() as writer:
            return writer.serve(writer.add_generation(self._wanted()))

    def _wanted(self) -> Generation:
        """The generation that settings and program ask for: the one in the catalog, else a new one with number 0."""
        wanted = Generation(0, self.settings.embedder, self._configured.name, SPLITTER)
        return self._like(wanted) or wanted

    def _like(self, wanted: Generation) -> Generation | None:
        known = self.catalog.generations()
        return next((g for g in known if (g.model, g.splitter) == (wanted.model, wanted.splitter)), None)

    def _build(
        self, target: Generation, progress: Callable[[Progress], None], stop: Callable[[], bool], pinned: str = ""
    ) -> bool:
        """Builds a generation beside the one that serves, and switches to it; False: stopped half-way."""
        target = self._like(target) or target
        if target.number == 0:
            with self.catalog.write() as writer:
                target = writer.add_generation(target)
        opened = self._open(target)
        try:
            if opened.embedder is None:
                raise SettingsError(f"{target.model}, which generation {target.number} needs, can't be loaded")
            finished, self._embedded = build(self.catalog, opened.projections, opened.embedder, progress, stop)
        finally:
            opened.close()
        if finished:
            self._switch(target, pinned)
        return finished

    def _switch(self, target: Generation, pinned: str = "") -> None:
        """Lets searches go to a generation that was built; keeps the one before it, and drops what is older."""
        if target.number == self.generation.number:
            return
        self._close_before()
        before = self.generation
        with self.catalog.write() as writer:
            if target.number == 0:
                target = writer.add_generation(target)
            writer.serve(target)
            writer.put_setting(_PINNED, pinned)
            dropped = [g.number for g in self.catalog.generations() if g.number not in (target.number, before.number)]
            for number in dropped:
                writer.remove_generation(number)
        self._before, self._current = self._current, self._open(replace(target, state="serving"))
        self._remove_strangers()

    def _remove_strangers(self) -> None:
        """Removes the folders of generations that the catalog does not name: dropped, or left by a kill."""
        named = {generation.folder for generation in self.catalog.generations()}
        for folder in self.settings.home.glob("generation-*"):
            if folder.name not in named:
                shutil.rmtree(folder, ignore_errors=True)

    def _open(self, generation: Generation) -> Opened:
        folder = self.settings.home / generation.folder
        chroma = ChromaIndex(folder / "vectors", generation.model)
        lexical = lexical_index(self.settings, generation, writable=True)
        projections = Projections(
            Projection(self.catalog, lexical, generation),
            DocumentProjection(self.catalog, self._documents, generation),
            Projection(self.catalog, chroma, generation, vectors=True),
        )
        mine = generation.model == self._configured.name
        return Opened(
            projections, lexical, chroma, self._configured if mine else embedder_of(self.settings, generation)
        )

    def _close_before(self) -> None:
        """Lets go of the generation that served before: a search that began then has ended long ago."""
        if self._before:
            self._before.close()
            self._before = None

    def close(self) -> None:
        self._close_before()
        self._current.close()
        self._documents.close()
        self.catalog.close()


@contextmanager
def open_owner(
    settings: Settings, role: str, handlers: Mapping[str, Any] | None = None, lock: WriterLock | None = None
) -> Iterator[Owner]:
    """The data folder as its owner, serving other processes' searches until the end; by a lock that is held already, or its own.

    Raises: WriterBusyError when another process owns it.
    """
    with ExitStack() as stack:
        lock = lock or WriterLock.acquire(settings.home, role)
        stack.callback(lock.release)
        owner = Owner(settings, lock)
        stack.callback(owner.close)
        service = OwnerService(lock, settings.home, {"search": search_handler(owner.dense_of), **(handlers or {})})
        stack.callback(service.close)
        yield owner
