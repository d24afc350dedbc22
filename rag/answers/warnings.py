"""What a reader should know of the documents that an answer cites: they are outdated, overdue for review, of a source that could
not be read, or contradicted by code. `rag.ask` asks `Warnings` for them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rag.catalog import Catalog
from rag.drift import DriftWatch
from rag.records import Citation, Flag, ScoredPassage, Viewer


class Warnings:
    """Flags of the documents in one catalog."""

    def __init__(self, catalog: Catalog, drift: DriftWatch) -> None:
        self._catalog = catalog
        self._drift = drift

    def of(self, citations: Sequence[Citation], evidence: Sequence[ScoredPassage], viewer: Viewer) -> Iterator[Flag]:
        yield from _outdated(citations, evidence)
        yield from _overdue(citations)
        yield from self._stale(citations)
        yield from self._drifted(citations, evidence, viewer)

    def _stale(self, citations: Sequence[Citation]) -> Iterator[Flag]:
        """A flag for each cited source that could not be read the last time."""
        cited = {citation.source for citation in citations}
        for row in self._catalog.sources():
            if row.name in cited and row.state == "stale":
                yield Flag("stale", row.name, f"last read in full {row.synced_at or 'never'}: {row.message}")

    def _drifted(
        self, citations: Sequence[Citation], evidence: Sequence[ScoredPassage], viewer: Viewer
    ) -> Iterator[Flag]:
        """A flag for each cited line that code contradicts."""
        documents = {found.document.id: found.document for found in evidence}
        cited = {c.document_id: documents[c.document_id] for c in citations if c.document_id in documents}
        for drift in self._drift.of(cited.values(), viewer):
            lines = [(c.start_line, c.end_line) for c in citations if c.document_id == drift.document_id]
            if any(start <= drift.document.line <= end for start, end in lines):
                where = f"{drift.code.source}/{drift.code.path}:{drift.code.line}" if drift.code else drift.about
                yield Flag("drift", drift.stated, f"{drift.summary} ({where})")


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
