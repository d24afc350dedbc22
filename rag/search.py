"""Hybrid search: keywords and meaning, each within what the viewer may see, fused into one order.

`Retriever.search` is the whole way: scope → what is asked → the indexes → fusion → reranking → growth → the catalog's records.
Every face comes here.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Protocol

from rag.catalog import Catalog
from rag.errors import GenerationChangedError, IndexDamagedError, RetryLaterError, SettingsError
from rag.growth import grow
from rag.indexes.lexical import glob_regex
from rag.indexes.tokens import tokenise
from rag.literals import defining_headings, exactness
from rag.ports import Embedder, Hit, Index, Reranker, Scope, Terms, Vectors
from rag.ranking import DEFINING, MEASURED, Found, Ranked, Weights, apart, fuse, reorder
from rag.records import KINDS, Coverage, Generation, Passage, ScoredPassage, Standing, Usage, Viewer
from rag.shorthand import Forms, other_forms
from rag.spans import Spans
from rag.stacks import stacks_apart
from rag.turns import Turns
from rag.understanding import Understanding, understand

_POOL = 100  # candidates from each index
_UNUSUAL = 0.99  # how rare a short form of the field is that is looked for in its long form too
_RERANKED = 30  # passages that a reranker judges
MAX_QUERY = 4000  # characters of a query
_AT_ONCE = (
    2  # searches that compute: more of them wait for each other in Python, which makes all of them slower (bench.serve)
)
_MENTIONS = 8  # passages by which a word's spelling is judged
_SWITCHES, _SWITCHING = 40, 0.05  # how often, and after how many seconds, a search begins anew while generations switch


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
        self._missing = ""

    def watermark(self) -> int:
        """The last change of the catalog that can be searched."""
        return self._index.watermark()

    def search(self, text: str, k: int, scope: Scope) -> DenseHits:
        mark = self._index.watermark()
        if mark == 0 or not scope.access:
            return DenseHits((), mark)
        try:
            vector = self._embedder.embed([text])[0] if not self._missing else None
        except SettingsError as error:  # it can't be loaded: tried once, since trying may take a minute
            self._missing, vector = str(error), None
        if vector is None:
            return NoDense(self._missing).search(text, k, scope)
        return DenseHits(tuple(self._index.search(vector, k, scope)), mark)


@dataclass(frozen=True)
class NoDense:
    """No vector search, and why: keywords alone."""

    reason: str

    def search(self, text: str, k: int, scope: Scope) -> DenseHits:
        return DenseHits((), 0, f"keyword search only: {self.reason}")


@dataclass(frozen=True)
class SearchResult:
    """Passages of one generation, best first, and how much of the catalog was searched.

    `nearness` is the cosine between the question and the nearest passage, None where no vector was searched. It helps to
    judge whether there is evidence at all, and is never shown. `usage` is what a model counted that ordered them.
    """

    passages: tuple[ScoredPassage, ...]
    coverage: Coverage
    generation: Generation
    nearness: float | None = None
    usage: Usage = field(default_factory=Usage)


class Lexical(Index, Protocol):
    """An index of words, which can also say how a word is spelt, how rare it is, and what begins with what is typed."""

    def spelt(self, word: str, scope: Scope) -> str: ...

    def rarity(self, word: str, scope: Scope) -> float: ...

    def beginning(self, chunks: Sequence[str], k: int, scope: Scope) -> list[Hit]: ...


@dataclass(frozen=True)
class Serving:
    """A generation whose indexes are open: passages by words, whole documents by words, passages by meaning."""

    generation: Generation
    lexical: Lexical
    documents: Index
    dense: Dense


Made = Callable[[], SearchResult]
Elsewhere = Callable[[str, Viewer, int, Filters, Made], SearchResult]  # makes a search, or has it made here


def here(query: str, viewer: Viewer, k: int, filters: Filters, made: Made) -> SearchResult:
    """Makes a search where it was asked for."""
    return made()


class Retriever:
    """Searches one catalog. `serving` gives the generation that serves now: each search asks once, so that none mixes two.

    `weights` are what `make bench-ranking` varies; `elsewhere` may have a search made by another process.
    """

    def __init__(
        self, catalog: Catalog, serving: Callable[[], Serving], reranker: Reranker | None = None,
        weights: Weights = MEASURED, spans: Spans | None = None, elsewhere: Elsewhere = here,
    ) -> None:  # fmt: skip
        self._catalog = catalog
        self._serving = serving
        self._elsewhere = elsewhere
        self._reranker = reranker
        self._weights = weights
        self._spans = spans or Spans()
        self._turns = Turns(_AT_ONCE)

    def search(self, query: str, viewer: Viewer, k: int = 10, filters: Filters | None = None) -> SearchResult:
        """The best k results for this viewer. A search never fails for want of vectors: `coverage` says so instead.

        Raises: SettingsError for an empty or over-long query or an unknown filter; IndexDamagedError when even the lexical
        index can't be read.
        """
        query = query.encode("utf-8", "replace").decode()  # a command line may hold what is no text
        check_query(query)
        filters = filters or Filters()
        with self._spans.span("retrieve", {"k": k, "content.query": query}) as told:
            result = self._elsewhere(
                query, viewer, k, filters, lambda: self._search_steadily(query, k, self._scope(viewer, filters))
            )
            told.update(passages=len(result.passages), degraded=bool(result.coverage.note))
        return result

    def _search_steadily(self, query: str, k: int, scope: Scope) -> SearchResult:
        """A search that begins anew while generations switch."""
        for _ in range(_SWITCHES):
            try:
                return self._search(self._serving(), query, k, scope)
            except GenerationChangedError:
                time.sleep(_SWITCHING)
        serving = self._serving()
        without = NoDense("the process that owns the data folder serves another generation")
        return self._search(replace(serving, dense=without), query, k, scope)

    def _search(self, serving: Serving, query: str, k: int, scope: Scope) -> SearchResult:
        with self._turns:
            ranked, passages, mark, dense = self._ranked(serving, query, k, scope)
        spent: list[Usage] = []
        ranked, doubt = self._reranked(query, ranked, passages, spent)
        with self._turns:
            coverage = self._catalog.coverage(scope.access, mark, dense.watermark, serving.generation)
            resolved = self._resolve(serving.generation, ranked, passages, scope, k)
        note = dense.note if coverage.passages or self._catalog.sources() else "nothing has been synced yet"
        note = "; ".join(filter(None, (note, doubt)))
        nearness = dense.hits[0].score if dense.hits else None
        usage = sum(spent, Usage())
        return SearchResult(resolved, replace(coverage, note=note), serving.generation, nearness, usage)

    def _ranked(
        self, serving: Serving, query: str, k: int, scope: Scope
    ) -> tuple[list[Ranked], dict[str, Passage], int, DenseHits]:
        """The candidates in their order, with their records, and up to which change both indexes could look."""
        asked = self._understand(serving, query, scope)
        mark = serving.lexical.watermark()
        found, dense = self._find(serving, asked, max(_POOL, k), scope)
        passages = self._catalog.passages({hit.id for hit in (*found.lexical, *found.dense)})
        document_of = {passage.id: passage.document_id for passage in passages.values()}
        standings = self._catalog.standings(set(document_of.values()))
        exact = exactness(asked.literals, {p.id: _told(p, standings) for p in passages.values()})
        defining = defining_headings(asked.text)
        for passage in passages.values() if defining else ():
            if passage.heading_path[:1] and passage.heading_path[0] in defining:
                exact[passage.id] = exact.get(passage.id, 0.0) + DEFINING
        ranked = fuse(found, document_of, standings, asked.kinds, exact, self._weights)
        ranked = apart(ranked, passages, {i: standings[d].kind for i, d in document_of.items() if d in standings})
        return stacks_apart(asked.text, ranked, passages, standings), passages, mark, dense

    def rarity(self, viewer: Viewer) -> Callable[[str], float]:
        """What tells how rare a word is among the passages that this viewer may read: 0 (in all of them) to 1 (in none)."""
        lexical, scope = self._serving().lexical, self._scope(viewer, Filters())
        return cache(lambda word: lexical.rarity(word, scope))

    def mentions(self, viewer: Viewer) -> Callable[[str], list[str]]:
        """What gives the texts of some passages that hold a word, of those that this viewer may read."""
        lexical, scope = self._serving().lexical, self._scope(viewer, Filters())

        def mentioning(word: str) -> list[str]:
            hits = lexical.search(Terms({word: 1.0}), _MENTIONS, scope)
            return [passage.text for passage in self._catalog.passages({hit.id for hit in hits}).values()]

        return mentioning

    def together(self, first: str, second: str, viewer: Viewer) -> bool:
        """Whether two words stand beside each other, in whatever form, in a passage that the viewer may read."""
        asked = Terms({}, (), ((first, second),))
        return bool(self._serving().lexical.search(asked, 1, self._scope(viewer, Filters())))

    def holds(self, name: str, viewer: Viewer) -> bool:
        """Whether anything that the viewer may read has a name: as it is written, or its parts beside each other."""
        lexical, scope = self._serving().lexical, self._scope(viewer, Filters())
        words = [part for part in re.split(r"[-_]", name.lower()) if part]
        if any(lexical.rarity(word, scope) == 1.0 for word in words):
            return bool(lexical.search(Terms({"".join(words): 1.0}, (name.lower(),)), 1, scope))
        beside = list(zip(words, words[1:], strict=False))
        whole = Terms({}, (name.lower(), "-".join(words), "_".join(words), "".join(words)))
        return (
            not beside
            or bool(lexical.search(whole, 1, scope))
            or all(lexical.search(Terms({}, (), (pair,)), 1, scope) for pair in beside)
        )

    def spelt(self, word: str, viewer: Viewer) -> str:
        """A word as what the viewer may read spells it, where it is one slip away from that."""
        return self._serving().lexical.spelt(word, self._scope(viewer, Filters()))

    def forms(self, question: str, viewer: Viewer) -> Forms:
        """What a question says in another form: by documents that the viewer may read, and by what the field calls things."""
        return self._forms(tokenise(question).words, self._scope(viewer, Filters()))

    def _forms(self, words: Sequence[str], scope: Scope) -> Forms:
        return [*self._catalog.other_forms(words, scope.access), *other_forms(words)]

    def candidates(self, query: str, viewer: Viewer) -> tuple[ScoredPassage, ...]:
        """Every passage that either index found, by id, unranked and ungrown: for telling where an answer was lost."""
        query = query.encode("utf-8", "replace").decode()
        serving, scope = self._serving(), self._scope(viewer, Filters())
        try:
            found, _ = self._find(serving, self._understand(serving, query, scope), _POOL, scope)
        except GenerationChangedError:
            return self.candidates(query, viewer)
        passages = self._catalog.passages({hit.id for hit in (*found.lexical, *found.dense)})
        documents = self._catalog.documents({passage.document_id for passage in passages.values()})
        return tuple(
            ScoredPassage(p, documents[p.document_id], 0.0) for p in passages.values() if p.document_id in documents
        )

    def _understand(self, serving: Serving, query: str, scope: Scope) -> Understanding:
        lexical = serving.lexical
        readable = Scope(scope.access)
        rarity = cache(lambda word: lexical.rarity(word, readable))

        within = replace(
            scope, paths=(), matching=()
        )  # a glob is slow to look for, and says little of how words are spelt

        def spelt(word: str) -> str:
            return lexical.spelt(word, within)

        def forms(words: Sequence[str]) -> Forms:
            unusual = [said for said in other_forms(words) if rarity(said[0]) >= _UNUSUAL or " " in said[0]]
            return [*self._catalog.other_forms(words, scope.access), *unusual]

        return understand(query, spelt, rarity, forms)

    def _find(self, serving: Serving, asked: Understanding, pool: int, scope: Scope) -> tuple[Found, DenseHits]:
        dense = self._search_dense(serving.dense, asked.text, pool, scope)
        lexical = serving.lexical.search(asked.terms, pool, scope)
        return Found(lexical, dense.hits, serving.documents.search(asked.terms, _POOL, scope)), dense

    def _scope(self, viewer: Viewer, filters: Filters) -> Scope:
        sources = self._catalog.known_sources(viewer) if filters.sources else set()
        for what, names, known in (("source", filters.sources, sources), ("kind", filters.kinds, set(KINDS))):
            for name in names:
                if name not in known:
                    there = f"; there are: {', '.join(KINDS)}" if what == "kind" else ""
                    raise SettingsError(f"there is no {what} {name!r}{there}")
        matching: tuple[str, ...] = ()
        if filters.paths:
            globs = [re.compile(glob_regex(glob)) for glob in filters.paths]
            matching = tuple(path for path in self._catalog.paths() if any(g.fullmatch(path) for g in globs))
        return Scope(self._catalog.access_keys(viewer), filters.sources, filters.kinds, filters.paths, matching)

    @staticmethod
    def _search_dense(dense: Dense, text: str, k: int, scope: Scope) -> DenseHits:
        try:
            return dense.search(text, k, scope)
        except GenerationChangedError:
            raise
        except (RetryLaterError, IndexDamagedError) as error:
            return NoDense(str(error)).search(text, k, scope)

    def _reranked(
        self, query: str, ranked: list[Ranked], passages: Mapping[str, Passage], spent: list[Usage]
    ) -> tuple[list[Ranked], str]:  # fmt: skip
        """The first passages in the reranker's order, and why not, when it could not judge."""
        if self._reranker is None or not ranked:
            return ranked, ""
        first = ranked[:_RERANKED]
        documents = self._catalog.documents({passages[row.id].document_id for row in first})
        judged = [
            ScoredPassage(passages[row.id], documents[passages[row.id].document_id], row.score, row.why)
            for row in first
            if passages[row.id].document_id in documents
        ]
        try:
            scores = self._reranker.scores(query, judged, spent)
        except (RetryLaterError, SettingsError) as error:  # SettingsError: it can't be loaded, and a search goes on
            return ranked, f"not reranked: {error}"
        return reorder(ranked, {found.passage.id: score for found, score in zip(judged, scores, strict=True)}), ""

    def _resolve(
        self, generation: Generation, ranked: Sequence[Ranked], passages: Mapping[str, Passage], scope: Scope, k: int
    ) -> tuple[ScoredPassage, ...]:
        """The records behind the ids. What the catalog no longer shows this viewer is left out."""
        by_id = {row.id: row for row in ranked}

        def passages_of(document_id: str) -> list[Passage]:
            return self._catalog.passages_of(document_id, generation)

        results = grow([(row.id, row.score) for row in ranked], passages, k, passages_of)
        documents = self._catalog.documents({result.passages[0].document_id for result in results})
        found = []
        for result in results:
            document = documents.get(result.passages[0].document_id)
            if document and document.access.key in scope.access and result.stands_in(document):
                row = by_id[result.seed]
                found.append(ScoredPassage(result.joined(document), document, row.score, row.why))
        return tuple(found)


def _told(passage: Passage, standings: Mapping[str, Standing]) -> str:
    """All that a passage says, where it stands included."""
    standing = standings.get(passage.document_id)
    where = (standing.title, standing.path) if standing else ()
    return "\n".join((*where, passage.heading, passage.text))


def check_query(query: str) -> None:
    """Raises: SettingsError when there is nothing to look for, or too much."""
    if not query.strip():
        raise SettingsError("the question is empty; write what you are looking for")
    if len(query) > MAX_QUERY:
        raise SettingsError(f"the question has {len(query):,} characters; at most {MAX_QUERY:,} are read")
