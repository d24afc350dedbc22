"""Whether one more piece adds to an answer: who reads it at night wants what answers, and nothing beside it.

`filling` asks. A piece stands beside others where it is about as sure as the surest, where it says what of the question they
don't, or where they say so little of the question that it is not sure they answer it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rag.answers.extractive.cautions import ALARM
from rag.answers.extractive.prohibitions import warns
from rag.answers.extractive.quotation import Scored
from rag.answers.judging.parts import parts
from rag.answers.judging.sought import Sought
from rag.answers.judging.wording import EVERYDAY, Wording
from rag.indexes.tokens import content_words
from rag.records import ScoredPassage
from rag.shorthand import Forms

_NAME = re.compile(r"[A-Za-z0-9]+(?:_[A-Za-z0-9]+)+")  # of code, which no prose writes

# Shares of the best piece's score and of the question. They lie on a plateau that both question sets share.
_NEAR = 0.9  # of the score, from which on a piece is as sure as the best
_SAID = 0.7  # of the question, from which on what is quoted is likely to answer it
_NEAR_CODE = 0.75  # the same of code, of which one block often leads to the other
_FEW = 2  # telling words, below which a piece that says them all may yet say nothing of what is asked
_MORE = 0.08  # of the question, that another piece says besides


class Question:
    """A question by its words, each with what it is worth, and the `forms` that they have in documents."""

    def __init__(
        self, text: str, words: Mapping[str, float], forms: Forms, evidence: Sequence[ScoredPassage]
    ) -> None:  # fmt: skip
        self._names = _NAME.findall(text)
        self._sought = Sought(text)
        self._parts = parts(text)
        self._is_short = sum(word not in EVERYDAY for word in words) < _FEW
        total = sum(words.values()) or 1.0
        self._words = {word: value / total for word, value in words.items()}
        self._forms = forms
        self._evidence = evidence
        self._held: dict[tuple[int, int], frozenset[str]] = {}

    def adds(self, one: Scored, chosen: Sequence[Scored], best: float) -> bool:
        """Whether a piece says more than those that are chosen, is of a page that the question names, another place of a name
        that it asks for, a warning, or the first that says such a thing as it asks for; and whether that can be told at all."""
        if self._is_short:
            return True
        near = _NEAR_CODE if one.piece.kind == "code" else _NEAR
        if one.score >= near * best or self._is_named(one) or self._is_place(one, chosen) or _is_warning(one):
            return True
        if self._is_such_a_thing(one, chosen) or self._is_of_a_part(one, chosen):
            return True
        said = frozenset[str]().union(*map(self._said, chosen))
        return self._share(said) < _SAID or self._share(self._said(one) - said) >= _MORE

    def _is_such_a_thing(self, one: Scored, chosen: Sequence[Scored]) -> bool:
        """Whether a piece is the first that says such a thing as is asked for, or a further reason from the same page."""
        if not self._sought.is_said(one.piece.text):
            return False
        page = self._evidence[one.index].document.id
        pages = {self._evidence[other.index].document.id for other in chosen}
        first = not any(self._sought.is_said(other.piece.text) for other in chosen)
        return first or (self._sought.is_why and page in pages)

    def _is_of_a_part(self, one: Scored, chosen: Sequence[Scored]) -> bool:
        """Whether a piece tells a part of the question that nothing tells which is chosen."""
        said = [other.piece.text for other in chosen]
        lacking = (part for part in self._parts if not part.is_told(said, self._forms))
        return any(part.is_told([one.piece.text], self._forms) for part in lacking)

    def _is_named(self, one: Scored) -> bool:
        """Whether the question names a piece's page."""
        title = content_words(self._evidence[one.index].document.title)
        return bool(title) and all(word in self._words for word in title)

    def _is_place(self, one: Scored, chosen: Sequence[Scored]) -> bool:
        """Whether a piece says the name of a thing that is asked for, and of its page nothing is chosen."""
        pages = {self._evidence[other.index].document.id for other in chosen}
        own = self._evidence[one.index].document.id
        return own not in pages and any(name in one.piece.text for name in self._names)

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


def _is_warning(one: Scored) -> bool:
    """Whether a piece warns, itself or by the heading right above it."""
    return warns(one.piece.text) or bool(ALARM.search(one.piece.heading.rpartition(" > ")[2]))
