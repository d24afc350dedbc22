"""Whether one more piece adds to an answer: who reads it at night wants what answers, and nothing beside it.

`filling` asks. A piece stands beside others where it is about as sure as the surest, where it says what of the question they
don't, or where they say so little of the question that it is not sure they answer it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rag.answers.extractive.quotation import Scored
from rag.answers.judging.wording import Wording
from rag.records import ScoredPassage
from rag.shorthand import Forms

# Shares of the best piece's score and of the question. They lie on a plateau that both question sets share.
_NEAR = 0.9  # of the score, from which on a piece is as sure as the best
_SAID = 0.7  # of the question, from which on what is quoted is likely to answer it
_MORE = 0.08  # of the question, that another piece says besides


class Question:
    """A question by its words, each with what it is worth, and the `forms` that they have in documents."""

    def __init__(self, words: Mapping[str, float], forms: Forms, evidence: Sequence[ScoredPassage]) -> None:
        total = sum(words.values()) or 1.0
        self._words = {word: value / total for word, value in words.items()}
        self._forms = forms
        self._evidence = evidence
        self._held: dict[tuple[int, int], frozenset[str]] = {}

    def adds(self, one: Scored, chosen: Sequence[Scored], best: float) -> bool:
        """Whether a piece says more than those that are chosen."""
        if one.score >= _NEAR * best:
            return True
        said = frozenset[str]().union(*map(self._said, chosen))
        return self._share(said) < _SAID or self._share(self._said(one) - said) >= _MORE

    def _said(self, one: Scored) -> frozenset[str]:
        """The words that a piece says, or what stands above it."""
        key = one.index, one.piece.at
        if key not in self._held:
            found, piece = self._evidence[one.index], one.piece
            above = f"{piece.header} {piece.heading} {found.passage.heading} {found.document.title}"
            held = Wording(f"{above} {piece.text}", self._forms)
            self._held[key] = frozenset(word for word in self._words if held.holds(word))
        return self._held[key]

    def _share(self, words: frozenset[str]) -> float:
        return sum(self._words[word] for word in words)
