"""Pieces as they are quoted: neighbours as one run, each run under where it stands, with what was checked of it.

`rag.answers.extract` and `rag.answers.steps` choose them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answers.pieces import Piece
from rag.cite import Citer
from rag.records import Citation, ScoredPassage


@dataclass(frozen=True)
class Scored:
    """A piece of evidence number `index`, and how much of the question it says."""

    index: int
    piece: Piece
    score: float


Run = list[Scored]  # neighbouring pieces of one passage


def runs_of(chosen: Sequence[Scored]) -> list[Run]:
    """The pieces, neighbours together, in the order of evidence and lines."""
    found: list[Run] = []
    for one in sorted(chosen, key=lambda o: (o.index, o.piece.at)):
        last = found[-1][-1] if found else None
        if last and last.index == one.index and last.piece.at + 1 == one.piece.at and one.piece.joins(last.piece):
            found[-1].append(one)
        else:
            found.append([one])
    return found


def word_count(chosen: Sequence[Scored], evidence: Sequence[ScoredPassage]) -> int:
    """How many words these pieces have when they are shown, with number and fence."""
    return sum(_length(evidence[run[0].index], run) for run in runs_of(chosen))


def _length(found: ScoredPassage, run: Run) -> int:
    return len(f"{_above(found, run)} [0] {_body(found, run, _quote(found, run))}".split())


def best_score(part: Sequence[Scored]) -> float:
    return max(one.score for one in part)


def cited(found: ScoredPassage, run: Run, citer: Citer) -> Citation | None:
    """The checked citation of a run, None where it can't be had."""
    return citer.cite(run[0].index, run[0].piece.start, run[-1].piece.end, _quote(found, run))


def quoted(found: ScoredPassage, run: Run, citer: Citer) -> str:
    citation = cited(found, run, citer)
    if citation is None:
        return ""
    return f"{_above(found, run)} [{citation.number}]\n\n{_body(found, run, citation.quote)}"


def _above(found: ScoredPassage, run: Run) -> str:
    """Where a quotation stands, and of when it is."""
    document, heading = found.document, run[0].piece.heading
    where = f"{document.title} › {heading}" if heading and heading != document.title else document.title
    dated = f", {document.updated_at[:10]}" if document.updated_at else ""
    return f"**{where}** ({document.source}/{document.path}{dated})"


def _body(found: ScoredPassage, run: Run, quote: str) -> str:
    if found.passage.kind != "section":
        fence = max(("```", *(f"{run}`" for run in re.findall("`{3,}", quote))), key=len)
        return f"{fence}\n{quote}\n{fence}"
    header = run[0].piece.header
    return f"{header}\n{quote}" if header else quote


def _quote(found: ScoredPassage, run: Run) -> str:
    """The document's own text from the first piece to the last."""
    first, last = run[0].piece, run[-1].piece
    if len(run) == 1:
        return first.text
    begin = found.passage.start_line
    lines = found.passage.text.split("\n")[first.start - begin : last.end - begin + 1]
    text = "\n".join(lines)
    start = text.find(first.text.split("\n")[0])
    ending = last.text.split("\n")[-1]
    end = text.rfind(ending)
    return text[max(start, 0) : end + len(ending) if end >= 0 else len(text)]
