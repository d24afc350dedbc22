"""The extractive answer: the best verified passages in the documents' own words, when no model is at hand.

Steps and commands are kept whole and in order. `rag.ask` calls this without a key, or when the model fails.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rag.answers.units import Unit, units
from rag.cite import Citer
from rag.indexes.tokens import content_words, tokenise
from rag.records import ScoredPassage

_WORDS = 450  # of the whole answer
_PROCEDURE_WORDS = 600  # of the first procedure, which is kept whole
_FIRST_WORDS = 260  # of the first excerpt, when it is prose
_LATER_WORDS = 110
_EXCERPTS = 3
Weigh = Callable[[str], float]


@dataclass(frozen=True)
class _Excerpt:
    """Neighbouring units of one passage: evidence number, the heading that they stand under, lines, text."""

    index: int
    heading: str
    start: int
    end: int
    text: str


def extract(question: str, evidence: Sequence[ScoredPassage], citer: Citer, weigh: Weigh) -> str:
    """The answer's text with [n] after each quotation; "" when nothing could be quoted.

    `weigh` gives a word's rarity, 0 to 1.
    """
    words = {stem(word): weigh(word) for word in content_words(question)}
    parts: list[str] = []
    budget, taken, procedures = _WORDS, 0, 0
    for index, found in enumerate(evidence):
        if taken == _EXCERPTS or budget <= 20:
            break
        limit = _FIRST_WORDS if found.passage.kind == "section" and not taken else min(budget, _LATER_WORDS)
        if _procedure(found) and not procedures:
            limit, procedures = _PROCEDURE_WORDS, 1
        excerpt = _excerpt(index, found, words, limit)
        citation = excerpt and citer.cite(excerpt.index, excerpt.start, excerpt.end, excerpt.text)
        if not excerpt or not citation:
            continue
        parts.append(_shown(found, excerpt.heading, citation.quote, citation.number, citation.updated_at))
        budget -= len(excerpt.text.split())
        taken += 1
    return "\n\n".join(parts)


def _shown(found: ScoredPassage, heading: str, quote: str, number: int, date: str) -> str:
    where = found.document.title
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
    parts = [unit for unit in units(found.passage) if unit.kind not in ("blank", "front")]
    while parts and parts[-1].kind == "heading":
        parts = parts[:-1]
    scores = [0.0 if unit.kind == "heading" else _score(unit, words) for unit in parts]
    if not parts:
        return None
    first = last = max(range(len(parts)), key=lambda i: (parts[i].kind != "heading", scores[i], -i))
    length = _length(parts[first])
    # Downwards first: what follows a sentence completes it (a command after "run:", the next step, the next section).
    while last + 1 < len(parts) and length + _length(parts[last + 1]) <= limit:
        last += 1
        length += _length(parts[last])
    while first > 0 and length + _length(parts[first - 1]) <= limit:
        first -= 1
        length += _length(parts[first])
    while parts[last].kind == "heading":
        last -= 1
    heading = next((part.text for part in reversed(parts[:first]) if part.kind == "heading"), "")
    if parts[first].kind == "heading":  # shown above the quotation already
        heading, first = parts[first].text, first + 1
    text = "\n".join(unit.text for unit in parts[first : last + 1])
    where = heading.strip().lstrip("#").strip() or found.passage.heading
    return _Excerpt(index, where, parts[first].start_line, parts[last].end_line, text.rstrip("\n"))


def _score(unit: Unit, words: dict[str, float]) -> float:
    present = {stem(word) for word in tokenise(unit.text).words}
    gained = sum(weight for word, weight in words.items() if word in present)
    return gained / math.sqrt(1 + math.log1p(_length(unit)))


def _length(unit: Unit) -> int:
    return len(unit.text.split())


def stem(word: str) -> str:
    """A word without its commonest English endings, for comparing a question's words with a text's."""
    return re.sub(r"(?<=[a-z]{3})(?:ing|ed|es|s|ly)$", "", word)
