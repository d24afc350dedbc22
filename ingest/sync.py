"""The sync, top to bottom: list → fetch what changed → parse → redact → split → catalog → indexes catch up → report.

Two passes: first the text of every source, so that keyword search works within seconds; then the vectors. Whatever is
committed to the catalog is acknowledged: a run that is cut short, in whatever way, goes on from there.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from ingest.abbreviations import abbreviations
from ingest.embedding import embed_missing, text_hashes
from ingest.parsers import Parsed, document_kind, is_terraform, parse
from ingest.redaction import DECLARING, Finding, redact, sensitive_variables
from ingest.refusals import decode, refuse_by_name
from ingest.sources import Listed, Listing, Previous, Source, SourceSpec
from rag.catalog import Catalog, CatalogWriter
from rag.catalog.writer import now
from rag.errors import DocumentError, RefusedError, SettingsError, SourceError
from rag.indexes.projection import Projections
from rag.ports import Embedder, Progress
from rag.records import AccessRule, Document

_PIPELINE = "7"  # a new number makes every document be parsed anew
_BATCH = 48  # documents in one transaction


class Interrupted(Exception):
    """The user asked the sync to stop; what was done is kept."""


@dataclass(frozen=True)
class SourceReport:
    """What a sync did with one source. `outcome` is done, partial, failed or interrupted; `counts` add up to listed."""

    name: str
    outcome: str
    message: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SyncReport:
    """What a sync did. `embedded` counts texts, `waiting` those that still have no vector; times are in seconds.

    `unnamed` are sources that were synced once and are not named any more: they are still answered from. `mended` counts the
    entries of an index that did not hold what the catalog says, and do now. `generation` says what became of another
    generation of the indexes, where there was something to say; `troubled`: it needs a person.
    """

    sources: tuple[SourceReport, ...]
    embedded: int
    took_s: float
    interrupted: bool = False
    waiting: int = 0
    unnamed: tuple[str, ...] = ()
    mended: Mapping[str, int] = field(default_factory=dict)
    generation: str = ""
    troubled: bool = False

    @property
    def needs_a_person(self) -> bool:
        troubled = any(s.outcome in ("failed", "partial") or s.counts.get("quarantined") for s in self.sources)
        return troubled or self.troubled or bool(self.unnamed)


@dataclass(frozen=True)
class _Ready:
    """A listed item on its way into the catalog: its parsed document, or the reason why there is none."""

    item: Listed
    signature: str
    outcome: str
    reason: str = ""
    text: str = ""
    version: str = ""
    parsed: Parsed | None = None
    findings: tuple[Finding, ...] = ()
    abbreviations: Mapping[str, str] = field(default_factory=dict)


class Sync:
    """One run over some sources, into the generation that serves. The caller holds the writer's lock; `stop` is asked between
    steps. Without an embedder (the generation's own can't be loaded any more) new texts are found by their words alone.
    """

    def __init__(
        self, catalog: Catalog, projections: Projections, embedder: Embedder | None,
        progress: Callable[[Progress], None] = lambda step: None, stop: Callable[[], bool] = lambda: False,
    ) -> None:  # fmt: skip
        self._catalog = catalog
        self._projections = projections
        self._lexical = projections.lexical
        self._documents = projections.documents
        self._vectors = projections.vectors
        self._generation = projections.generation
        self._embedder = embedder
        self._progress = progress
        self._stop = stop

    def run(self, sources: Sequence[tuple[SourceSpec, Source]]) -> SyncReport:
        """Syncs the sources in order, then embeds what is new.

        Raises: StorageError when the disk is full or fails; what was committed until then is kept.
        """
        began = time.monotonic()
        reports: list[SourceReport] = []
        self._vectors.catch_up()
        for spec, source in sources:
            reports.append(self._sync_source(spec, source))
            if reports[-1].outcome == "interrupted":
                waiting = len(self._catalog.unembedded(self._generation))
                return SyncReport(tuple(reports), 0, time.monotonic() - began, True, waiting)
        embedded, waiting = self._embed()
        mended = {name: number for name, p in self._projections.by_name().items() if (number := p.verify())}
        interrupted = waiting > 0 and self._embedder is not None
        return SyncReport(tuple(reports), embedded, time.monotonic() - began, interrupted, waiting, mended=mended)

    # -- the text of one source ---------------------------------------------------------------------------------------

    def _sync_source(self, spec: SourceSpec, source: Source) -> SourceReport:
        with self._catalog.write() as writer:
            run = writer.start_run(spec.name)
            writer.put_source(spec.name, type=spec.type, location=spec.location)
        counts: Counter[str] = Counter()
        outcome, message, head = "failed", "", ""
        try:
            listing = self._list(spec, source)
            counts["listed"] = len(listing.items)
            self._take_in(spec, source, listing, counts)
            message, head = listing.message, listing.head if listing.complete else ""
            outcome = "done" if listing.complete else "partial"
        except (SettingsError, SourceError) as error:
            message = str(error)
        except Interrupted:
            outcome, message = "interrupted", "stopped before the end; the next sync goes on from here"
        self._lexical.catch_up()
        self._documents.catch_up()
        self._close_run(spec, run, outcome, message, head, counts)
        return SourceReport(spec.name, outcome, message, dict(counts))

    def _list(self, spec: SourceSpec, source: Source) -> Listing:
        self._progress(Progress("listing", source=spec.name))
        known = {row.name: row.head for row in self._catalog.sources()}
        signatures = {path: row.signature.rsplit("|", 1)[0] for path, row in self._catalog.items(spec.name).items()}
        return source.listing(Previous(known.get(spec.name, ""), signatures))

    def _close_run(
        self, spec: SourceSpec, run: int, outcome: str, message: str, head: str, counts: Mapping[str, int]
    ) -> None:
        state = {"done": "ok", "interrupted": "partial"}.get(outcome, "stale" if outcome == "failed" else "partial")
        values = {"state": state, "message": message, "head": head}
        if outcome == "failed":
            del values["head"]  # nothing was read, so what was known still holds
        else:
            values["listed_at"] = now()
        if outcome == "done":
            values["synced_at"] = now()
        with self._catalog.write() as writer:
            writer.put_source(spec.name, **values)
            writer.finish_run(run, outcome, message, counts)

    def _take_in(self, spec: SourceSpec, source: Source, listing: Listing, counts: Counter[str]) -> None:
        """Brings the catalog from what it holds of the source to what the listing says."""
        ledger = self._catalog.items(spec.name)
        sound = {path: row.signature for path, row in ledger.items() if row.outcome != "quarantined"}
        known = {item.path for item in listing.items if sound.get(item.path) == _signature(item, spec)}
        fresh, sensitive = self._sensitive(spec, source, [item for item in listing.items if item.path not in known])
        if fresh:  # what gives such a variable its value may be unchanged itself
            known = {path for path in known if not is_terraform(path)}
        for path in known:
            counts["unchanged" if ledger[path].outcome == "indexed" else ledger[path].outcome] += 1
        changed = [item for item in listing.items if item.path not in known]
        self._move(spec, listing)
        total = len(changed)
        for at in range(0, total, _BATCH):
            batch = changed[at : at + _BATCH]
            ready = self._read(spec, source, batch, sensitive)
            with self._catalog.write() as writer:
                for one in ready:
                    self._store(writer, spec, source, one)
                    counts[one.outcome] += 1
            self._lexical.catch_up()
            self._progress(Progress("reading", at + len(batch), total, spec.name))
            self._check()
        if listing.complete:
            moved_away = set(listing.moved.values())
            gone = ledger.keys() - {item.path for item in listing.items} - moved_away
            self._remove(spec, gone)
            counts["gone"] = len(gone)

    def _sensitive(
        self, spec: SourceSpec, source: Source, changed: Sequence[Listed]
    ) -> tuple[set[str], set[str]]:  # fmt: skip
        """The variables that the source's Terraform declares sensitive: those that the catalog did not know, and all. Changed
        files are asked before any is read for good: what gives a value may come before what says that it is secret."""
        stored = self._catalog.symbols.sensitive(spec.name)
        declared: set[str] = set()
        files = [item for item in changed if item.path.endswith(DECLARING) and not item.refusal]
        for at in range(0, len(files), _BATCH):
            for item, data in source.fetch(files[at : at + _BATCH]):
                if isinstance(data, bytes) and b"sensitive" in data:
                    declared |= sensitive_variables(data.decode("utf-8", "replace"), item.path)
            self._check()
        return declared - stored, declared | stored

    def _check(self) -> None:
        if self._stop():
            raise Interrupted

    def _move(self, spec: SourceSpec, listing: Listing) -> None:
        with self._catalog.write() as writer:
            for new, old in listing.moved.items():
                writer.move_document(spec.name, old, new)

    def _remove(self, spec: SourceSpec, gone: set[str]) -> None:
        ledger = self._catalog.items(spec.name)
        with self._catalog.write() as writer:
            for path in sorted(gone):
                if ledger[path].document_id:
                    writer.remove_document(ledger[path].document_id)
                writer.remove_item(spec.name, path)

    # -- one document -------------------------------------------------------------------------------------------------

    def _read(
        self, spec: SourceSpec, source: Source, items: Sequence[Listed], sensitive: Collection[str]
    ) -> list[_Ready]:
        """Fetches and parses; a document that fails becomes a row with its reason, and the rest go on."""
        ready: list[_Ready] = []
        wanted: list[Listed] = []
        for item in items:
            reason = item.refusal or refuse_by_name(item.path, item.size)
            if reason:
                ready.append(_Ready(item, _signature(item, spec), "skipped", reason))
            else:
                wanted.append(item)
        for item, data in source.fetch(wanted):
            signature = _signature(item, spec)
            try:
                if isinstance(data, Exception):
                    raise data
                ready.append(_digest_document(item, data, signature, sensitive))
            except RefusedError as error:
                ready.append(_Ready(item, signature, "skipped", str(error)))
            except DocumentError as error:
                ready.append(_Ready(item, signature, "quarantined", str(error)))
            except Exception as error:  # noqa: BLE001  # the per-document guard: one bad document never stops a sync
                ready.append(_Ready(item, signature, "quarantined", f"{type(error).__name__} while parsing it"))
        return ready

    def _store(self, writer: CatalogWriter, spec: SourceSpec, source: Source, ready: _Ready) -> None:
        item = ready.item
        document_id = writer.document_id(spec.name, item.path)
        if ready.parsed is None:
            writer.remove_document(document_id)  # what it was before must not be found any more
            writer.put_item(spec.name, item.path, ready.signature, ready.outcome, ready.reason)
            return
        link = source.link(item, ready.version)
        parsed = ready.parsed
        audience = AccessRule.of([*spec.access.clauses, *([parsed.audience] if parsed.audience is not None else [])])
        document = Document(
            id=document_id, source=spec.name, path=item.path, title=parsed.title,
            kind=document_kind(item.path, spec.kind), text=ready.text, version=ready.version, url=link.url,
            line_anchor=link.line_anchor, updated_at=item.updated_at, owner=parsed.owner or spec.owner, access=audience,
            content_hash=hashlib.sha256(ready.text.encode("utf-8", "surrogatepass")).hexdigest(), notes=parsed.notes,
            outdated=parsed.outdated,
        )  # fmt: skip
        hashes = text_hashes(parsed.title, parsed.drafts)
        writer.put_document(document, parsed.drafts, hashes, self._generation, ready.abbreviations, parsed.symbols)
        redactions = [asdict(finding) for finding in ready.findings]
        reason = "; ".join(parsed.notes)
        writer.put_item(spec.name, item.path, ready.signature, "indexed", reason, document_id, redactions)

    # -- vectors ------------------------------------------------------------------------------------------------------

    def _embed(self) -> tuple[int, int]:
        """Gives a vector to every text that has none yet: (how many, how many wait)."""
        if self._embedder is None:
            return 0, len(self._catalog.unembedded(self._generation))
        return embed_missing(
            self._catalog, self._generation, self._embedder, self._progress, self._stop, self._vectors.catch_up
        )


def _signature(item: Listed, spec: SourceSpec) -> str:
    """The item's own signature, and that of everything else which shapes its documents."""
    return f"{item.signature}|{spec.fingerprint}.{_PIPELINE}"


def _digest_document(item: Listed, data: bytes, signature: str, sensitive: Collection[str]) -> _Ready:
    """decode → redact → parse: from here on nothing sees what was redacted."""
    text, notes = decode(data)
    redacted, findings = redact(text, item.path, sensitive)
    parsed = parse(item.path, redacted)
    version = item.version or hashlib.sha256(data).hexdigest()
    parsed = replace(parsed, notes=(*notes, *parsed.notes))
    return _Ready(item, signature, "indexed", "", redacted, version, parsed, findings, abbreviations(redacted))


def as_json(report: SyncReport) -> dict[str, Any]:
    """The report as `waypost sync --json` prints it."""
    return {
        "sources": [asdict(source) for source in report.sources],
        "embedded": report.embedded,
        "took_s": round(report.took_s, 2),
        "interrupted": report.interrupted,
        "waiting": report.waiting,
        "unnamed": list(report.unnamed),
        "needs_a_person": report.needs_a_person,
        "mended": dict(report.mended),
        "generation": report.generation,
    }
