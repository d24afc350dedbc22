"""The sync, top to bottom: list → fetch what changed → parse → redact → split → catalog → indexes catch up → report.

Sources are read side by side, each in a thread of its own (`_steps`); one thread writes (`_take`). Two passes: first the text of
every source, so that keyword search works within seconds; then the vectors. Whatever is committed to the catalog is acknowledged:
a run that is cut short, in whatever way, goes on from there.
"""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from typing import Any

from ingest.embedding import embed_missing, text_hashes
from ingest.ledger import Plan, plan, retry_at, sound, well_formed
from ingest.parsers import Parsed, document_kind, is_terraform, parse_document
from ingest.redaction import DECLARING, Finding, redact
from ingest.refusals import refuse_by_name
from ingest.rendering import Rendered
from ingest.sandbox import shared
from ingest.side_by_side import Ended, Feed, Interrupted, SideBySide
from ingest.sources import Link, Listed, Listing, Previous, Source, SourceSpec
from ingest.sources.scrubbed import ScrubbedSource
from rag.catalog import Catalog, CatalogWriter
from rag.catalog.names import kept_signature, own_signature
from rag.catalog.writer import now
from rag.errors import AudienceError, DocumentError, RefusedError, SourceError, WaypostError
from rag.indexes.projection import Projections
from rag.ports import Embedder, Progress
from rag.records import AccessRule, Document, Place, digest

PIPELINE = "18"  # a new number makes every document be parsed anew
_BATCH = 48  # documents in one transaction


@dataclass(frozen=True)
class SourceReport:
    """What a sync did with one source. `outcome` is done, held, partial, failed or interrupted; `counts` add up to listed."""

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
        troubled = any(s.outcome in ("failed", "partial", "held") or s.counts.get("quarantined") for s in self.sources)
        return troubled or self.troubled or bool(self.unnamed)


@dataclass(frozen=True)
class _Ready:
    """A listed item on its way into the catalog: its parsed document, or the reason why there is none, and whether what is
    stored of it `stays` then."""

    item: Listed
    signature: str
    outcome: str
    reason: str = ""
    text: str = ""
    version: str = ""
    parsed: Parsed | None = None
    findings: tuple[Finding, ...] = ()
    abbreviations: Mapping[str, str] = field(default_factory=dict)
    places: tuple[Place, ...] = ()
    link: Link = field(default_factory=lambda: Link("", ""))
    stays: bool = False


@dataclass(frozen=True)
class _Planned:
    """A source was listed: what its listing asks for, and what the ledger knew. `anew` has, by path, what is on new terms: the
    document and what it says itself, or why it can't be read."""

    listing: Listing
    plan: Plan
    ledger: Mapping[str, Any]
    anew: Mapping[str, tuple[Document, Parsed] | str]


@dataclass(frozen=True)
class _Batch:
    """Some items of a source were read."""

    ready: Sequence[_Ready]


_Step = _Planned | _Batch | Ended


@dataclass
class _Run:
    """How far the sync of one source is."""

    number: int
    counts: Counter[str] = field(default_factory=Counter)
    planned: _Planned | None = None
    read: int = 0


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
        self._approved: frozenset[str] = frozenset()

    def run(
        self, sources: Sequence[tuple[SourceSpec, Source]], approved: Collection[str] = ()
    ) -> SyncReport:  # fmt: skip
        """Syncs the sources side by side, then embeds what is new; it embeds meanwhile when all of them keep it waiting. The
        paths in `approved` were held, and may go by a person's word.

        Raises: StorageError when the disk is full or fails; what was committed until then is kept.
        """
        began = time.monotonic()
        self._approved = frozenset(approved)
        self._vectors.catch_up()
        embedded = 0
        runs = {feed: self._open_run(feed.spec) for feed in map(self._feed, sources)}
        reports: dict[str, SourceReport] = {}
        with SideBySide(list(runs), self._stop) as feeds:
            for feed, step in feeds.steps():
                if step is None:
                    embedded += self._embed(feeds.waiting)[0]
                elif report := self._take(feed, runs[feed], step):
                    reports[feed.spec.name] = report
        told = tuple(reports[spec.name] for spec, _ in sources)
        if any(report.outcome == "interrupted" for report in told):
            waiting = len(self._catalog.unembedded(self._generation))
            return SyncReport(told, embedded, time.monotonic() - began, True, waiting)
        last, waiting = self._embed()
        mended = {name: number for name, p in self._projections.by_name().items() if (number := p.verify())}
        interrupted = waiting > 0 and self._embedder is not None
        return SyncReport(told, embedded + last, time.monotonic() - began, interrupted, waiting, mended=mended)

    # -- the text of one source ---------------------------------------------------------------------------------------

    def _feed(self, source: tuple[SourceSpec, Source]) -> Feed:
        return Feed(*source, self._steps)

    def _steps(self, spec: SourceSpec, source: Source) -> Iterator[_Step]:
        """What is to be done for one source, in order, as its own thread finds out: it reads, and writes nothing."""
        try:
            yield from self._found(spec, source)
        finally:
            source.close()

    def _found(self, spec: SourceSpec, source: Source) -> Iterator[_Step]:
        ledger = self._catalog.items(spec.name)
        listing = sound(self._list(spec, source, ledger), ledger)
        planned = plan(
            listing, ledger, partial(_signature, spec=spec), partial(_terms, spec=spec), now(), self._approved
        )
        fresh, sensitive = self._sensitive(spec, source, planned.changed)
        if fresh:  # what gives such a variable its value may be unchanged itself
            planned = planned.with_changed([item for item in planned.unchanged if is_terraform(item.path)])
        yield _Planned(listing, planned, ledger, self._anew(spec, planned.on_new_terms))
        for at in range(0, len(planned.changed), _BATCH):
            yield _Batch(self._read(spec, source, planned.changed[at : at + _BATCH], sensitive))

    def _anew(self, spec: SourceSpec, items: Sequence[Listed]) -> dict[str, tuple[Document, Parsed] | str]:
        found: dict[str, tuple[Document, Parsed] | str] = {}
        for item in items:
            if document := self._catalog.document_at(spec.name, item.path):
                try:
                    found[item.path] = document, shared().run(parse_document, document)
                except DocumentError as error:
                    found[item.path] = str(error)
        return found

    def _list(self, spec: SourceSpec, source: Source, ledger: Mapping[str, Any]) -> Listing:
        known = {row.name: row.head for row in self._catalog.sources()}
        signatures = {path: own_signature(row.signature) for path, row in ledger.items() if row.signature}
        return well_formed(source.listing(Previous(known.get(spec.name, ""), signatures)))

    def _open_run(self, spec: SourceSpec) -> _Run:
        """Begins the record of a run. What is stored is from now on for nobody whom the settings leave out, listed or not: a
        listing may fail, and what is held is in none."""
        self._progress(Progress("listing", source=spec.name))
        beyond = self._catalog.documents_beyond(spec.name, spec.access)
        with self._catalog.write() as writer:
            for document in beyond:
                narrowed = AccessRule.of([*document.access.clauses, *spec.access.clauses])
                writer.put_access(replace(document, access=narrowed))
                writer.put_terms(spec.name, document.path, "")  # what is listed is given its own rule anew
            number = writer.start_run(spec.name)
            writer.put_source(spec.name, type=spec.type, location=redact(spec.location, "")[0])
        return _Run(number)

    def _take(self, feed: Feed, run: _Run, step: _Step) -> SourceReport | None:
        """Takes a step of a source over into the catalog; the report when it was the last one."""
        match step:
            case _Planned():
                run.planned = step
                self._keep(feed, run, step)
            case _Batch(ready):
                self._store_all(feed, run, ready)
            case Ended(error):
                return self._end(feed, run, error)
        return None

    def _keep(self, feed: Feed, run: _Run, step: _Planned) -> None:
        """Counts what is unchanged, lets moved documents keep their ids, and who may read what be as the source says now."""
        spec, planned, counts = feed.spec, step.plan, run.counts
        counts["listed"] = len(step.listing.items)
        for item in (*planned.unchanged, *planned.on_new_terms):
            outcome = step.ledger[item.path].outcome
            counts["unchanged" if outcome == "indexed" else outcome] += 1
        with self._catalog.write() as writer:
            writer.move_documents(spec.name, step.listing.moved)
            for item in planned.on_new_terms:
                match step.anew.get(item.path):
                    case (Document() as document, Parsed() as parsed):
                        owner, access = _owner(spec, item, parsed), _access(spec, item, parsed)
                        writer.put_access(replace(document, owner=owner, access=access))
                    case str(reason):  # who may read it can't be told: the next sync reads it anew
                        counts.subtract(["unchanged"])
                        counts["quarantined"] += 1
                        self._store(
                            writer, feed.spec, _Ready(item, kept_signature(item.signature, ""), "quarantined", reason)
                        )
                        continue
                writer.put_terms(spec.name, item.path, _terms(item, spec))
            writer.hold_items(spec.name, planned.held, planned.back)

    def _store_all(self, feed: Feed, run: _Run, ready: Sequence[_Ready]) -> None:
        with self._catalog.write() as writer:
            for one in ready:
                self._store(writer, feed.spec, one)
                run.counts[one.outcome] += 1
        run.read += len(ready)
        self._lexical.catch_up()
        total = len(run.planned.plan.changed) if run.planned else 0
        self._progress(Progress("reading", run.read, total, feed.spec.name))

    def _end(self, feed: Feed, run: _Run, error: Exception | None) -> SourceReport:
        """Lets go what is gone, and closes the record of this run."""
        spec, counts, planned = feed.spec, run.counts, run.planned
        outcome, message, head = "failed", "", ""
        if isinstance(error, Interrupted):
            outcome, message = "interrupted", "stopped before the end; the next sync goes on from here"
        elif error:
            message = (
                str(error) if isinstance(error, WaypostError) else f"{type(error).__name__} while reading it: {error}"
            )
        elif planned:
            outcome, message, head = self._settle(spec, planned, counts)
        self._lexical.catch_up()
        self._documents.catch_up()
        self._close_run(spec, run.number, outcome, message, head, counts)
        return SourceReport(spec.name, outcome, message, dict(counts))

    def _settle(self, spec: SourceSpec, planned: _Planned, counts: Counter[str]) -> tuple[str, str, str]:
        """Outcome, message and head of a source that was read to its end."""
        listing, ledger = planned.listing, planned.ledger
        self._remove(spec, planned.plan.gone, ledger)
        counts["gone"] = len(planned.plan.gone)
        if held := len(planned.plan.held):
            counts["held"] = held
            known = sum(bool(row.document_id) for row in ledger.values())
            message = f"{held} of its {known} documents are gone there, which is much: they are kept until you run "
            return "held", f"{message}`waypost approve {spec.name}`", listing.head
        accounted = sum(counts[name] for name in ("indexed", "unchanged", "skipped", "quarantined"))
        if accounted != counts["listed"]:
            return "partial", f"{counts['listed']} things were listed, and {accounted} accounted for; sync again", ""
        return ("done", listing.message, listing.head) if listing.complete else ("partial", listing.message, "")

    def _close_run(
        self, spec: SourceSpec, run: int, outcome: str, message: str, head: str, counts: Mapping[str, int]
    ) -> None:
        state = {"done": "ok", "held": "held", "failed": "stale"}.get(outcome, "partial")
        values = {"state": state, "message": message, "head": head}
        if outcome == "failed":
            del values["head"]  # nothing was read, so what was known still holds
        else:
            values["listed_at"] = now()
        if outcome in ("done", "held"):
            values["synced_at"] = now()
        with self._catalog.write() as writer:
            writer.put_source(spec.name, **values)
            writer.finish_run(run, outcome, message, counts)

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
                    with suppress(DocumentError):  # it will be quarantined when it is read
                        declared |= shared().sensitive(item.path, data)
        return declared - stored, declared | stored

    def _remove(self, spec: SourceSpec, gone: Collection[str], ledger: Mapping[str, Any]) -> None:
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
            reason = item.refusal or refuse_by_name("" if item.is_page else item.path, item.size)
            if reason:
                ready.append(_Ready(item, _signature(item, spec), "skipped", reason))
            else:
                wanted.append(item)
        for item, data in source.fetch(wanted):
            signature = _signature(item, spec)
            try:
                if isinstance(data, Exception):
                    raise data
                read = _digest_document(item, data, signature, sensitive)
                if isinstance(source, ScrubbedSource) and (reason := source.recognised(item.path, read.text)):
                    raise RefusedError(reason)
                ready.append(replace(read, link=_link(source, item, read.version)))
            except RefusedError as error:
                ready.append(_Ready(item, signature, "skipped", str(error)))
            except AudienceError as error:
                ready.append(_Ready(item, signature, "quarantined", str(error)))
            except DocumentError as error:
                ready.append(_Ready(item, signature, "quarantined", str(error), stays=item.stays))
            except SourceError:  # no document can be parsed now
                raise
            except Exception as error:  # noqa: BLE001  # the per-document guard: one bad document never stops a sync
                reason = f"{type(error).__name__} while parsing it"
                ready.append(_Ready(item, signature, "quarantined", reason, stays=item.stays))
        return ready

    def _store(self, writer: CatalogWriter, spec: SourceSpec, ready: _Ready) -> None:
        item = ready.item
        document_id = writer.document_id(spec.name, item.path)
        if ready.parsed is None:
            again = ready.outcome == "quarantined"
            attempts = writer.attempts(spec.name, item.path, ready.signature) + 1 if again else 0
            when = retry_at(attempts) if again else ""
            told = (spec.name, item.path, ready.signature, ready.outcome, ready.reason)
            if not (ready.stays and writer.keep_item(*told, when, attempts)):
                writer.remove_document(document_id)  # what it was before must not be found any more
                writer.put_item(*told, terms=_terms(item, spec), retry_at=when, attempts=attempts)
            return
        link, parsed = ready.link, ready.parsed
        document = Document(
            id=document_id, source=spec.name, path=item.path, title=parsed.title,
            kind=document_kind(item.path, spec.kind, bool(ready.places)), text=ready.text, version=ready.version, url=link.url,
            line_anchor=link.line_anchor, updated_at=item.updated_at, owner=_owner(spec, item, parsed),
            access=_access(spec, item, parsed),
            content_hash=hashlib.sha256(ready.text.encode("utf-8", "surrogatepass")).hexdigest(), notes=parsed.notes,
            outdated=parsed.outdated, reviewed_at=parsed.reviewed_at, review_due=parsed.review_due, places=ready.places,
        )  # fmt: skip
        hashes = text_hashes(parsed.title, parsed.drafts)
        writer.put_document(document, parsed.drafts, hashes, self._generation, ready.abbreviations, parsed.symbols)
        redactions = [{**asdict(one), "place": document.where(one.line)} for one in ready.findings]
        reason = "; ".join(parsed.notes)
        writer.put_item(
            spec.name, item.path, ready.signature, "indexed", reason, document_id, redactions, _terms(item, spec)
        )

    # -- vectors ------------------------------------------------------------------------------------------------------

    def _embed(self, meanwhile: Callable[[], bool] = lambda: False) -> tuple[int, int]:
        """Gives a vector to every text that has none yet, until something else is to be done: (how many, how many wait)."""
        if self._embedder is None:
            return 0, len(self._catalog.unembedded(self._generation))
        return embed_missing(
            self._catalog,
            self._generation,
            self._embedder,
            self._progress,
            lambda: self._stop() or meanwhile(),
            self._vectors.catch_up,
        )


def _signature(item: Listed, spec: SourceSpec) -> str:
    """The item's own signature, and that of everything else which shapes its documents."""
    return kept_signature(item.signature, f"{spec.fingerprint}.{PIPELINE}")


def _terms(item: Listed, spec: SourceSpec) -> str:
    """A name for what the source says of who may read an item, and whose it is."""
    return digest("terms", AccessRule.of([*spec.access.clauses, *item.access.clauses]).key, item.owner or spec.owner)[
        :16
    ]


def _access(spec: SourceSpec, item: Listed, parsed: Parsed) -> AccessRule:
    """Whom the source, the item and the document itself all admit."""
    own = [parsed.audience] if parsed.audience is not None else []
    return AccessRule.of([*spec.access.clauses, *item.access.clauses, *own])


def _owner(spec: SourceSpec, item: Listed, parsed: Parsed) -> str:
    return parsed.owner or item.owner or spec.owner


def _digest_document(item: Listed, data: bytes | Rendered, signature: str, sensitive: Collection[str]) -> _Ready:
    """decode or render → redact → parse, in another process: nothing here sees what was redacted."""
    found = shared().digest(item.path, data, sensitive)
    read = data if isinstance(data, bytes) else data.text.encode("utf-8", "surrogatepass")
    version = item.version or hashlib.sha256(read).hexdigest()
    return _Ready(
        item, signature, "indexed", "", found.text, version, found.parsed, found.findings, found.abbreviations,
        found.places,
    )  # fmt: skip


def _link(source: Source, item: Listed, version: str) -> Link:
    """The link to an item. Raises: DocumentError when its source, which may be others' code, gives none."""
    link = source.link(item, version)
    if not isinstance(link, Link) or not all(isinstance(part, str) for part in (link.url, link.line_anchor)):
        raise DocumentError(f"its source gave {type(link).__name__} for a link")
    return link


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
