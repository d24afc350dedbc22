"""The doctor proves that catalog, lexical index and vectors agree, id by id, and mends what does not.

Called by `waypost doctor`, in the process that owns the data folder.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from rag.catalog import Catalog
from rag.indexes.projection import Projection
from rag.ports import Index, Scope

_SAMPLE = 200  # passages that must be found by their own vector
_NEIGHBOURS = 10
_TOLERATED = 0.02  # HNSW is approximate: a few of many vectors aren't among their own neighbours


@dataclass(frozen=True)
class Diagnosis:
    """What one index lacks, has too much, or holds in an older form, as passage ids; `unfound` by their own vector."""

    index: str
    expected: int
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    outdated: tuple[str, ...] = ()
    unfound: tuple[str, ...] = ()
    sampled: int = 0
    error: str = ""

    @property
    def sound(self) -> bool:
        unfindable = len(self.unfound) > _TOLERATED * self.sampled + 1
        return not (self.missing or self.extra or self.outdated or unfindable or self.error)


@dataclass(frozen=True)
class Report:
    """The doctor's findings; `waiting` passages have no vector yet, which a sync that was cut short leaves."""

    diagnoses: tuple[Diagnosis, ...]
    waiting: int = 0
    repaired: tuple[str, ...] = field(default=())

    @property
    def sound(self) -> bool:
        return all(diagnosis.sound for diagnosis in self.diagnoses)


def examine(catalog: Catalog, lexical: Index, vectors: Index, model: str) -> Report:
    """Compares both indexes with the catalog."""
    everything, embedded = catalog.stamps(), catalog.stamps(embedded_only=True)
    return Report(
        (
            _compare("lexical", everything, lexical),
            _find_selves(_compare("vectors", embedded, vectors), catalog, vectors, sorted(embedded), model),
        ),
        waiting=len(everything) - len(embedded),
    )


def repair(catalog: Catalog, lexical: Projection, vectors: Projection, report: Report, model: str) -> Report:
    """Gives each index what it lacks and takes away what it should not have; then examines anew."""
    repaired = []
    for diagnosis, projection, embedder in zip(report.diagnoses, (lexical, vectors), ("", model), strict=True):
        if diagnosis.sound:
            continue
        projection.catch_up()
        index, mark = projection.index, projection.index.watermark()
        doubtful = [*diagnosis.extra, *diagnosis.outdated, *diagnosis.unfound]
        if len(diagnosis.unfound) > _TOLERATED * diagnosis.sampled + 1:  # the graph is broken: all of it anew
            doubtful = list(index.stamps())
        index.apply([], doubtful, mark)
        held = index.stamps()
        wanted = [i for i in catalog.stamps(embedded_only=bool(embedder)) if i not in held]
        for at in range(0, len(wanted), 2000):
            index.apply(catalog.entries(wanted[at : at + 2000], embedder), [], mark)
        repaired.append(diagnosis.index)
    fresh = examine(catalog, lexical.index, vectors.index, model)
    return Report(fresh.diagnoses, fresh.waiting, tuple(repaired))


def _compare(name: str, expected: dict[str, str], index: Index) -> Diagnosis:
    held = index.stamps()
    return Diagnosis(
        name,
        len(expected),
        missing=tuple(sorted(expected.keys() - held.keys())),
        extra=tuple(sorted(held.keys() - expected.keys())),
        outdated=tuple(sorted(i for i in held.keys() & expected.keys() if held[i] != expected[i])),
    )


def _find_selves(found: Diagnosis, catalog: Catalog, vectors: Index, ids: list[str], model: str) -> Diagnosis:
    """Searches a spread-out sample of passages by their own vector: counts alone don't show a damaged graph."""
    sample = ids[:: max(1, len(ids) // _SAMPLE)]
    entries = catalog.entries(sample, model)
    unfound = []
    for entry in entries:
        hits = vectors.search(entry.vector, _NEIGHBOURS, Scope((entry.access,))) if entry.vector is not None else []
        # A text that stands in many documents has many equal vectors: as near as the nearest is as good as found.
        if not any(hit.id == entry.id or hit.score > 1 - 1e-4 for hit in hits):
            unfound.append(entry.id)
    return Diagnosis(
        found.index, found.expected, found.missing, found.extra, found.outdated, tuple(unfound), len(entries)
    )
