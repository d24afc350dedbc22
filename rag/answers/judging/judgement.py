"""Whether the evidence speaks of what a question asks, how surely, and which of its words nothing that was found holds.

`rag.ask` calls `judge`. Why as it does, and how the numbers were got: docs/decisions/0029-calibrated-refusals.md; they are
printed by `make bench-judgement`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.answers.extractive.alarms import without_talk
from rag.answers.judging.listings import without_actions
from rag.answers.judging.passing import Mentions, in_passing, no_mentions
from rag.answers.judging.wording import EVERYDAY, Wording, all_of, worth
from rag.indexes.tokens import content_words
from rag.records import ScoredPassage, Verdict
from rag.shorthand import Forms

_JUDGED = 5  # passages among which the one is looked for that holds most of the question
_MISSING = 5  # words that are named at most
_OTHERS = 2  # telling words beside a name that stands in no document, up to which a question is about nothing else


@dataclass(frozen=True)
class Fit:
    """Weights of a logistic regression: the share of the question's words that one passage holds, weighted by rarity, and
    the cosine of the nearest passage."""

    held: float
    nearness: float
    constant: float

    def score(self, held: float, nearness: float) -> float:
        """How sure it is that there is an answer, 0 to 1."""
        return 1 / (1 + math.exp(-(self.held * held + self.nearness * nearness + self.constant)))


# Fitted by tests/bench/judgement.py on two organisations' questions with the packaged embedder: FITTED_ON says how many.
# The cosine is that embedder's; with any other, and without vectors, words alone decide.
BOTH = Fit(held=7.43, nearness=8.94, constant=-8.76)
WORDS_ALONE = Fit(held=8.56, nearness=0.0, constant=-4.64)
NOT_FOUND, PARTIAL = 0.27, 0.5  # below the one nothing is answered, below the other an answer says what is missing


@dataclass(frozen=True)
class Judgement:
    """`score` is how sure it is that the documents answer, 0 to 1; `missing` are the question's words that none of them holds,
    `passing` the names in it that nothing is about (`passing`), `unknown` those of them that no document has at all, `mentioned`
    those that stand in the evidence all the same. `first` is said before all of it."""

    verdict: Verdict
    score: float
    missing: tuple[str, ...] = ()
    passing: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    mentioned: tuple[str, ...] = ()
    first: str = ""

    @property
    def note(self) -> str:
        """What a partial answer, or none, says of what it lacks."""
        if self.first and self.verdict == "not_found":
            return self.first
        if self.unknown and self.verdict == "not_found":
            return f"Nothing in them speaks of {' or '.join(self.unknown)}."
        if self.verdict != "partial":
            return ""
        named = [n for n in self.passing if n.lower() not in self.missing and n not in self.mentioned]
        return self.first or " ".join(
            filter(None, (
                f"Nothing of what was found speaks of: {', '.join(self.missing)}." if self.missing else "",
                f"Nothing of what was found is about {' or '.join(named)}." if named else "",
                f"What was found mentions {' and '.join(self.mentioned)}: whether that answers, what is quoted must tell."
                if self.mentioned
                else "",
            ))
        )  # fmt: skip


def judge(
    question: str, evidence: Sequence[ScoredPassage], rarity: Callable[[str], float], nearness: float | None,
    forms: Forms = (), mentions: Mentions = no_mentions,
) -> Judgement:  # fmt: skip
    """Whether the evidence speaks of what the question asks: by how much of it one passage holds, and by how near the nearest
    is (a cosine of the packaged embedder; None where no vector was searched, or another embedder's). What names a product that
    nothing is about has no whole answer; what is about one that stands in no document, and about little else, has none.
    `forms` are what the question says in another form, `mentions` gives texts that hold a word, by which names are known that
    the evidence lacks: it and `rarity` go by what the viewer may read."""
    words = content_words(question)
    if not evidence or not words:
        return Judgement("not_found", 0.0, tuple(words[:_MISSING]))
    evidence = without_actions(question, evidence)
    held = share_held(words, evidence, rarity, forms)
    score = WORDS_ALONE.score(held, 0.0) if nearness is None else BOTH.score(held, nearness)
    verdict: Verdict = "answered" if score >= PARTIAL else "partial" if score >= NOT_FOUND else "not_found"
    text = "\n".join(map(all_of, evidence))
    said, text = Wording(text, forms), text.lower()
    missing = tuple(word for word in _missing(without_talk(question, words), said) if word not in text)
    passing = in_passing(question, evidence, rarity, forms, mentions)
    unknown = _unknown(passing, said, mentions)
    others = [word for word in words if word not in EVERYDAY and word not in [name.lower() for name in unknown]]
    if passing and unknown == passing and len(others) <= _OTHERS:
        verdict = "not_found"
    elif passing and verdict == "answered":
        verdict = "partial"
    mentioned = tuple(name for name in passing if name.lower() in text)
    return Judgement(verdict, score, missing, passing, unknown, mentioned)


def _unknown(names: Sequence[str], said: Wording, mentions: Mentions) -> tuple[str, ...]:
    """The names that neither the evidence nor any other text has, as far as anybody can say."""
    if mentions is no_mentions:
        return ()
    return tuple(name for name in names if not said.holds(name.lower()) and not mentions(name.lower()))


def share_held(
    words: Sequence[str], evidence: Sequence[ScoredPassage], rarity: Callable[[str], float], forms: Forms = ()
) -> float:
    """The share of the words, by what each is worth, that the passage holds which holds most."""
    weights = {word: worth(word, rarity(word)) for word in words}
    total = sum(weights.values())
    said = (Wording(all_of(found), forms) for found in evidence[:_JUDGED])
    return max(sum(value for word, value in weights.items() if one.holds(word)) / total for one in said)


def _missing(words: Sequence[str], said: Wording) -> tuple[str, ...]:
    """The telling words that nothing in the evidence holds. By what this viewer was shown, never by how rare a word is in the
    index: that would tell of documents that are hidden."""
    found = [word for word in words if said.telling(word) and not said.holds(word)]
    whole = [word for word in found if not any(word in other for other in found if other != word)]
    return tuple(whole[:_MISSING])
