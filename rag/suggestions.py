"""Suggestions while somebody types: headings and titles that hold what was typed so far, of documents that the viewer may read.

The index of words finds them, limited to the viewer's access rules inside its query; so nothing is told of what is hidden, not
even that there is less. The faces call `Suggester`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rag.catalog import Catalog
from rag.ports import Scope
from rag.records import Document, Passage, Viewer
from rag.search import Serving

LONGEST = 200  # letters of what was typed that are read
_POOL = 100  # passages that are looked at: a document that is found by its title brings all of its own


@dataclass(frozen=True)
class Suggestion:
    """A passage whose heading was found, or, with `heading` "", the document, whose title was."""

    document: Document
    passage: Passage
    heading: str


class Suggester:
    """Suggests over one catalog; `serving` gives the generation that serves now."""

    def __init__(self, catalog: Catalog, serving: Callable[[], Serving]) -> None:
        self._catalog = catalog
        self._serving = serving

    def suggest(self, typed: str, viewer: Viewer, k: int) -> list[Suggestion]:
        """At most k, best first; none for what has no word."""
        chunks = typed[:LONGEST].lower().split()
        scope = Scope(self._catalog.access_keys(viewer))
        hits = self._serving().lexical.beginning(chunks, _POOL, scope) if chunks else []
        passages = self._catalog.passages([hit.id for hit in hits])
        found = [passages[hit.id] for hit in hits if hit.id in passages]
        documents = self._catalog.documents({one.document_id for one in found})
        shown = {key: one for key, one in documents.items() if one.access.key in scope.access}
        kept: dict[tuple[str, str], Suggestion] = {}
        for one in _holding(chunks, found, shown):
            kept.setdefault((one.document.id, one.heading), one)
        return list(kept.values())[:k]


def _holding(chunks: Sequence[str], found: Sequence[Passage], documents: dict[str, Document]) -> Iterator[Suggestion]:
    """Those in whose heading and title all stands that was typed, to the letter: the index knows words by their stems."""
    for passage in found:
        document = documents.get(passage.document_id)
        if document is None:
            continue
        title, heading = document.title.lower(), passage.heading.lower()
        if all(chunk in title for chunk in chunks):
            yield Suggestion(document, passage, "")
        elif any(chunk in heading for chunk in chunks) and all(chunk in f"{title} {heading}" for chunk in chunks):
            yield Suggestion(document, passage, passage.heading)
