"""What a reader should know of the documents that an answer cites: they are outdated, overdue for review, of a source that could
not be read, contradicted by code or by another page, or show what an engineer would speak up about. `rag.ask` asks `Warnings`
for flags of what was cited, and beforehand for what a model should be told of the evidence.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime

from rag.answers.caveats.conflicts import Conflict, conflicts, preferred_first, spot
from rag.answers.caveats.opposed import opposed
from rag.answers.caveats.red_flags import red_flags
from rag.answers.values.asked import AskedFor
from rag.catalog import Catalog
from rag.drift import Drift, DriftWatch
from rag.drift.records import Place
from rag.records import Citation, Document, Flag, ScoredPassage, Spot, Viewer
from rag.terraform.entries import FALLBACK

_PLAIN = re.compile(r"[^\w./@:~ -]")  # what a path holds beyond this is not repeated to a model
_TOLD = 3  # doubts of each kind that a model is told of


class Warnings:
    """Flags of the documents in one catalog."""

    def __init__(self, catalog: Catalog, drift: DriftWatch) -> None:
        self._catalog = catalog
        self._drift = drift

    def of(
        self,
        citations: Sequence[Citation],
        evidence: Sequence[ScoredPassage],
        viewer: Viewer,
        asked: AskedFor | None = None,
    ) -> Iterator[Flag]:
        """`asked` are the values of Terraform that were asked for: what contradicts those is told, cited or not, and nothing of
        other environments than those that the question names."""
        yield from _outdated(citations, evidence)
        yield from _overdue(citations)
        yield from self._stale(citations)
        drifted = [*self._drifted(citations, evidence, viewer, asked or AskedFor())]
        yield from drifted
        told = {(one.source, one.path, one.line) for flag in drifted for one in flag.spots}
        yield from _conflicting(citations, evidence, told)
        yield from _opposed(citations, evidence)
        yield from red_flags(citations, evidence)

    def beforehand(
        self, evidence: tuple[ScoredPassage, ...], viewer: Viewer
    ) -> tuple[tuple[ScoredPassage, ...], tuple[str, ...]]:
        """The evidence in the order in which a model should read it, and what it should know of it. That names places alone: what
        documents say stands among the search results, as data."""
        found = conflicts(evidence)
        told = [_disagreement(conflict) for conflict in found][:_TOLD]
        documents = {one.document.id: one.document for one in evidence}
        drifts = [
            drift for drift in self._drift.of(documents.values(), viewer) if drift.code and _shown(drift, evidence)
        ]
        told += (
            f"{_plain(drift.document)} states what {_plain(drift.code)} contradicts: prefer the code, say that they disagree."
            for drift in drifts[:_TOLD]
        )
        told += [*filter(None, map(_aged, documents.values()))][:_TOLD]
        return preferred_first(evidence, found), tuple(told)

    def _stale(self, citations: Sequence[Citation]) -> Iterator[Flag]:
        """A flag for each cited source that could not be read the last time."""
        cited = {citation.source for citation in citations}
        for row in self._catalog.sources():
            if row.name in cited and row.state == "stale":
                yield Flag("stale", row.name, f"last read in full {row.synced_at or 'never'}: {row.message}")

    def _drifted(
        self, citations: Sequence[Citation], evidence: Sequence[ScoredPassage], viewer: Viewer, asked: AskedFor
    ) -> Iterator[Flag]:
        """A flag for each cited line that code contradicts (conflict), or that names what code does not have (drift); and for
        what is found, or stands beside the code, that contradicts a value that is told."""
        documents = {found.document.id: found.document for found in evidence}
        documents.update((one.id, one) for one in self._beside(citations, asked, viewer))
        cited = {c.document_id for c in citations}
        told = _lines(citations) & {(step.source, step.path, step.line) for step in asked.steps}
        for drift in self._drift.of((one for i, one in documents.items() if i in cited or told), viewer):
            lines = [(c.start_line, c.end_line) for c in citations if c.document_id == drift.document_id]
            contradicts = drift.code is not None and (drift.code.source, drift.code.path, drift.code.line) in told
            shown = any(start <= drift.document.line <= end for start, end in lines)
            if contradicts or (shown and not _is_of_others(drift, asked)):
                here = spot(documents[drift.document_id], drift.document.line)
                if drift.code is None:
                    yield Flag("drift", drift.stated, f"{drift.summary} ({drift.about})", (here,))
                    continue
                there = self._dated(drift.code)
                dated = ", ".join(_dated_place(one) for one in (here, there))
                yield Flag("conflict", drift.stated, f"{drift.summary} ({dated}); prefer the code", (there, here))

    def _beside(self, citations: Sequence[Citation], asked: AskedFor, viewer: Viewer) -> Iterator[Document]:
        """The README of each folder in which a line of a value stands that is told."""
        folders = {(c.source, posixpath.dirname(c.path)) for c in citations} if asked.values else set()
        for source, folder in sorted(folders):
            found = self._catalog.document_at(source, posixpath.join(folder, "README.md"))
            if found and found.access.admits(viewer.groups):
                yield found

    def _dated(self, place: Place) -> Spot:
        document = self._catalog.document_at(place.source, place.path)
        return Spot(
            place.source, place.path, place.line, place.quote, place.url, document.updated_at if document else ""
        )


def _lines(citations: Sequence[Citation]) -> set[tuple[str, str, int]]:
    return {(c.source, c.path, line) for c in citations for line in range(c.start_line, c.end_line + 1)}


def _is_of_others(drift: Drift, asked: AskedFor) -> bool:
    """Whether what code contradicts is the entry of an environment that the code knows, and another than those that are named."""
    key = drift.about.rpartition(".")[2]
    return bool(asked.named.known) and key in {*asked.code_knows, FALLBACK} and key not in asked.named.known


def _dated_place(one: Spot) -> str:
    return f"{one.source}/{one.path}:{one.line}" + (f", {one.updated_at[:10]}" if one.updated_at else "")


def _aged(document: Document) -> str:
    """What a model should know of a document's age; "" for nothing."""
    where = _PLAIN.sub("?", f"{document.source}/{document.path}")
    if document.outdated:
        return f"{where} says of itself that it is outdated: say so when you cite it."
    if document.review_due and document.review_due < datetime.now(UTC).date().isoformat():
        return f"{where} is past its review date ({document.review_due[:10]}): say so when you rest on it."
    return ""


def _shown(drift: Drift, evidence: Sequence[ScoredPassage]) -> bool:
    """Whether the line that code contradicts is among the evidence."""
    return any(
        found.document.id == drift.document_id
        and found.passage.start_line <= drift.document.line <= found.passage.end_line
        for found in evidence
    )


def _plain(place: Place | None) -> str:
    return _PLAIN.sub("?", f"{place.source}/{place.path}:{place.line}") if place else ""


def _disagreement(conflict: Conflict) -> str:
    one, two = conflict.preferred, conflict.other
    places = [_PLAIN.sub("?", f"{s.document.source}/{s.document.path}:{s.line}") for s in (one, two)]
    prefer = f"prefer the first, {conflict.why}" if conflict.why else "nothing tells which holds"
    return f"{places[0]} and {places[1]} disagree: {prefer}. Say so, and show both with their dates."


def _conflicting(
    citations: Sequence[Citation], evidence: Sequence[ScoredPassage], told: Collection[tuple[str, str, int]]
) -> Iterator[Flag]:
    """A flag for each cited statement that another page contradicts, unless code has settled it (`told`)."""
    cited = [(c.document_id, c.start_line, c.end_line) for c in citations]
    for conflict in conflicts(evidence):
        if any((one.source, one.path, one.line) in told for one in conflict.spots):
            continue
        statements = conflict.preferred, conflict.other
        if any(s.document.id == i and first <= s.line <= last for s in statements for i, first, last in cited):
            shown = f"{statements[0].shown} or {statements[1].shown}"
            yield Flag("conflict", shown, conflict.reason, conflict.spots)


def _opposed(citations: Sequence[Citation], evidence: Sequence[ScoredPassage]) -> Iterator[Flag]:
    """A flag for each name that one cited page tells to remove, and another says destroys something when it is removed."""
    documents = {found.document.id: found.document for found in evidence}
    for one in opposed(citations):
        if one.order.document_id in documents and one.harm.document_id in documents:
            harm = spot(documents[one.harm.document_id], one.harm_line)
            order = spot(documents[one.order.document_id], one.order_line)
            reason = (
                f"{_dated_place(harm)} says that removing it destroys something, {_dated_place(order)} tells to remove it: "
                "they may speak of two cases; make sure which is yours before you remove anything"
            )
            yield Flag("conflict", f"remove {one.name}", reason, (harm, order))


def _outdated(citations: Sequence[Citation], evidence: Sequence[ScoredPassage]) -> tuple[Flag, ...]:
    """A flag for each cited document that says of itself that it is deprecated, superseded or moved."""
    documents = {found.document.id: found.document for found in evidence}
    cited = dict.fromkeys(citation.document_id for citation in citations)
    outdated = [documents[i] for i in cited if i in documents and documents[i].outdated]
    return tuple(Flag("outdated", document.outdated, f"{document.source}/{document.path}") for document in outdated)


def _overdue(citations: Sequence[Citation]) -> Iterator[Flag]:
    """A flag for each cited document whose review is overdue by its own words."""
    today = datetime.now(UTC).date().isoformat()
    for (source, path), due in {(c.source, c.path): c.review_due for c in citations}.items():
        if due and due < today:
            yield Flag("review overdue", due, f"{source}/{path}")
