"""Whether the evidence speaks of what a question asks. `rag.ask` calls `judge`.

Why as it does: docs/decisions/0006-is-there-evidence.md
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from rag.answers.extract import stem
from rag.indexes.tokens import content_words, tokenise
from rag.records import ScoredPassage, Verdict

_JUDGED = 5  # passages that a verdict looks at
_WORDS_ALONE = 0.5  # stands in for the nearness of the best passage where no vector was searched
_ANSWERED, _PARTIAL = (
    1.25,
    1.0,
)  # of share of words + nearness; measured on two sets (decision 6), calibrated by issue 7


def judge(
    question: str, evidence: Sequence[ScoredPassage], rarity: Callable[[str], float], nearness: float | None
) -> Verdict:
    """Whether the evidence speaks of what the question asks: by the share of its rare words that stand there, and by how
    near the nearest passage is (a cosine; None where no vector was searched)."""
    words = content_words(question)
    if not evidence or not words:
        return "not_found"
    weights = {word: weight(rarity(word)) for word in words}
    present: set[str] = set()
    for found in evidence[:_JUDGED]:
        text = f"{found.document.title} {found.passage.heading} {found.document.path} {found.passage.text}"
        present.update(stem(word) for word in tokenise(text).words)
    share = sum(value for word, value in weights.items() if stem(word) in present) / sum(weights.values())
    score = share + (_WORDS_ALONE if nearness is None else nearness)
    return "answered" if score >= _ANSWERED else "partial" if score >= _PARTIAL else "not_found"


def weight(rarity: float) -> float:
    """How much a word says, from the share of passages that lack it: 0.1 for a common one, 6 for one in next to none."""
    return min(6.0, max(0.1, -math.log(max(1.0 - rarity, 1e-9))))
