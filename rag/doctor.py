"""The doctor proves that catalog, lexical index and vectors agree, id by id, and mends what does not.

Called by `waypost doctor`, in the process that owns the data folder.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from rag.catalog import Catalog
from rag.errors import IndexDamagedError
from rag.indexes.projection import Projection, Projections
from rag.ports import Scope

_SAMPLE = 200  # passages that must be found by their own vector
_NEIGHBOURS = 10
_TOLERATED = 0.02  # HNSW is approximate: a few of many vectors aren't among their own neighbours


@dataclass(frozen=True)
class Diagnosis:
    """What one index lacks, has too much, or holds in an older form, as ids; `unfound` by their own vector. `behind` counts what
    differs only because the last changes are not applied yet, which a sync that was cut short leaves; `error`: why the index
    can't be read at all."""

    index: str
    expected: int
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    outdated: tuple[str, ...] = ()
    unfound: tuple[str, ...] = ()
    sampled: int = 0
    error: str = ""
    behind: int = 0

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

    def as_json(self) -> dict[str, Any]:
        """As `waypost doctor --json` prints it."""
        diagnoses = [{"sound": diagnosis.sound, **asdict(diagnosis)} for diagnosis in self.diagnoses]
        return {"sound": self.sound, **asdict(self), "diagnoses": diagnoses}


def examine(catalog: Catalog, projections: Projections, faults: Mapping[str, str] | None = None) -> Report:
    """Compares every index with the catalog; those in `faults` can't be read, for the reason given, and are not."""
    diagnoses = []
    for name, projection in projections.by_name().items():
        fault = (faults or {}).get(name, "")
        try:
            if fault:
                raise IndexDamagedError(fault)
            found = _compare(name, projection)
            diagnoses.append(_find_selves(found, projection) if name == "vectors" else found)
        except IndexDamagedError as error:
            diagnoses.append(Diagnosis(name, projection.expected_count(), error=str(error)))
    waiting = projections.lexical.expected_count() - projections.vectors.expected_count()
    return Report(tuple(diagnoses), waiting)


def repair(catalog: Catalog, projections: Projections, report: Report) -> Report:
    """Gives each index what it lacks and takes away what it should not have; then examines anew."""
    repaired = []
    for diagnosis in report.diagnoses:
        if diagnosis.sound:
            continue
        projection = projections.by_name()[diagnosis.index]
        projection.catch_up()
        doubtful = [*diagnosis.extra, *diagnosis.outdated, *diagnosis.unfound]
        if len(diagnosis.unfound) > _TOLERATED * diagnosis.sampled + 1:  # the graph is broken: all of it anew
            doubtful = list(projection.index.stamps())
        projection.mend(doubtful)
        repaired.append(diagnosis.index)
    fresh = examine(catalog, projections)
    return Report(fresh.diagnoses, fresh.waiting, tuple(repaired))


def _compare(name: str, projection: Projection) -> Diagnosis:
    expected, held, pending = projection.expected(), projection.index.stamps(), projection.pending()
    differing = {i for i in expected.keys() | held.keys() if expected.get(i) != held.get(i)}
    wrong = differing - pending
    return Diagnosis(
        name,
        len(expected),
        missing=tuple(sorted(wrong - held.keys())),
        extra=tuple(sorted(wrong - expected.keys())),
        outdated=tuple(sorted(wrong & held.keys() & expected.keys())),
        behind=len(differing & pending),
    )


def _find_selves(found: Diagnosis, vectors: Projection) -> Diagnosis:
    """Searches a spread-out sample of passages by their own vector: counts alone don't show a damaged graph."""
    ids = sorted(vectors.expected().keys() - vectors.pending())
    entries = vectors.entries(ids[:: max(1, len(ids) // _SAMPLE)])
    unfound = []
    for entry in entries:
        if entry.vector is None:
            continue
        hits = vectors.index.search(entry.vector, _NEIGHBOURS, Scope((entry.access,)))
        # A text that stands in many documents has many equal vectors: as near as the nearest is as good as found.
        if not any(hit.id == entry.id or hit.score > 1 - 1e-4 for hit in hits):
            unfound.append(entry.id)
    return replace(found, unfound=tuple(unfound), sampled=len(entries))
