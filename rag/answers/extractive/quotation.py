"""Pieces as they are quoted: neighbours as one run, each run under where it stands, with what was checked of it.

`extract` and `steps` choose them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answers.extractive.pieces import Listing, Piece
from rag.cite import Citer
from rag.records import Citation, ScoredPassage

_LED = re.compile(r"\]\([^#)\s]")


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
    """How many words these pieces have when they are shown, with number, fence, and what is said of where they stand."""
    runs = runs_of(chosen)
    return sum(_length(evidence[run[0].index], run, _beside(run, runs, evidence)) for run in runs)


def _length(found: ScoredPassage, run: Run, beside: Sequence[Piece]) -> int:
    shown = f"{_above(found, run, beside)} {_body(found, run, _quote(found, run))} {_goes_on(run, beside)}"
    return len(shown.split()) + len(_LED.findall(shown))  # the outlet writes out where links lead


def best_score(part: Sequence[Scored]) -> float:
    return max(one.score for one in part)


def cited(found: ScoredPassage, run: Run, citer: Citer) -> Citation | None:
    """The checked citation of a run, None where it can't be had."""
    return citer.cite(run[0].index, run[0].piece.start, run[-1].piece.end, _quote(found, run))


def quoted(evidence: Sequence[ScoredPassage], run: Run, runs: Sequence[Run], citer: Citer) -> str:
    """A run as it is shown among all `runs` of an answer; "" where it can't be cited."""
    found, beside = evidence[run[0].index], _beside(run, runs, evidence)
    citation = cited(found, run, citer)
    if citation is None:
        return ""
    above = _above(found, run, beside).replace("[0]", f"[{citation.number}]")
    return "\n\n".join(filter(None, (above, _body(found, run, citation.quote), _goes_on(run, beside))))


def _beside(run: Run, runs: Sequence[Run], evidence: Sequence[ScoredPassage]) -> list[Piece]:
    """The pieces that are quoted of the same document, the run's own among them."""
    document = evidence[run[0].index].document.id
    return [one.piece for other in runs if evidence[other[0].index].document.id == document for one in other]


def _above(found: ScoredPassage, run: Run, beside: Sequence[Piece]) -> str:
    """Where a quotation stands, of when it is, its number (as [0]), and what of its lists it is."""
    document = found.document
    where = " › ".join(filter(None, (document.title, *_headings(found, run[0].piece, beside))))
    dated = f", {document.updated_at[:10]}" if document.updated_at else ""
    parts = "; ".join(filter(None, (_part(one, run, beside) for one in _lists(run))))
    return f"**{where}** ({document.source}/{document.path}{dated}) [0]" + (f" ({parts})" if parts else "")


def _headings(found: ScoredPassage, piece: Piece, beside: Sequence[Piece]) -> Sequence[str]:
    """The headings above a piece from where those of what is quoted beside it are others; of one place those that say it."""
    path = piece.place.path
    if not path:
        return [piece.heading] if piece.heading and piece.heading != found.document.title else []
    common = min(_common(path, other.place.path) for other in beside)
    return path[max(min(common, len(path) - piece.place.least), 0) :]


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def _lists(run: Run) -> list[Listing]:
    return [*dict.fromkeys(one for scored in run for one in scored.piece.place.lists)]


def _part(listing: Listing, run: Run, beside: Sequence[Piece]) -> str:
    """Which items of a list are quoted, as "3/7, L23–31", where not all are; "" too where another quotation above says so."""
    shown = [n for n, lines in enumerate(listing.lines(), 1) if any(_meet(piece, *lines) for piece in beside)]
    first = min((piece.start for piece in beside if _meet(piece, listing.starts[0], listing.last)), default=0)
    if not 0 < len(shown) < len(listing.starts) or first < run[0].piece.start:
        return ""
    lines = f"L{listing.starts[0]}–{listing.last}"
    if not listing.numbered:
        return f"{len(shown)}/{len(listing.starts)}, {lines}"
    return f"step{'s' * (len(shown) > 1)} {_ranges(shown)}/{len(listing.starts)}, {lines}"


def _ranges(numbers: Sequence[int]) -> str:
    """Numbers as "1,3–5"."""
    groups: list[list[int]] = []
    for number in numbers:
        if groups and number == groups[-1][-1] + 1:
            groups[-1].append(number)
        else:
            groups.append([number])
    return ",".join(f"{one[0]}–{one[-1]}" if len(one) > 1 else f"{one[0]}" for one in groups)


def _goes_on(run: Run, beside: Sequence[Piece]) -> str:
    """Where what a quotation leads up to stands, unless that is quoted."""
    first, last = run[-1].piece.place.leads
    return f"(goes on at L{first})" if first and not any(_meet(piece, first, last) for piece in beside) else ""


def _meet(piece: Piece, first: int, last: int) -> bool:
    return piece.start <= last and first <= piece.end


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
