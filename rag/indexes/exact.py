"""`ExactVectors`: nearest passages by comparing every stored vector, straight from the catalog.

For a process that does not own the data folder and finds no owner: it needs no lock and no Chroma (whose import alone takes more
than a second), and it misses nothing. 100,000 vectors are compared in about 14 ms once they are read.
"""

from __future__ import annotations

import numpy as np

from rag.catalog import Catalog
from rag.errors import RetryLaterError
from rag.ports import Hit, Scope, Vectors
from rag.records import Generation

_MOST = 400_000  # vectors (600 MB) that a passing process reads


class ExactVectors:
    """A generation's vectors as the catalog has them now; read at the first search and again when the catalog changed."""

    def __init__(self, catalog: Catalog, generation: Generation) -> None:
        self._catalog = catalog
        self._generation = generation
        self._mark = -1
        self._ids: list[str] = []
        self._columns: dict[str, np.ndarray] = {}
        self._matrix: Vectors = np.zeros((0, 0), dtype=np.float32)

    def watermark(self) -> int:
        return self._catalog.last_change()

    def search(self, vector: Vectors, k: int, scope: Scope) -> list[Hit]:
        """The best k passages within `scope`. Raises: RetryLaterError when there are too many vectors to read each time."""
        self._refresh()
        admitted = np.flatnonzero(self._admitted(scope))
        if not len(admitted):
            return []
        scores = self._matrix[admitted] @ vector if len(admitted) < len(self._ids) else self._matrix @ vector
        best = np.argpartition(-scores, min(k, len(scores)) - 1)[:k]
        ranked = sorted(best, key=lambda row: (-scores[row], self._ids[admitted[row]]))
        return [Hit(self._ids[admitted[row]], float(scores[row])) for row in ranked]

    def _admitted(self, scope: Scope) -> np.ndarray:
        admitted = np.isin(self._columns["access"], scope.access)
        for column, values in (("source", scope.sources), ("kind", scope.kinds)):
            if values:
                admitted &= np.isin(self._columns[column], values)
        if scope.paths:
            admitted &= np.isin(self._columns["path"], scope.matching)
        return admitted

    def _refresh(self) -> None:
        mark = self._catalog.last_change()
        if mark == self._mark:
            return
        if self._catalog.count(self._generation, embedded_only=True) > _MOST:
            raise RetryLaterError("too many vectors to read for one search; start `waypost serve`, which keeps them")
        self._ids, self._columns, self._matrix = self._catalog.vectors(self._generation)
        self._mark = mark
