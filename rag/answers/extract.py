"""The extractive answer: what answers the question in the documents' own words, when no model is at hand.

The sentences, items, commands, rows and lines (`rag.answers.pieces`) that say most of the question, the surest first, each under
where it stands; a procedure whole and in order. `rag.ask` calls this without a key, or when the model fails.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from rag.answers.pieces import Piece, pieces
from rag.answers.wording import Wording, stem, worth
from rag.cite import Citer
from rag.indexes.tokens import content_words, tokenise
from rag.records import ScoredPassage
from rag.terraform.lookup import TerraformLookup

_WORDS = 250  # of the whole answer
_PROCEDURE_WORDS = 600  # of an answer that holds a procedure
_QUOTATIONS = 7
_LEAST = 0.3  # of the best piece's score: what scores less is left out
_CONTEXT = 0.5  # what a word counts that stands above a piece, not in it
_BESIDE = 0.35  # what the better neighbour's score counts
_RANK = 0.06  # what each rank takes off
Weigh = Callable[[str], float]


@dataclass(frozen=True)
class _Scored:
    """A piece of evidence number `index`, and how much of the question it says."""

    index: int
    piece: Piece
    score: float


def extract(
    question: str, evidence: Sequence[ScoredPassage], citer: Citer, weigh: Weigh, lookup: TerraformLookup | None = None
) -> str:
    """The answer's text with [n] after each quotation; "" when nothing could be quoted.

    `weigh` gives a word's rarity, 0 to 1.
    """
    words = {word: worth(word, weigh(word)) for word in content_words(question)}
    scored = [one for index, found in enumerate(evidence) for one in _scores(index, found, words)]
    chosen = _chosen(scored, evidence)
    parts = []
    for run in _runs(chosen):
        shown = _shown(evidence[run[0].index], run, citer)
        if shown:
            parts.append(shown)
    return "\n\n".join(parts)


def _scores(index: int, found: ScoredPassage, words: dict[str, float]) -> Iterator[_Scored]:
    parts = pieces(found.passage)
    own = [_gain(piece, found, words) for piece in parts]
    for at, piece in enumerate(parts):
        beside = max((own[near] for near in (at - 1, at + 1) if 0 <= near < len(own)), default=0.0)
        score = (own[at] + _BESIDE * beside) * (1 - _RANK * min(index, 10))
        yield _Scored(index, piece, score)


def _gain(piece: Piece, found: ScoredPassage, words: dict[str, float]) -> float:
    held = Wording(frozenset(stem(word) for word in tokenise(f"{piece.header} {piece.text}").words))
    above = f"{piece.heading} {found.passage.heading} {found.document.title}"
    context = Wording(frozenset(stem(word) for word in tokenise(above).words))
    gained = sum(
        value if held.holds(word) else _CONTEXT * value if context.holds(word) else 0.0
        for word, value in words.items()
    )
    return gained / math.sqrt(1 + math.log1p(piece.words))


def _chosen(scored: Sequence[_Scored], evidence: Sequence[ScoredPassage]) -> list[_Scored]:
    """What is quoted, within the limit of words."""
    ordered = sorted(scored, key=lambda one: -one.score)
    if not ordered:
        return []
    best, taken, limit = ordered[0], [], _WORDS
    cost = {index: _heading_words(evidence[index]) for index in {one.index for one in scored}}
    left = limit
    if best.piece.procedure:
        steps = [o for o in scored if o.index == best.index and o.piece.procedure == best.piece.procedure]
        length = sum(o.piece.words for o in steps) + cost[best.index]
        if length <= _PROCEDURE_WORDS:
            taken, left = steps, max(0, limit - length)
    for one in ordered:
        if one in taken or one.score < _LEAST * best.score:
            continue
        beside = any(o.index == one.index and abs(o.piece.at - one.piece.at) == 1 for o in taken)
        length = one.piece.words + (0 if beside else cost[one.index])
        if length > left or (not beside and len(list(_runs(taken))) >= _QUOTATIONS):
            continue
        taken.append(one)
        left -= length
    return taken


def _heading_words(found: ScoredPassage) -> int:
    return len(f"{found.document.title} {found.passage.heading} {found.document.path}".split()) + 5


def _runs(chosen: Sequence[_Scored]) -> list[list[_Scored]]:
    """Neighbouring pieces together, the runs by their best piece."""
    runs: list[list[_Scored]] = []
    for one in sorted(chosen, key=lambda o: (o.index, o.piece.at)):
        last = runs[-1][-1] if runs else None
        if last and last.index == one.index and last.piece.at + 1 == one.piece.at:
            runs[-1].append(one)
        else:
            runs.append([one])
    return sorted(runs, key=lambda run: -max(one.score for one in run))


def _shown(found: ScoredPassage, run: Sequence[_Scored], citer: Citer) -> str:
    first, last = run[0].piece, run[-1].piece
    quote = _quote(found, run)
    citation = citer.cite(run[0].index, first.start, last.end, quote)
    if citation is None:
        return ""
    where = found.document.title
    heading = first.heading
    if heading and heading != where:
        where = f"{where} › {heading}"
    dated = f", {citation.updated_at[:10]}" if citation.updated_at else ""
    body = citation.quote
    if found.passage.kind != "section":
        body = f"```\n{body}\n```"
    return f"**{where}** ({found.document.source}/{found.document.path}{dated}) [{citation.number}]\n\n{body}"


def _quote(found: ScoredPassage, run: Sequence[_Scored]) -> str:
    """The document's own text from the first piece to the last."""
    first, last = run[0].piece, run[-1].piece
    if len(run) == 1:
        return first.text
    lines = found.passage.text.split("\n")[first.start - found.passage.start_line : last.end - found.passage.start_line + 1]
    text = "\n".join(lines)
    begin = text.find(first.text.split("\n")[0])
    end = text.rfind(last.text.split("\n")[-1]) + len(last.text.split("\n")[-1])
    return text[max(begin, 0) : end]
