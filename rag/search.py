"""Hybrid search: keywords and meaning, each within what the viewer may see, fused into one order.

`Retriever.search` is the whole way: scope → the indexes → fusion → growth → the catalog's records. Every face comes here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from rag.catalog import Catalog
from rag.errors import IndexDamagedError, RetryLaterError, SettingsError
from rag.growth import grow
from rag.indexes.lexical import glob_regex
from rag.ports import Embedder, Hit, Index, Scope, Vectors
from rag.records import KINDS, Coverage, Passage, ScoredPassage, Viewer

_POOL = 100  # candidates from each index
# Weights of the fused score, measured on five sets: docs/decisions/0008-ranking.md
_DENSE_WEIGHT = 0.4  # of meaning against words
_DOCUMENT_WEIGHT = 0.2  # of the whole document's words on top
MAX_QUERY = 4000  # characters of a query


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


class VectorSearch(Protocol):
    """The part of an index of vectors that a search needs."""

    def watermark(self) -> int: ...

    def search(self, vector: Vectors, k: int, scope: Scope) -> list[Hit]: ...


class LocalDense:
    """Vector search in this process: over Chroma in the one that owns it, else over the catalog's own vectors."""

    def __init__(self, embedder: Embedder, index: VectorSearch) -> None:
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
    """Searches one catalog: passages by words (`lexical`), whole documents by words (`documents`), passages by meaning."""

    def __init__(self, catalog: Catalog, lexical: Index, documents: Index, dense: Dense) -> None:
        self._catalog = catalog
        self._lexical = lexical
        self._documents = documents
        self._dense = dense

    def search(self, query: str, viewer: Viewer, k: int = 10, filters: Filters | None = None) -> SearchResult:
        """The best k results for this viewer. A search never fails for want of vectors: `coverage` says so instead.

        Raises: SettingsError for an empty or over-long query or an unknown filter; IndexDamagedError when even the lexical
        index can't be read.
        """
        check_query(query)
        scope = self._scope(viewer, filters or Filters())
        mark = self._lexical.watermark()
        pool = max(_POOL, k)
        lexical = self._lexical.search(query, pool, scope)
        dense = self._search_dense(query, pool, scope)
        documents = self._documents.search(query, _POOL, scope)
        passages = self._catalog.passages({hit.id for hit in (*lexical, *dense.hits)})
        ranked = fuse(lexical, dense.hits, documents, {p.id: p.document_id for p in passages.values()})
        coverage = self._catalog.coverage(scope.access, mark, dense.watermark)
        note = dense.note if coverage.passages or self._catalog.sources() else "nothing has been synced yet"
        nearness = dense.hits[0].score if dense.hits else None
        return SearchResult(self._resolve(ranked, passages, scope, k), replace(coverage, note=note), nearness)

    def candidates(self, query: str, viewer: Viewer) -> tuple[ScoredPassage, ...]:
        """Every passage that either index found, by id, unranked and ungrown: for telling where an answer was lost."""
        scope = self._scope(viewer, Filters())
        hits = [*self._lexical.search(query, _POOL, scope), *self._search_dense(query, _POOL, scope).hits]
        passages = self._catalog.passages({hit.id for hit in hits})
        documents = self._catalog.documents({passage.document_id for passage in passages.values()})
        return tuple(
            ScoredPassage(p, documents[p.document_id], 0.0) for p in passages.values() if p.document_id in documents
        )

    def _scope(self, viewer: Viewer, filters: Filters) -> Scope:
        sources = {row.name for row in self._catalog.sources()} if filters.sources else set()
        for what, names, known in (("source", filters.sources, sources), ("kind", filters.kinds, set(KINDS))):
            for name in names:
                if name not in known:
                    raise SettingsError(f"there is no {what} {name!r}")
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
        self, ranked: Sequence[Ranked], passages: Mapping[str, Passage], scope: Scope, k: int
    ) -> tuple[ScoredPassage, ...]:
        """The records behind the ids. What the catalog no longer shows this viewer is left out."""
        by_id = {row.id: row for row in ranked}
        results = grow([(row.id, row.score) for row in ranked], passages, k, self._catalog.passages_of)
        documents = self._catalog.documents({result.passages[0].document_id for result in results})
        found = []
        for result in results:
            document = documents.get(result.passages[0].document_id)
            if document and document.access.key in scope.access:
                row = by_id[result.seed]
                found.append(ScoredPassage(result.joined(document), document, row.score, row.why))
        return tuple(found)


def check_query(query: str) -> None:
    """Raises: SettingsError when there is nothing to look for, or too much."""
    if not query.strip():
        raise SettingsError("the question is empty; write what you are looking for")
    if len(query) > MAX_QUERY:
        raise SettingsError(f"the question has {len(query):,} characters; at most {MAX_QUERY:,} are read")


@dataclass(frozen=True)
class Ranked:
    """A passage's id with its fused score, and the names of the indexes that found it."""

    id: str
    score: float
    why: tuple[str, ...]


def fuse(
    lexical: Sequence[Hit],
    dense: Sequence[Hit],
    documents: Sequence[Hit] = (),
    document_of: Mapping[str, str] | None = None,
) -> list[Ranked]:
    """The passages of both lists, best first: a weighted sum of standard scores, their own and their document's.

    `document_of` gives a passage's document; a passage without one (it is gone) is left out. Where the lexical list is the
    shorter one, the other passages hold none of the words: they count as zeros, so that a word which a single passage holds
    lifts it far. What a list lacks gets its lowest standard score. Ties fall by id, so that order is stable.
    """
    ids = {hit.id for hit in (*lexical, *dense)}
    if document_of is not None:
        ids &= document_of.keys()
    words, least_words = _standard(lexical, max(0, len(dense) - len(lexical)))
    meaning, least_meaning = _standard(dense)
    whole, least_whole = _standard(documents, max(0, len(set((document_of or {}).values())) - len(documents)))
    ranked = []
    for passage_id in ids:
        score = (1 - _DENSE_WEIGHT) * words.get(passage_id, least_words) + _DENSE_WEIGHT * meaning.get(
            passage_id, least_meaning
        )
        score += _DOCUMENT_WEIGHT * whole.get((document_of or {}).get(passage_id, ""), least_whole)
        why = tuple(name for name, scores in (("lexical", words), ("vectors", meaning)) if passage_id in scores)
        ranked.append(Ranked(passage_id, score, why))
    return sorted(ranked, key=lambda row: (-row.score, row.id))


def _standard(hits: Sequence[Hit], zeros: int = 0) -> tuple[dict[str, float], float]:
    """Standard scores by id, and the lowest of them, as if `zeros` further passages had scored 0."""
    if not hits:
        return {}, 0.0
    scores = np.array([*(hit.score for hit in hits), *[0.0] * zeros], dtype=np.float64)
    standard = (scores - scores.mean()) / (scores.std() or 1.0)
    return {hit.id: float(score) for hit, score in zip(hits, standard, strict=False)}, float(standard.min())
