"""What is handed to the answerer: the first results that fit into a budget of tokens, and behind them the lines that belong to
the Terraform among them (`rag.terraform.companions`).

A result is already grown by its neighbours (`rag.growth`); steps of a procedure that it lacks are added. `rag.ask` calls this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from rag.answers.extractive.cautions import Cautions
from rag.answers.extractive.page import procedural, whole_of
from rag.answers.extractive.pieces import pieces
from rag.answers.extractive.procedures import LONGEST, joined, whole
from rag.answers.extractive.prohibitions import forbidden, runs
from rag.answers.extractive.steps import FOLLOWS, WARNS
from rag.answers.extractive.task import Task, task
from rag.answers.extractive.units import units
from rag.answers.values.asked import AskedFor, asked_values
from rag.catalog import Catalog
from rag.records import Document, Generation, Passage, ScoredPassage, Viewer
from rag.search import SearchResult
from rag.terraform.companions import Lines, companions
from rag.terraform.lookup import TerraformLookup

EVIDENCE_TOKENS = 4000  # characters / 4
EVIDENCE_PASSAGES = 12  # results that an answer considers
_WHOLE_PROCEDURES = 4  # results whose procedures are made whole
_WARNED = 4  # pages with steps whose warnings come along
_TASKS = 2  # pages whose task comes along whole
_COMPANIONS = 10  # passages that come along at most
_AROUND = 6  # lines above and below what comes along, within its passage
_WHOLE = 24  # lines of a passage that comes along uncut


def within_budget(passages: Sequence[ScoredPassage], tokens: int = EVIDENCE_TOKENS) -> tuple[ScoredPassage, ...]:
    """The first passages that fit into so many tokens (characters / 4), at least one."""
    taken: list[ScoredPassage] = []
    left = tokens * 4
    for found in passages:
        left -= len(found.passage.text)
        if left < 0 and taken:
            break
        taken.append(found)
    return tuple(taken)


def assemble(
    question: str, found: SearchResult, catalog: Catalog, viewer: Viewer, lookup: TerraformLookup,
    tokens: int = EVIDENCE_TOKENS, asked: AskedFor | None = None,
) -> tuple[ScoredPassage, ...]:  # fmt: skip
    """The results that fit into the budget, behind them what pages warn of around procedures among them, and what belongs to
    Terraform: each in what is left of the budget, at the least an eighth of it more. `asked` are the values that the question
    asks for, where that is known."""
    taken = list(within_budget(_with_whole_procedures(within_budget(found.passages, tokens), tokens), tokens))
    asked = asked if asked is not None else asked_values(question, taken, lookup)
    left = max(tokens * 4 - sum(len(one.passage.text) for one in taken), tokens // 2)
    taken += following(question, taken, lambda name: catalog.passages_of(name, found.generation))
    for warning in cautionary(tuple(taken), lambda name: catalog.passages_of(name, found.generation)):
        if len(warning.passage.text) <= left:
            left -= len(warning.passage.text)
            taken.append(warning)
    first, left = len(taken), max(left, tokens // 2)
    for lines in companions(question, taken, lookup, asked.steps):
        if len(taken) - first == _COMPANIONS:
            break
        one = _passage(lines, taken, catalog, viewer, found.generation)
        if one and len(one.passage.text) <= left:
            left -= len(one.passage.text)
            taken.append(one)
    return tuple(taken)


def _with_whole_procedures(found: Sequence[ScoredPassage], tokens: int = EVIDENCE_TOKENS) -> list[ScoredPassage]:
    """The first results with their procedures whole (`rag.answers.extractive.procedures`), as far as so many tokens reach;
    a later one that overlaps is made one with it."""
    taken: list[ScoredPassage] = []
    for at, one in enumerate(found):
        grown = replace(one, passage=whole(one.passage, one.document)) if at < _WHOLE_PROCEDURES else one
        if sum(len(other.passage.text) for other in (*taken, grown)) > tokens * 4:
            grown = one
        near = next((n for n, other in enumerate(taken) if _overlap(other, grown)), None)
        if near is None:
            taken.append(grown)
        elif (both := joined(taken[near].passage, grown.passage, one.document)) is not None:
            taken[near] = replace(taken[near], passage=both)
        else:
            taken.append(one)
    return taken


def following(
    question: str, taken: Sequence[ScoredPassage], passages_of: Callable[[str], Sequence[Passage]]
) -> list[ScoredPassage]:
    """The tasks that are asked for, of the pages whose headings say it best, where not all of one is among what was taken: from
    its first line on, as far as it may be long."""
    documents = {one.document.id: one.document for one in taken if one.passage.kind == "section"}.values()
    told = [(found, document) for document in documents if (found := task(question, document))]
    told.sort(key=lambda pair: -pair[0].fit)
    rest, left = [], LONGEST
    for found, document in told[:_TASKS]:
        first, last = _first_of(found, document, left)
        held = [one.passage for one in taken if one.document.id == document.id]
        home = next((p for p in passages_of(document.id) if _stands(first, p, document)), None)
        if home and first <= last and not any(p.start_line <= first and last <= p.end_line for p in held):
            text = document.lines(first, last)
            left -= len(text)
            cut = replace(home, text=text, start_line=first, end_line=last)
            rest.append(ScoredPassage(cut, document, taken[-1].score, (FOLLOWS,)))
    return rest


def _first_of(found: Task, document: Document, longest: int) -> tuple[int, int]:
    """The lines of a task from its first piece on that have no more characters than this; last before first where none do."""
    within = [piece for piece in pieces(whole_of(document)) if found.holds(piece.start)]
    first = within[0].start if within else 1
    fitting = [p.end for p in within if len(document.lines(first, p.end)) <= longest]
    return first, max(fitting, default=0)


def cautionary(
    taken: Sequence[ScoredPassage], passages_of: Callable[[str], Sequence[Passage]]
) -> Iterator[ScoredPassage]:  # fmt: skip
    """What the first pages with steps warn of around them, as far as it is not among what was taken."""
    with_steps = [one for one in taken if one.passage.kind == "section" and procedural(units(one.passage))]
    for name in [*dict.fromkeys(one.document.id for one in with_steps)][:_WARNED]:
        own = [one for one in taken if one.document.id == name]
        held = {line for one in own for line in range(one.passage.start_line, one.passage.end_line + 1)}
        document, cautions, passages = own[0].document, Cautions(own[0].document), passages_of(name)
        for one in (one for one in with_steps if one in own):
            for piece in cautions.of(one.passage.start_line, one.passage.end_line):
                lines = {*range(piece.start, piece.end + 1)} - held
                home = next((p for p in passages if _stands(piece.start, p, document)), None)
                if lines and home:
                    held |= lines
                    text = document.lines(piece.start, piece.end)
                    cut = replace(home, text=text, start_line=piece.start, end_line=piece.end)
                    yield ScoredPassage(cut, document, taken[-1].score, (WARNS,))
    yield from _prohibitive(taken, with_steps, passages_of)


def _prohibitive(
    taken: Sequence[ScoredPassage], with_steps: Sequence[ScoredPassage],
    passages_of: Callable[[str], Sequence[Passage]],
) -> Iterator[ScoredPassage]:  # fmt: skip
    """What any page among these forbids of the commands in their steps, as far as it is not among them."""
    for document in {one.document.id: one.document for one in taken if one.passage.kind == "section"}.values():
        commands = set(forbidden(document.text))
        if not any(runs(one.passage.text, command) for command in commands for one in with_steps):
            continue
        for piece in pieces(whole_of(document)):
            told = set(forbidden(piece.text)) & commands
            if not any(runs(one.passage.text, command) for command in told for one in with_steps):
                continue
            own = (one.passage for one in taken if one.document.id == document.id)
            home = next((p for p in passages_of(document.id) if _stands(piece.start, p, document)), None)
            if home and not any(p.start_line <= piece.start and piece.end <= p.end_line for p in own):
                text = document.lines(piece.start, piece.end)
                cut = replace(home, text=text, start_line=piece.start, end_line=piece.end)
                yield ScoredPassage(cut, document, taken[-1].score, (WARNS,))


def _stands(line: int, passage: Passage, document: Document) -> bool:
    """Whether a passage holds a line, and the document still holds the passage."""
    within = passage.start_line <= line <= passage.end_line
    return within and passage.text in document.lines(passage.start_line, passage.end_line)


def _overlap(one: ScoredPassage, other: ScoredPassage) -> bool:
    a, b = one.passage, other.passage
    same = one.document.id == other.document.id and a.end_line - a.start_line > 0 < b.end_line - b.start_line
    return same and a.start_line <= b.end_line and b.start_line <= a.end_line


def _passage(
    lines: Lines, taken: Sequence[ScoredPassage], catalog: Catalog, viewer: Viewer, generation: Generation
) -> ScoredPassage | None:
    """The passage in which the lines stand, cut to what is around them; None when they are at hand already."""
    document = catalog.document_at(lines.source, lines.path)
    if (
        document is None
        or not document.access.admits(viewer.groups)
        or any(_holds(one, document, lines) for one in taken)
    ):
        return None
    for passage in catalog.passages_of(document.id, generation):
        if _stands(lines.start, passage, document):
            return ScoredPassage(_cut(passage, document, lines), document, taken[-1].score, (lines.why,))
    return None


def _holds(one: ScoredPassage, document: Document, lines: Lines) -> bool:
    passage = one.passage
    return one.document.id == document.id and passage.start_line <= lines.start and lines.end <= passage.end_line


def _cut(passage: Passage, document: Document, lines: Lines) -> Passage:
    if passage.end_line - passage.start_line < _WHOLE:
        return passage
    start = max(passage.start_line, lines.start - _AROUND)
    end = min(passage.end_line, lines.start + max(_AROUND, min(lines.end - lines.start, _WHOLE)))
    return replace(passage, text=document.lines(start, end), start_line=start, end_line=end)
