"""The extractive answer: the best verified passages in the documents' own words, when no model is at hand.

Steps and commands are kept whole and in order. `rag.ask` calls this without a key, or when the model fails.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.cite import Citer
from rag.indexes.tokens import content_words, tokenise
from rag.records import ScoredPassage
from rag.units import Unit, units

_WORDS = 250  # of the whole answer
_PROCEDURE_WORDS = 600  # when it is one procedure
_EXCERPTS = 3
_PER_EXCERPT = 110  # words
Weigh = Callable[[str], float]


@dataclass(frozen=True)
class _Excerpt:
    """Neighbouring units of one passage: evidence number, lines, text."""

    index: int
    start: int
    end: int
    text: str


def extract(question: str, evidence: Sequence[ScoredPassage], citer: Citer, weigh: Weigh) -> str:
    """The answer's text with [n] after each quotation; "" when nothing could be quoted.

    `weigh` gives a word's rarity, 0 to 1.
    """
    words = {stem(word): weigh(word) for word in content_words(question)}
    parts: list[str] = []
    budget, taken = _WORDS, 0
    for index, found in enumerate(evidence):
        if taken == _EXCERPTS or budget <= 20:
            break
        limit = min(budget, _PER_EXCERPT)
        excerpt = _excerpt(index, found, words, limit if taken or not _procedure(found) else _PROCEDURE_WORDS)
        citation = excerpt and citer.cite(excerpt.index, excerpt.start, excerpt.end, excerpt.text)
        if not excerpt or not citation:
            continue
        parts.append(_shown(found, citation.quote, citation.number, citation.updated_at))
        budget -= len(excerpt.text.split())
        taken += 1
    return "\n\n".join(parts)


def _shown(found: ScoredPassage, quote: str, number: int, date: str) -> str:
    where = found.document.title
    heading = found.passage.heading
    if heading and heading != where:
        where = f"{where} › {heading}"
    dated = f", {date[:10]}" if date else ""
    body = quote
    if found.passage.kind != "section":
        body = f"```\n{quote}\n```"
    return f"**{where}** ({found.document.source}/{found.document.path}{dated}) [{number}]\n\n{body}"


def _procedure(found: ScoredPassage) -> bool:
    return found.passage.kind == "section" and sum(unit.numbered for unit in units(found.passage)) >= 2


def _excerpt(index: int, found: ScoredPassage, words: dict[str, float], limit: int) -> _Excerpt | None:
    """The best run of neighbouring units of at most `limit` words: grown around the unit that says most of the question."""
    parts = [unit for unit in units(found.passage) if unit.kind != "blank"]
    if parts and parts[0].kind == "heading" and len(parts) > 1:
        parts = parts[1:]
    while parts and parts[-1].kind == "heading":
        parts = parts[:-1]
    if not parts:
        return None
    scores = [_score(unit, words) for unit in parts]
    first = last = max(range(len(parts)), key=lambda i: (scores[i], -i))
    length = _length(parts[first])
    # Downwards first: what follows a sentence completes it (a command after "run:", the next step).
    while last + 1 < len(parts) and length + _length(parts[last + 1]) <= limit and parts[last + 1].kind != "heading":
        last += 1
        length += _length(parts[last])
    while first > 0 and length + _length(parts[first - 1]) <= limit and parts[first - 1].kind != "heading":
        first -= 1
        length += _length(parts[first])
    text = "\n".join(unit.text for unit in parts[first : last + 1])
    return _Excerpt(index, parts[first].start_line, parts[last].end_line, text.rstrip("\n"))


def _score(unit: Unit, words: dict[str, float]) -> float:
    present = {stem(word) for word in tokenise(unit.text).words}
    gained = sum(weight for word, weight in words.items() if word in present)
    return gained / math.sqrt(1 + math.log1p(_length(unit)))


def _length(unit: Unit) -> int:
    return len(unit.text.split())


def stem(word: str) -> str:
    """A word without its commonest English endings, for comparing a question's words with a text's."""
    return re.sub(r"(?<=[a-z]{3})(?:ing|ed|es|s|ly)$", "", word)
