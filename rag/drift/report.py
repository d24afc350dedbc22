"""The whole way: documents that claim to hold now → what they state → what code says → where the two disagree.

Nothing is guessed from wording alone: a statement is held against code only where it names what code names. The figures behind
the confidences stand in docs/decisions/0012-drift.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from rag.catalog import Catalog
from rag.catalog.kept import Kept
from rag.drift.contradictions import contradictions
from rag.drift.facts import Facts
from rag.drift.gone import Repositories, Went, gone
from rag.drift.records import Drift, Places
from rag.records import Document, Viewer
from rag.terraform.lookup import TerraformLookup

REPORTED = 0.6  # confidence from which a disagreement is reported
_PAST = re.compile(
    r"(^|/)(\.\w+|incidents?|old|archive[sd]?|decisions?|adrs?|architecture-decision-records?|changelogs?)(/|\.|$)",
    re.I,
)


def find_drift(
    catalog: Catalog,
    viewer: Viewer,
    facts: Facts,
    documents: Iterable[Document] | None = None,
    went: Went | None = None,
) -> list[Drift]:
    """Every disagreement that this viewer may see, surest first. `went` looks names up in git's history; without it nothing is
    reported that history alone could tell."""
    chosen = [d for d in (catalog.documents_for(viewer) if documents is None else documents) if speaks_of_now(d)]
    cloned = {row.name: row.location for row in catalog.sources() if row.type == "git"}
    known = Repositories(catalog.any_links(), catalog.listed_paths(), cloned)
    placed = Places(catalog)
    found: list[Drift] = []
    for document in chosen:
        found.extend(contradictions(document, facts, placed))
    found.extend(gone(chosen, facts, known, went, placed))
    return sorted(
        _first_of_each(found), key=lambda drift: (-drift.confidence, drift.document.path, drift.document.line)
    )


def speaks_of_now(document: Document) -> bool:
    """Whether a document describes what is, and not what was or was decided."""
    prose = document.kind not in ("terraform", "decision", "incident", "code", "config")
    return prose and not document.outdated and not _PAST.search(document.path)


def _first_of_each(found: Iterable[Drift]) -> Iterator[Drift]:
    """One report of what stands on one line, the surest."""
    best: dict[tuple[str, int, str, str], Drift] = {}
    for drift in found:
        key = (drift.document_id, drift.document.line, drift.stated, drift.about)
        if key not in best or best[key].confidence < drift.confidence:
            best[key] = drift
    yield from best.values()


class DriftWatch:
    """Drift of everything, or of the documents that an answer rests on. What code says is kept until the catalog changes."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._facts = Kept(catalog, lambda viewer: facts_for(catalog, viewer))

    def everything(self, viewer: Viewer, went: Went) -> list[Drift]:
        """All drift, whatever its confidence, with the days on which names went."""
        return find_drift(self._catalog, viewer, self._facts.of(viewer), went=went)

    def of(self, documents: Iterable[Document], viewer: Viewer) -> list[Drift]:
        """What the documents state otherwise than code, as far as it is reported and history isn't needed to tell."""
        found = find_drift(self._catalog, viewer, self._facts.of(viewer), documents)
        return [drift for drift in found if drift.confidence >= REPORTED]


def facts_for(catalog: Catalog, viewer: Viewer) -> Facts:
    """What the code that this viewer may see says."""
    return Facts(TerraformLookup(catalog, viewer).symbols())
