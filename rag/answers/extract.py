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
from rag.answers.wording import Wording, stem, stems_of, worth
from rag.cite import Citer
from rag.indexes.tokens import content_words, tokenise
from rag.records import ScoredPassage
from rag.terraform.lookup import TerraformLookup

_WORDS = 250  # of the whole answer
_PROCEDURE_WORDS = 600  # of an answer that holds a procedure
_QUOTATIONS = 7
_WHOLE = 0.6
_NUMBERED = 1.25
_TOP = 4
_SECTION = 0.35
_DIRECT = 60
_NUMBER_ASKED = re.compile(
    r"\bhow (?:many|much|long|often|far|big|large|old|fast|soon)\b|\b(?:size|count|number|limit|ports?|versions?|cidrs?|ips?|max\w*|min\w*|"
    r"percent\w*|retention|interval|timeout|default|threshold|when|date|cost)\b|%", re.I)
_FACT = re.compile(
    r"^\W*(?:who|when|where|which|why|is|are|does|do|did|was|were)\b|\bhow (?:many|much|long|often|far|big|large|old|fast|soon)\b|\bstands? for\b", re.I)
_LEAST = 0.3  # of the best piece's score: what scores less is left out
_CONTEXT = 0.5  # what a word counts that stands above a piece, not in it
_BESIDE = 0.35  # what the better neighbour's score counts
_RANK = 0.09  # what each rank takes off
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
    number = bool(_NUMBER_ASKED.search(question))
    scored = [one for index, found in enumerate(evidence) for one in _scores(index, found, words, number)]
    procedure = [] if _FACT.search(question) else _procedure(scored, evidence)
    runs = _runs(_filled(procedure, scored, evidence))
    steps = [run for run in runs if any(one in procedure for one in run)]
    others = sorted((run for run in runs if run not in steps), key=lambda run: -_most(run))
    before = [run for run in others if steps and _most(run) > max(map(_most, steps))]
    steps = sorted(steps, key=lambda run: run[0].piece.start)
    after = [run for run in others if run not in before]
    shown = (_shown(evidence[run[0].index], run, citer) for run in (*before, *steps, *after))
    return "\n\n".join(filter(None, shown))


def _procedure(scored: Sequence[_Scored], evidence: Sequence[ScoredPassage]) -> list[_Scored]:
    """The sections with steps or commands of the document that says most, as many whole ones as fit."""
    documents: dict[str, list[float]] = {}
    for one in scored:
        documents.setdefault(evidence[one.index].document.id, []).append(one.score)
    best = max(documents, key=lambda name: sum(sorted(documents[name])[-_TOP:]), default="")
    sections: dict[str, list[_Scored]] = {}
    for one in scored:
        if evidence[one.index].document.id == best:
            sections.setdefault(one.piece.heading, []).append(one)
    sections = {heading: part for heading, part in sections.items() if any(one.piece.procedural for one in part)}
    ordered = sorted(sections.values(), key=lambda part: -_most(part))
    taken: list[_Scored] = []
    left = _PROCEDURE_WORDS
    for part in ordered:
        length = sum(one.piece.words for one in part) + sum(_heading_words(evidence[r[0].index], r[0].piece) for r in _runs(part))
        if length <= left and _most(part) >= _SECTION * _most(ordered[0]):
            taken += part
            left -= length
    return taken


def _most(part: Sequence[_Scored]) -> float:
    return max(one.score for one in part)


def _scores(index: int, found: ScoredPassage, words: dict[str, float], number: bool) -> Iterator[_Scored]:
    parts = pieces(found.passage)
    own = [_gain(piece, found, words) for piece in parts]
    everything = Wording(stems_of(found))
    share = sum(value for word, value in words.items() if everything.holds(word)) / (sum(words.values()) or 1.0)
    for at, piece in enumerate(parts):
        beside = max((own[near] for near in (at - 1, at + 1) if 0 <= near < len(own)), default=0.0)
        score = (own[at] + _BESIDE * beside) * (1 - _RANK * min(index, 9)) * (1 - _WHOLE + _WHOLE * share)
        if number and re.search(r"\d", piece.text):
            score *= _NUMBERED
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


def _filled(
    taken: Sequence[_Scored], scored: Sequence[_Scored], evidence: Sequence[ScoredPassage]
) -> list[_Scored]:  # fmt: skip
    """What is taken already, and the best of the others as long as words are left."""
    ordered = sorted(scored, key=lambda one: -one.score)
    chosen = list(taken)
    used = sum(one.piece.words for one in chosen) + sum(_heading_words(evidence[r[0].index], r[0].piece) for r in _runs(chosen))
    left = (_WORDS if used <= _WORDS else min(used + _DIRECT, _PROCEDURE_WORDS)) - used
    for one in ordered:
        if one in chosen or one.score < _LEAST * ordered[0].score:
            continue
        beside = any(o.index == one.index and abs(o.piece.at - one.piece.at) == 1 for o in chosen)
        length = one.piece.words + (0 if beside else _heading_words(evidence[one.index], one.piece))
        if length > left or (not beside and len(_runs(chosen)) >= _QUOTATIONS):
            continue
        chosen.append(one)
        left -= length
    return chosen


def _heading_words(found: ScoredPassage, piece: Piece) -> int:
    """The words of the line above a quotation, its date, number and fence included."""
    return len(f"{_where(found, piece.heading)} {found.document.source}/{found.document.path}".split()) + 4


def _where(found: ScoredPassage, heading: str) -> str:
    title = found.document.title
    return f"{title} › {heading}" if heading and heading != title else title


def _runs(chosen: Sequence[_Scored]) -> list[list[_Scored]]:
    """Neighbouring pieces together, the runs by their best piece."""
    runs: list[list[_Scored]] = []
    for one in sorted(chosen, key=lambda o: (o.index, o.piece.at)):
        last = runs[-1][-1] if runs else None
        if last and last.index == one.index and last.piece.at + 1 == one.piece.at:
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


def _shown(found: ScoredPassage, run: Sequence[_Scored], citer: Citer) -> str:
    first, last = run[0].piece, run[-1].piece
    quote = _quote(found, run)
    citation = citer.cite(run[0].index, first.start, last.end, quote)
    if citation is None:
        return ""
    where = _where(found, first.heading)
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
