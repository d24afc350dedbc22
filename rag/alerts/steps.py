"""What a runbook says is to be done, quoted with its lines: its procedures whole and in order, each with what the page warns of
around it, and which commands destroy something. `api.alerts` shows it.

It is the extractive answerer's way (`rag.answers.extractive.steps`), over the whole page instead of what a search found.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rag.alerts.records import Runbook
from rag.answers.extractive.page import whole_of
from rag.answers.extractive.pieces import Piece, pieces
from rag.answers.extractive.prohibitions import warns
from rag.answers.extractive.quotation import Scored, cited, runs_of
from rag.answers.extractive.steps import WARNS, Pages, Procedure, procedure
from rag.answers.outgoing.destructive import destructive
from rag.answers.outgoing.suspicion import suspicions
from rag.catalog import Catalog
from rag.cite import Citer
from rag.records import Citation, Document, ScoredPassage, Viewer

_WORDS = 590  # of all that is quoted of one runbook, as in an answer that holds a procedure
_OPENING = 120  # words of a page without steps
# Headings below which stands what to do, if only in sentences.
_DOING = re.compile(
    r"\b(?:diagnos\w*|mitigat\w*|troubleshoot\w*|debug\w*|resol(?:ve|ving|ution)\w*|fix(?:es|ing)?|remed\w+|recover\w*|"
    r"respon(?:se|d)\w*|actions?|steps?|procedures?|what to do|how to|investigat\w*|verif\w+|checks?|escalat\w*|"
    r"workarounds?|solutions?|rollback)\b",
    re.I,
)


@dataclass(frozen=True)
class Step:
    """A checked quote of the runbook; `warns`: it warns rather than tells what to do. `destructive` are commands in it that
    destroy something, with what they do."""

    citation: Citation
    heading: str
    warns: bool
    destructive: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Steps:
    """What a runbook tells to do; `before` and `rest` say what was left out, and where it stands."""

    steps: tuple[Step, ...] = ()
    before: str = ""
    rest: str = ""


def steps_of(runbook: Runbook, catalog: Catalog, viewer: Viewer) -> Steps:
    """The steps of a runbook, of its section where the alert has one; without any, how it begins."""
    document = runbook.document
    if document is None:
        return Steps()
    evidence = _evidence(document)
    scored = [Scored(index, piece, 1.0) for index, found in enumerate(evidence) for piece in pieces(found.passage)]
    first, last = runbook.start, runbook.end or document.text.count("\n") + 1
    chosen = _chosen(evidence, [one for one in scored if first <= one.piece.start <= last], scored)
    taken = _numbered(chosen.taken, len(evidence))
    citer = Citer(catalog, viewer, evidence)
    runs = sorted(runs_of(taken), key=lambda run: run[0].piece.start)
    quoted = [(run, cited(evidence[run[0].index], run, citer)) for run in runs]
    steps = [_step(run[0].piece, citation) for run, citation in quoted if citation]
    return Steps(tuple(steps), chosen.before, chosen.rest)


def _evidence(document: Document) -> tuple[ScoredPassage, ...]:
    """The page without the lines that speak to an assistant."""
    whole = ScoredPassage(replace(whole_of(document), id=f"alert-{document.id}"), document, 1.0)
    _, rest = suspicions(whole)
    return tuple(rest)


def _chosen(evidence: Sequence[ScoredPassage], own: Sequence[Scored], everything: Sequence[Scored]) -> Procedure:
    """The procedures of the alert's own lines, with warnings from the whole page; else the beginning of these lines."""
    doing = [replace(one, piece=replace(one.piece, procedural=_is_doing(one.piece))) for one in own]
    if not any(one.piece.procedural for one in doing):
        return Procedure(tuple(_beginning(own)))
    lines = {one.piece.start for one in own}
    around = [replace(one, index=one.index + len(evidence)) for one in everything if one.piece.start not in lines]
    warning = [replace(found, why=(WARNS,)) for found in evidence]
    return procedure(Pages([*doing, *around], [*evidence, *warning]), _WORDS)


def _numbered(taken: Sequence[Scored], count: int) -> list[Scored]:
    """The pieces as of the page itself, whether they were taken as steps or as warnings."""
    return [replace(one, index=one.index % count) for one in taken]


def _is_doing(piece: Piece) -> bool:
    return piece.procedural or bool(_DOING.search(piece.heading))


def _beginning(own: Sequence[Scored]) -> list[Scored]:
    taken: list[Scored] = []
    for one in own:
        if taken and sum(other.piece.words for other in (*taken, one)) > _OPENING:
            break
        taken.append(one)
    return taken


def _step(piece: Piece, citation: Citation) -> Step:
    return Step(citation, piece.heading, warns(citation.quote), tuple(destructive(citation.quote)))
