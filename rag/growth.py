"""From ranked passages to results that can be read: each may grow by its neighbours in the document.

The first results grow to their surroundings, since what answers a question often stands beside the passage that matches it best;
later ones grow only by neighbours that match nearly as well, so that many places fit into a budget of tokens
(docs/decisions/0008-ranking.md). `rag.search` calls this.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from rag.records import Document, Passage

_WIDE_RESULTS = 3
_WIDE = 1900  # characters of a first result
_NARROW = 1200  # characters of a later one
_NEAR = 1.5  # by how much less a neighbour of a later one may score

Place = tuple[str, int]  # a document's id, and a passage's number in it


@dataclass(frozen=True)
class Result:
    """A passage, perhaps grown; `seed` is the id of the one that it grew from, `passages` are all it holds, in order."""

    seed: str
    passages: tuple[Passage, ...]

    def stands_in(self, document: Document) -> bool:
        """Whether the document still holds what was found, on those lines: a sync may have changed it meanwhile."""
        return all(p.text in document.lines(p.start_line, p.end_line) for p in self.passages)

    def joined(self, document: Document) -> Passage:
        """The passages as one: the document's own lines from the first to the last of them."""
        seed = next(passage for passage in self.passages if passage.id == self.seed)
        if len(self.passages) == 1:
            return seed
        start, end = self.passages[0].start_line, self.passages[-1].end_line
        return replace(seed, text=document.lines(start, end), start_line=start, end_line=end)


def grow(
    ranked: Sequence[tuple[str, float]], passages: Mapping[str, Passage], k: int,
    passages_of: Callable[[str], Sequence[Passage]],
) -> list[Result]:  # fmt: skip
    """The first k results. `ranked` are passages' ids with their scores, best first; `passages` those of them that exist;
    `passages_of` gives all passages of a document in order."""
    scores = dict(ranked)
    by_place = {(passage.document_id, passage.ordinal): passage for passage in passages.values()}
    taken: set[str] = set()
    results: list[Result] = []
    for passage_id, score in ranked:
        if len(results) == k:
            break
        if passage_id in taken or passage_id not in passages:
            continue
        seed = passages[passage_id]
        lowest, limit = score - _NEAR, _NARROW
        if len(results) < _WIDE_RESULTS:
            lowest, limit = -math.inf, _WIDE
            by_place.update({(p.document_id, p.ordinal): p for p in passages_of(seed.document_id)})

        def free(place: Place) -> tuple[float, Passage] | None:
            near = by_place.get(place)
            return (scores.get(near.id, -math.inf), near) if near and near.id not in taken else None

        members = _grown(seed, free, lowest, limit)
        taken.update(member.id for member in members)
        results.append(Result(passage_id, tuple(members)))
    return results


def _grown(
    seed: Passage, free: Callable[[Place], tuple[float, Passage] | None], lowest: float, limit: int
) -> list[Passage]:
    """The seed with those of its neighbours, best first, that score at least `lowest` and fit into `limit` characters."""
    members = [seed]
    size = len(seed.text)
    while True:
        candidates = []
        for edge, step in ((members[0], -1), (members[-1], 1)):
            beside = free((seed.document_id, edge.ordinal + step))
            if beside is None or beside[0] < lowest:
                continue
            score, near = beside
            apart = near.start_line - edge.end_line if step > 0 else edge.start_line - near.end_line
            if apart > 0 and size + apart + len(near.text) <= limit:  # parts of one over-long line (apart 0) don't grow
                candidates.append((score, step, near, apart))
        if not candidates:
            return members
        _, step, near, apart = max(candidates, key=lambda candidate: candidate[:2])
        members = [near, *members] if step < 0 else [*members, near]
        size += apart + len(near.text)
