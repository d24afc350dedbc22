"""From what the indexes found to one order of passages: their own scores, their documents', and what the question hints at.

`rag.search` calls `fuse`, then `apart`. What each part adds stands in docs/decisions/0010-word-pairs.md, printed by
`make bench-ranking`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rag.indexes.tokens import distinct_words
from rag.ports import Hit
from rag.records import Passage, Standing


@dataclass(frozen=True)
class Weights:
    """What each part of the score counts, in standard scores of the passages that were found."""

    meaning: float = 0.35  # of a passage's meaning against its words
    document_words: float = 0.3  # of the whole document's words, on top
    document_meaning: float = 0.2  # of the document's nearest passage, on top
    exact: float = 0.9  # for what a passage holds of the question letter by letter (`rag.literals`)
    kind: float = 0.8  # for each hint that the question asks for this kind of document
    past: float = 1.0  # taken off an incident or a decision where the question asks for neither
    outdated: float = 2.0  # taken off a document that says of itself that it is deprecated, superseded or moved


MEASURED = Weights()
_PAST = ("incident", "decision")  # kinds of document that tell of a time
DEFINING = 3.0  # what a block counts, as literal pieces do, that defines an address in the question
_EXACT = 6.0 + DEFINING  # the most that these count together


@dataclass(frozen=True)
class Ranked:
    """A passage's id with its fused score, and the names of the indexes that found it."""

    id: str
    score: float
    why: tuple[str, ...]


@dataclass(frozen=True)
class Found:
    """What the indexes found: passages by words and by meaning, whole documents by words."""

    lexical: Sequence[Hit] = ()
    dense: Sequence[Hit] = ()
    documents: Sequence[Hit] = ()


def fuse(
    found: Found, document_of: Mapping[str, str], standings: Mapping[str, Standing] | None = None,
    kinds: Mapping[str, int] | None = None, exact: Mapping[str, float] | None = None, weights: Weights = MEASURED,
) -> list[Ranked]:  # fmt: skip
    """The passages of both lists, best first: a weighted sum of standard scores, their own and their document's.

    `document_of` gives a passage's document; a passage without one (it is gone) is left out. Where the lexical list is the
    shorter one, the other passages hold none of the words: they count as zeros, so that a word which a single passage holds
    lifts it far. What a list lacks gets its lowest standard score. `kinds` are hints from the question; `exact` says how much
    of it a passage holds letter by letter. Ties fall by id, so that order is stable.
    """
    words, least_words = _standard(found.lexical, max(0, len(found.dense) - len(found.lexical)))
    meaning, least_meaning = _standard(found.dense)
    whole, least_whole = _standard(found.documents, max(0, len(set(document_of.values())) - len(found.documents)))
    nearest: dict[str, float] = {}
    for passage_id, document_id in document_of.items():
        nearest[document_id] = max(nearest.get(document_id, least_meaning), meaning.get(passage_id, least_meaning))
    of_documents = {
        document_id: weights.document_words * whole.get(document_id, least_whole)
        + weights.document_meaning * near
        + _of_kind((standings or {}).get(document_id), kinds or {}, weights)
        for document_id, near in nearest.items()
    }
    exact = exact or {}
    ranked = []
    for passage_id in {hit.id for hit in (*found.lexical, *found.dense)} & document_of.keys():
        score = (1 - weights.meaning) * words.get(passage_id, least_words)
        score += weights.meaning * meaning.get(passage_id, least_meaning)
        score += weights.exact * min(exact.get(passage_id, 0.0), _EXACT)
        why = tuple(name for name, scores in (("lexical", words), ("vectors", meaning)) if passage_id in scores)
        ranked.append(Ranked(passage_id, score + of_documents[document_of[passage_id]], why))
    return sorted(ranked, key=lambda row: (-row.score, row.id))


def _of_kind(standing: Standing | None, kinds: Mapping[str, int], weights: Weights) -> float:
    """What a document counts for its kind, and for being up to date."""
    if standing is None:
        return 0.0
    score = weights.kind * kinds.get(standing.kind, 0) - weights.outdated * standing.outdated
    return score - weights.past * (standing.kind in _PAST and standing.kind not in kinds)


def _standard(hits: Sequence[Hit], zeros: int = 0) -> tuple[dict[str, float], float]:
    """Standard scores by id, and the lowest of them, as if `zeros` further passages had scored 0."""
    if not hits:
        return {}, 0.0
    scores = np.array([*(hit.score for hit in hits), *[0.0] * zeros], dtype=np.float64)
    standard: list[float] = ((scores - scores.mean()) / (scores.std() or 1.0)).tolist()
    return {hit.id: score for hit, score in zip(hits, standard, strict=False)}, min(standard)


def reorder(ranked: Sequence[Ranked], judged: Mapping[str, float]) -> list[Ranked]:
    """The judged passages by their judgement, before all others. Scores keep falling as they fell: growth compares them."""
    before = [row for row in ranked if row.id in judged]
    after = sorted(before, key=lambda row: -judged[row.id])
    first = [replace(row, score=old.score) for row, old in zip(after, before, strict=True)]
    return [*first, *(row for row in ranked if row.id not in judged)]


_LOOKED_AT = 40  # passages among which copies are looked for
_ALIKE = 0.9  # share of common words from which on two passages are copies
_TELLING = 15  # words that a passage needs to be called a copy
_PROSE = (
    "page",
    "runbook",
    "decision",
    "incident",
)  # blocks of code that look alike are not copies: each is another stack's


def apart(ranked: Sequence[Ranked], passages: Mapping[str, Passage], kind_of: Mapping[str, str]) -> list[Ranked]:
    """The same passages, copies of better ones last: a page that was copied to another wiki should not fill the results.

    `kind_of` gives the kind of a passage's document.
    """
    kept: list[frozenset[str]] = []
    originals, copies = [], []
    for row in ranked[:_LOOKED_AT]:
        if kind_of.get(row.id) not in _PROSE:
            originals.append(row)
            continue
        words = distinct_words(passages[row.id].text)
        if len(words) >= _TELLING and _copied(words, kept):
            copies.append(row)
        else:
            originals.append(row)
            kept.append(words)
    last = [replace(row, score=ranked[-1].score) for row in copies]
    return [*originals, *ranked[_LOOKED_AT:], *last]


def _copied(words: frozenset[str], kept: Iterable[frozenset[str]]) -> bool:
    near = (other for other in kept if _ALIKE <= len(words) / max(1, len(other)) <= 1 / _ALIKE)
    return any(_jaccard(words, other) >= _ALIKE for other in near)


def _jaccard(words: frozenset[str], others: frozenset[str]) -> float:
    common = len(words & others)
    return common / max(1, len(words) + len(others) - common)
