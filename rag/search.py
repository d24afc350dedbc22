"""Hybrid search: keywords and meaning, each within what the viewer may see, fused into one order.

`Retriever.search` is the whole way: scope → both indexes → fusion → the catalog's records. Every face comes through here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from rag.catalog import Catalog
from rag.errors import IndexDamagedError, RetryLaterError
from rag.indexes.lexical import glob_regex
from rag.ports import Embedder, Hit, Index, Scope
from rag.records import Coverage, ScoredPassage, Viewer

_POOL = 100  # candidates from each index
_DENSE_WEIGHT = 0.4  # of the fused score; measured on three sets, see docs/decisions/0005-fusion.md
MAX_QUERY = 4000  # characters of a query that are looked at


@dataclass(frozen=True)
class Filters:
    """What a search is limited to besides access: names of sources, kinds of document, path globs."""

    sources: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class DenseHits:
    """What the vector search found, and the change number up to which it could look; `note` when it could not."""

    hits: tuple[Hit, ...]
    watermark: int
    note: str = ""


class Dense(Protocol):
    """Vector search by text, wherever the vectors are: in this process or at the owner's."""

    def search(self, text: str, k: int, scope: Scope) -> DenseHits: ...


class LocalDense:
    """Vector search in the process that owns Chroma."""

    def __init__(self, embedder: Embedder, index: Index) -> None:
        self._embedder = embedder
        self._index = index

    def search(self, text: str, k: int, scope: Scope) -> DenseHits:
        mark = self._index.watermark()
        if mark == 0 or not scope.access:
            return DenseHits((), mark)
        vector = self._embedder.embed([text])[0]
        return DenseHits(tuple(self._index.search(vector, k, scope)), mark)


@dataclass(frozen=True)
class NoDense:
    """No vector search, and why: keywords alone."""

    reason: str

    def search(self, text: str, k: int, scope: Scope) -> DenseHits:
        return DenseHits((), 0, f"keyword search only: {self.reason}")


@dataclass(frozen=True)
class SearchResult:
    """Passages, best first, and how much of the catalog was searched.

    `nearness` is the cosine between the question and the nearest passage, None where no vector was searched. It helps to
    judge whether there is evidence at all, and is never shown.
    """

    passages: tuple[ScoredPassage, ...]
    coverage: Coverage
    nearness: float | None = None


class Retriever:
    """Searches one catalog with its two indexes."""

    def __init__(self, catalog: Catalog, lexical: Index, dense: Dense) -> None:
        self._catalog = catalog
        self._lexical = lexical
        self._dense = dense

    def search(self, query: str, viewer: Viewer, k: int = 10, filters: Filters | None = None) -> SearchResult:
        """The best k passages for this viewer. A search never fails for want of vectors: `coverage` says so instead.

        Raises: IndexDamagedError when even the lexical index can't be read.
        """
        query = query[:MAX_QUERY]
        scope = self._scope(viewer, filters or Filters())
        mark = self._lexical.watermark()
        lexical = self._lexical.search(query, max(_POOL, k), scope)
        dense = self._search_dense(query, max(_POOL, k), scope)
        ranked = fuse(lexical, dense.hits)
        coverage = self._catalog.coverage(scope.access, mark, dense.watermark)
        nearness = dense.hits[0].score if dense.hits else None
        return SearchResult(self._resolve(ranked, scope, k), replace(coverage, note=dense.note), nearness)

    def _scope(self, viewer: Viewer, filters: Filters) -> Scope:
        matching: tuple[str, ...] = ()
        if filters.paths:
            globs = [re.compile(glob_regex(glob)) for glob in filters.paths]
            matching = tuple(path for path in self._catalog.paths() if any(g.fullmatch(path) for g in globs))
        return Scope(self._catalog.access_keys(viewer), filters.sources, filters.kinds, filters.paths, matching)

    def _search_dense(self, query: str, k: int, scope: Scope) -> DenseHits:
        try:
            return self._dense.search(query, k, scope)
        except (RetryLaterError, IndexDamagedError) as error:
            return NoDense(str(error)).search(query, k, scope)

    def _resolve(
        self, ranked: Sequence[tuple[str, float, tuple[str, ...]]], scope: Scope, k: int
    ) -> tuple[ScoredPassage, ...]:
        """The records behind the ids. What the catalog no longer has, or no longer shows this viewer, is left out."""
        passages = self._catalog.passages([passage_id for passage_id, _, _ in ranked[: k + 50]])
        documents = self._catalog.documents({passage.document_id for passage in passages.values()})
        found: list[ScoredPassage] = []
        for passage_id, score, why in ranked:
            passage = passages.get(passage_id)
            document = documents.get(passage.document_id) if passage else None
            if passage and document and document.access.key in scope.access:
                found.append(ScoredPassage(passage, document, score, why))
            if len(found) == k:
                break
        return tuple(found)


def fuse(lexical: Sequence[Hit], dense: Sequence[Hit]) -> list[tuple[str, float, tuple[str, ...]]]:
    """(id, score, found by), best first: the weighted sum of both lists' standard scores.

    Where the lexical list is the shorter one, the other passages hold none of the words: they count as zeros, so that a
    word which a single passage holds lifts it far. A passage that one list lacks gets that list's lowest standard score.
    Ties fall by id, so that order is stable.
    """
    zeros = max(0, len(dense) - len(lexical))
    lists = {
        "lexical": (*_standard(lexical, zeros), 1 - _DENSE_WEIGHT),
        "vectors": (*_standard(dense), _DENSE_WEIGHT),
    }
    ranked = []
    for passage_id in {hit.id for hit in (*lexical, *dense)}:
        score = sum(weight * scores.get(passage_id, lowest) for scores, lowest, weight in lists.values())
        why = tuple(name for name, (scores, _, _) in lists.items() if passage_id in scores)
        ranked.append((passage_id, score, why))
    return sorted(ranked, key=lambda row: (-row[1], row[0]))


def _standard(hits: Sequence[Hit], zeros: int = 0) -> tuple[dict[str, float], float]:
    """Standard scores by id, and the lowest of them, as if `zeros` further passages had scored 0."""
    if not hits:
        return {}, 0.0
    scores = np.array([*(hit.score for hit in hits), *[0.0] * zeros], dtype=np.float64)
    standard = (scores - scores.mean()) / (scores.std() or 1.0)
    return {hit.id: float(score) for hit, score in zip(hits, standard, strict=False)}, float(standard.min())
