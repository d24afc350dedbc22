"""Citations, checked: each quote must stand, character for character, in the cited lines of the stored version.

Links, versions and lines come from the catalog, never from a model. What can't be verified is dropped, and its sentence
flagged. `rag.ask` calls this for every kind of answer, extractive ones included.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.catalog import Catalog
from rag.errors import NotFoundError
from rag.records import Citation, Document, ScoredPassage, Viewer


class Citer:
    """Numbers the citations of one answer. `evidence` is what the model was shown, in that order; it may grow."""

    def __init__(self, catalog: Catalog, viewer: Viewer, evidence: Sequence[ScoredPassage]) -> None:
        self._catalog = catalog
        self._viewer = viewer
        self._evidence = list(evidence)
        self._citations: list[Citation] = []

    @property
    def citations(self) -> tuple[Citation, ...]:
        return tuple(self._citations)

    @property
    def evidence(self) -> tuple[ScoredPassage, ...]:
        return tuple(self._evidence)

    def add(self, evidence: Sequence[ScoredPassage]) -> None:
        """What the model was shown besides, numbered behind what it was shown before."""
        self._evidence.extend(evidence)

    def shown(self, index: int) -> str:
        """What the model was shown as evidence number `index`: the passage, and what names it."""
        found = self._evidence[index]
        document, passage = found.document, found.passage
        return "\n".join((passage.text, document.title, passage.heading, document.source, document.path))

    def cite(self, index: int, start: int, end: int, quote: str) -> Citation | None:
        """The citation of `quote` in evidence number `index` (from 0), said to stand in lines start to end.

        None when there is no such evidence, when the viewer may not see it (any more), when its stored version is no
        longer the one that was shown, or when the quote is not in those lines. The same place keeps its number.
        """
        if not 0 <= index < len(self._evidence) or not quote.strip():
            return None
        shown = self._evidence[index]
        document = self._stored(shown.document.id)
        if document is None or document.version != shown.document.version:
            return None
        passage = shown.passage
        place = locate(document, quote, max(start, passage.start_line), min(end, passage.end_line))
        if place is None:
            return None
        first, last, verbatim = place
        for known in self._citations:
            if (known.passage_id, known.start_line, known.end_line, known.quote) == (passage.id, first, last, verbatim):
                return known
        citation = Citation(
            number=len(self._citations) + 1, document_id=document.id, passage_id=passage.id, source=document.source,
            path=document.path, title=document.title, start_line=first, end_line=last, quote=verbatim,
            url=document.link(first, last), version=document.version, updated_at=document.updated_at,
            owner=document.owner, reviewed_at=document.reviewed_at, review_due=document.review_due,
            place=document.place(first, last),
        )  # fmt: skip
        self._citations.append(citation)
        return citation

    def _stored(self, document_id: str) -> Document | None:
        """The document as it is stored now: it may have changed while the model spoke."""
        try:
            return self._catalog.document(document_id, self._viewer)
        except NotFoundError:
            return None


def locate(document: Document, quote: str, start: int, end: int) -> tuple[int, int, str] | None:
    """Where `quote` stands verbatim within lines start to end: (first line, last line, the quote without outer newlines).

    None when it does not. White space around the quote is not part of it; within it every character counts.
    """
    wanted = quote.strip("\n")
    region = document.lines(start, end) if 1 <= start <= end else ""
    at = region.find(wanted)
    if at < 0:
        wanted = quote.strip()
        at = region.find(wanted)
    if at < 0 or not wanted.strip():
        return None
    first = start + region.count("\n", 0, at)
    return first, first + wanted.count("\n"), wanted
