"""The extractive answer: what answers the question in the documents' own words, when no model is at hand.

The sentences, items, commands, rows and lines (`rag.answers.pieces`) that say most of the question, the surest first, each under
where it stands; a procedure whole and in order. `rag.ask` calls this without a key, or when the model fails.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rag.answers.pieces import Piece, pieces
from rag.answers.settled import settled
from rag.answers.wording import Wording, all_of, worth
from rag.cite import Citer
from rag.indexes.tokens import content_words
from rag.records import ScoredPassage
from rag.shorthand import Forms
from rag.terraform.lookup import TerraformLookup

_WORDS = 247  # of the whole answer, which must not pass 250: the outlet writes out where links lead
_BRIEF_WORDS = 80  # of one to a question whose name nothing speaks of: it is about something near at best
_PROCEDURE_WORDS = 590  # of an answer that holds a procedure, which must not pass 600
_TOLD_WORDS = 16  # that tell where a procedure goes on
_DIRECT_WORDS = 60  # that may stand beside a procedure of more than `_WORDS`
_QUOTATIONS = 7

# What makes a piece a likely answer. The figures lie on a plateau that both question sets of decision 29 share.
_CONTEXT = 0.5  # what a word counts that stands above a piece, not in it
_BESIDE = 0.35  # what the better neighbour's score counts
_RANK = 0.09  # what each rank of the passage takes off, down to the tenth
_WHOLE = 0.6  # how far the share of the question that the whole passage holds counts
_NUMBER = 1.25  # for a number, where one is asked for
_LEAST = 0.3  # of the best piece's score: what scores less is left out
_LEAST_SECTION = 0.35  # of the best section's, for a section of a procedure
_LEAST_DOCUMENT = 0.6  # of what the document says that says most, for one that has the steps
_TELLING = 4  # pieces by which a document is chosen for its procedure

_QUANTITY = r"\bhow (?:many|much|long|often|far|big|large|old|fast|soon)\b"
_NUMBER_ASKED = re.compile(
    _QUANTITY
    + r"|\b(?:size|count|number|limit|ports?|versions?|cidrs?|ips?|max\w*|min\w*|percent\w*|retention|interval|"
    r"timeout|default|threshold|when|date|cost)\b|%",
    re.I,
)
# A question for a fact: no procedure answers it.
_FACT = re.compile(r"^\W*(?:who|when|where|which|why|is|are|does|do|did|was|were)\b|\bstands? for\b|" + _QUANTITY, re.I)
Weigh = Callable[[str], float]


@dataclass(frozen=True)
class _Scored:
    """A piece of evidence number `index`, and how much of the question it says."""

    index: int
    piece: Piece
    score: float


_Run = list[_Scored]  # neighbouring pieces of one passage


def extract(
    question: str, evidence: Sequence[ScoredPassage], citer: Citer, weigh: Weigh, lookup: TerraformLookup | None = None,
    opening: str = "", *, forms: Forms = (), brief: bool = False, named: Sequence[str] = (),
) -> str:  # fmt: skip
    """The answer's text with [n] after each quotation; "" when nothing could be quoted.

    `weigh` gives a word's rarity, 0 to 1; `lookup` tells what Terraform's attributes come to; `opening` is said first.
    `forms` are what the question says in another form. A `brief` answer holds no procedure and few words, and those that speak of
    what is `named`, if any do.
    """
    words = {word: worth(word, weigh(word)) for word in content_words(question)}
    number = bool(_NUMBER_ASKED.search(question))
    scored = [one for index, found in enumerate(evidence) for one in _scores(index, found, words, number, forms)]
    scored = [one for one in scored if _speaks_of(named, one, evidence)] or scored
    values = settled(question, evidence, citer, lookup) if lookup else ""
    used = len(f"{values} {opening}".split())
    procedure, rest = ([], "") if values or brief or _FACT.search(question) else _procedure(scored, evidence, used)
    if rest:  # no later step without those before it
        its = evidence[procedure[0].index].document.id if procedure else ""
        scored = [one for one in scored if evidence[one.index].document.id != its]
    fits = _BRIEF_WORDS + len(opening.split()) if brief else _WORDS
    runs = _ordered(_filled(procedure, scored, evidence, used, fits), procedure)
    shown = [_shown(evidence[run[0].index], run, citer) for run in runs]
    told = "\n\n".join(filter(None, (values, *shown)))
    return "\n\n".join(filter(None, (opening, told, rest))) if told else ""


# -- what answers -----------------------------------------------------------------------------------------------------


def _scores(
    index: int, found: ScoredPassage, words: Mapping[str, float], number: bool, forms: Forms
) -> Iterator[_Scored]:
    parts = pieces(found.passage)
    own = [_gain(piece, found, words, forms) for piece in parts]
    everything = Wording(all_of(found), forms)
    share = sum(value for word, value in words.items() if everything.holds(word)) / (sum(words.values()) or 1.0)
    standing = (1 - _RANK * min(index, 9)) * (1 - _WHOLE + _WHOLE * share)
    for at, piece in enumerate(parts):
        beside = max((own[near] for near in (at - 1, at + 1) if 0 <= near < len(own)), default=0.0)
        asked = _NUMBER if number and re.search(r"\d", piece.text) else 1.0
        lacking = piece.kind == "row" and not own[at]  # another row says nothing of this one
        yield _Scored(index, piece, 0.0 if lacking else (own[at] + _BESIDE * beside) * standing * asked)


def _gain(piece: Piece, found: ScoredPassage, words: Mapping[str, float], forms: Forms) -> float:
    """What of the question a piece says, by its length."""
    held = Wording(piece.text, forms)
    if piece.kind == "row" and not any(held.holds(word) for word in words):
        return 0.0  # its header's words are those of every row
    above = f"{piece.header} {piece.heading} {found.passage.heading} {found.document.title}"
    context = Wording(above, forms)
    gained = sum(
        value if held.holds(word) else _CONTEXT * value if context.holds(word) else 0.0 for word, value in words.items()
    )
    return gained / math.sqrt(1 + math.log1p(piece.words))


def _speaks_of(named: Sequence[str], one: _Scored, evidence: Sequence[ScoredPassage]) -> bool:
    """Whether a piece, or what stands above it, has one of these names; any, where there are none."""
    said = Wording(f"{evidence[one.index].document.title} {one.piece.heading} {one.piece.text}")
    return not named or any(said.holds(name.lower()) for name in named)


def _procedure(scored: Sequence[_Scored], evidence: Sequence[ScoredPassage], used: int) -> tuple[list[_Scored], str]:
    """The sections with steps or commands of the document that says most among those that have any, as many whole ones as fit
    beside `used` words; of one that is too long alone the first steps, and where it goes on."""
    documents: dict[str, list[float]] = {}
    for one in scored:
        documents.setdefault(evidence[one.index].document.id, []).append(one.score)
    told = {name: sum(sorted(scores)[-_TELLING:]) for name, scores in documents.items()}
    has_steps = {evidence[one.index].document.id for one in scored if one.piece.procedural}
    best = max(has_steps, key=lambda name: (told[name], name), default="")
    if not best or told[best] < _LEAST_DOCUMENT * max(told.values()):
        return [], ""
    sections: dict[str, list[_Scored]] = {}  # by heading: one may go on in the next passage
    for one in scored:
        document = evidence[one.index].document
        if document.id == best:
            sections.setdefault(one.piece.heading.rsplit(" > ", 1)[-1] or document.title, []).append(one)
    doing = [part for part in sections.values() if any(one.piece.procedural for one in part)]
    doing.sort(key=_most, reverse=True)
    taken: list[_Scored] = []
    most = _PROCEDURE_WORDS - used
    for part in doing:
        told_enough = _most(part) >= _LEAST_SECTION * _most(doing[0]) and not _gap(part, evidence)
        if told_enough and _words([*taken, *part], evidence) <= most:
            taken += part
    return (taken, "") if taken or not doing else _first_steps(doing[0], evidence, most - _TOLD_WORDS)


def _gap(part: Sequence[_Scored], evidence: Sequence[ScoredPassage]) -> int:
    """The line from which on lines of a section are not in the evidence, while later ones are; 0 where none are missing."""
    passages = sorted({evidence[one.index].passage for one in part}, key=lambda passage: passage.start_line)
    ends = (one.end_line + 1 for one, other in itertools.pairwise(passages) if one.end_line + 1 < other.start_line)
    return next(ends, 0)


def _first_steps(part: Sequence[_Scored], evidence: Sequence[ScoredPassage], most: int) -> tuple[list[_Scored], str]:
    """As many pieces of a section, from its first on, as there are words for, and where the others stand."""
    taken: list[_Scored] = []
    document, gap = evidence[part[0].index].document, _gap(part, evidence)
    for one in sorted(part, key=lambda o: o.piece.start):
        missing = gap if gap and one.piece.start >= gap else 0
        if missing or _words([*taken, one], evidence) > most:
            where = f"line {missing or one.piece.start} of {document.source}/{document.path}"
            return taken, f"The steps go on from {where}: read them there."
        taken.append(one)
    return taken, ""


def _filled(
    procedure: Sequence[_Scored], scored: Sequence[_Scored], evidence: Sequence[ScoredPassage], used: int, fits: int
) -> list[_Scored]:
    """The procedure, and the best of the other pieces as long as words are left of those that the answer `fits`; `used` are those
    of it already."""
    ordered = sorted((*procedure, *(o for o in scored if o not in procedure)), key=lambda one: -one.score)
    chosen = list(procedure)
    length = _words(chosen, evidence)
    most = fits - used if length + used <= fits else min(length + _DIRECT_WORDS, _PROCEDURE_WORDS - used)
    for one in ordered:
        if one.score < _LEAST * ordered[0].score:
            break
        more = [*chosen, one]
        if one not in chosen and _words(more, evidence) <= most and len(_runs(more)) <= _QUOTATIONS:
            chosen = more
    return chosen


def _words(chosen: Sequence[_Scored], evidence: Sequence[ScoredPassage]) -> int:
    """How many words these pieces have when they are shown, with number and fence."""
    return sum(_length(evidence[run[0].index], run) for run in _runs(chosen))


def _length(found: ScoredPassage, run: _Run) -> int:
    return len(f"{_above(found, run)} [0] {_body(found, run, _quote(found, run))}".split())


def _most(part: Sequence[_Scored]) -> float:
    return max(one.score for one in part)


# -- in what order, and how it is shown -------------------------------------------------------------------------------


def _runs(chosen: Sequence[_Scored]) -> list[_Run]:
    """The pieces, neighbours together, in the order of evidence and lines."""
    runs: list[_Run] = []
    for one in sorted(chosen, key=lambda o: (o.index, o.piece.at)):
        last = runs[-1][-1] if runs else None
        if last and last.index == one.index and last.piece.at + 1 == one.piece.at and one.piece.joins(last.piece):
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


def _ordered(chosen: Sequence[_Scored], procedure: Sequence[_Scored]) -> list[_Run]:
    """The best run first; a procedure's runs together, in the order of its lines."""
    runs = _runs(chosen)
    steps = sorted((r for r in runs if any(one in procedure for one in r)), key=lambda r: r[0].piece.start)
    others = sorted((run for run in runs if run not in steps), key=lambda run: -_most(run))
    before = [run for run in others if steps and _most(run) > max(map(_most, steps))]
    return [*before, *steps, *(run for run in others if run not in before)]


def _shown(found: ScoredPassage, run: _Run, citer: Citer) -> str:
    citation = citer.cite(run[0].index, run[0].piece.start, run[-1].piece.end, _quote(found, run))
    if citation is None:
        return ""
    return f"{_above(found, run)} [{citation.number}]\n\n{_body(found, run, citation.quote)}"


def _above(found: ScoredPassage, run: _Run) -> str:
    """Where a quotation stands, and of when it is."""
    document, heading = found.document, run[0].piece.heading
    where = f"{document.title} › {heading}" if heading and heading != document.title else document.title
    dated = f", {document.updated_at[:10]}" if document.updated_at else ""
    return f"**{where}** ({document.source}/{document.path}{dated})"


def _body(found: ScoredPassage, run: _Run, quote: str) -> str:
    if found.passage.kind != "section":
        fence = max(("```", *(f"{run}`" for run in re.findall("`{3,}", quote))), key=len)
        return f"{fence}\n{quote}\n{fence}"
    header = run[0].piece.header
    return f"{header}\n{quote}" if header else quote


def _quote(found: ScoredPassage, run: _Run) -> str:
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
