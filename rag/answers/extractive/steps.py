"""The procedure of an answer: the sections of one page that hold steps or commands, whole and in order, with what the page warns
of around them. What there are no words for is named by its lines: warnings go first, then steps from the first on.

`extract` calls this; `cautions` finds the warnings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rag.answers.extractive.cautions import Cautions
from rag.answers.extractive.deeds import deeds, saying
from rag.answers.extractive.page import chain, stretch, worded
from rag.answers.extractive.pieces import Piece
from rag.answers.extractive.quotation import Scored, best_score, word_count
from rag.answers.extractive.task import is_about, task
from rag.records import Document, ScoredPassage

# Why a passage is in the evidence that nobody searched for.
WARNS = "warns of what stands near"
FOLLOWS = "goes on with what is to be done"
_UNSOUGHT = frozenset((WARNS, FOLLOWS))
_LEAST_SECTION = 0.35  # of the best section's score, for another section of a procedure
_LEAST_DOCUMENT = 0.6  # of what the document says that says most, for one that has the steps
_TELLING = 4  # pieces by which a document is chosen for its procedure
_TOLD_WORDS = 15  # that tell where a procedure goes on, beside the document's name
_WARNING_WORDS = 200  # of warnings from around a procedure; as many again of those among its steps, where these are cut
_LONG_STEP = 90  # words from which on a step that warns is not a warning that goes before the others
_NAMED = 4  # lines that are named at most of other warnings
_SECTIONS = 8  # headings that are named at most of what a procedure goes on with
_HEADING_WORDS = 8  # of each
_READ, _SEE = "read them there", "see which of it belongs to this"
_BETTER = 1.5  # times the score of what a task begins with, for a section far into it that is told instead


@dataclass(frozen=True)
class Procedure:
    """Pieces in any order, and what is said above and below them of those left out; `cut` where that are steps, `task` where they
    are of the task that is asked for, from its first line on; `named` where that is the description of a thing by its name."""

    taken: tuple[Scored, ...] = ()
    before: str = ""
    rest: str = ""
    cut: bool = False
    task: bool = False
    named: bool = False


class Pages:
    """The pages that are in the evidence, each read once."""

    def __init__(self, scored: Sequence[Scored], evidence: Sequence[ScoredPassage], question: str = "") -> None:
        self.scored = scored
        self.evidence = evidence
        self.question = question
        self._known: dict[str, Page] = {}

    def of(self, document: Document) -> Page:
        """What of one document is in the evidence."""
        if document.id not in self._known:
            self._known[document.id] = Page(document, self.scored, self.evidence, self.question)
        return self._known[document.id]

    def left(self, told: Procedure, chosen: Sequence[Scored]) -> tuple[str, str]:
        """Which sections of the task that is asked for are not quoted where others of its page are: what is said of it above the
        quotations, where some of them stand further down, or below."""
        if told.cut or not chosen:
            return "", ""
        best = told.taken[0] if told.taken else max(chosen, key=lambda one: one.score)
        page = self.of(self.evidence[best.index].document)
        if not told.taken and not page.runbook:
            return "", ""
        own = [one for one in chosen if self.evidence[one.index].document.id == page.document.id]
        left = [] if told.task else page.sections_left(own, told.taken)
        if any(piece.start < max(one.piece.start for one in own) for piece in left):
            return page.goes_on(left, "Not all steps are quoted; others stand at"), ""
        return "", page.goes_on(left) or page.onward(own)


def procedure(pages: Pages, fits: int) -> Procedure:
    """The sections with steps or commands of the document that says most among those that have any, as many whole ones as fit
    into so many words; of the best one that is too long alone the first steps, and where it goes on."""
    evidence = pages.evidence
    document = _document(pages)
    if document is None:
        return Procedure()
    page = pages.of(document)
    if told := _task(page, fits):
        return told
    parts = [part for part in page.parts() if any(one.piece.procedural for one in part)]
    parts = saying(deeds(pages.question), parts, page.headed)
    if not parts:
        return Procedure()
    parts.sort(key=best_score, reverse=True)
    steps: list[Scored] = []
    taken: list[Scored] = []
    for part in parts:
        enough = not steps or best_score(part) >= _LEAST_SECTION * best_score(parts[0])
        more = _once([*taken, *part, *page.warnings(part)])
        said = f"{page.before([*steps, *part])} {page.behind([*steps, *part], more)}"
        if enough and not page.gap(part) and word_count(more, evidence) + len(said.split()) <= fits:
            steps, taken = [*steps, *part], more
        elif not steps:
            return _cut(page, part, fits)
    return Procedure(tuple(taken), page.before(steps), page.behind(steps, taken))


def _document(pages: Pages) -> Document | None:
    """The one whose procedure answers; None where no page with steps says nearly as much as the one that says most. What a page's
    headings say of the task counts as much again as what its pieces do."""
    evidence = pages.evidence
    found = {one.document.id: one.document for one in evidence if one.passage.kind == "section"}
    documents: dict[str, list[float]] = {}
    for one in pages.scored:
        if not _UNSOUGHT.intersection(evidence[one.index].why):
            documents.setdefault(evidence[one.index].document.id, []).append(one.score)
    tasks = {name: told for name in documents if name in found and (told := pages.of(found[name]).task)}
    says = {
        name: sum(sorted(scores)[-_TELLING:]) * (1 + (tasks[name].fit if name in tasks else 0))
        for name, scores in documents.items()
    }
    has_steps = {evidence[one.index].document.id for one in pages.scored if one.piece.procedural} | tasks.keys()
    best = max(has_steps & says.keys(), key=lambda name: (says[name], name), default="")
    if not best or says[best] < _LEAST_DOCUMENT * max(says.values()):
        return None
    return next(one.document for one in evidence if one.document.id == best)


def _task(page: Page, fits: int) -> Procedure | None:
    """All of the task that is asked for, in order, or its beginning, and where it goes on; None where no section of the page is
    that, where it can't be told from the first line on, or where what answers best stands far into it."""
    part = page.of_task()
    if not page.task or not part:
        return None
    warnings = page.warnings(part, own=page.task.named)
    taken = _once([*warnings, *part])
    left = page.left_of_task(taken)
    if page.task.named and not left and word_count(taken, page.evidence) <= fits:
        return Procedure(tuple(taken), task=True, named=True)
    if not left and word_count(taken, page.evidence) + len(page.behind(part, taken).split()) <= fits:
        return Procedure(tuple(taken), "", page.behind(part, taken), task=True)
    gap = next((p.start for p in left if p.start < part[-1].piece.start), 0)
    steps = _from(part, gap, warnings, fits, page.evidence)
    while steps:
        taken = _once([*warnings, *steps])
        told = " ".join(filter(None, (page.goes_on(page.left_of_task(taken)), page.more_warnings(steps, taken))))
        if word_count(taken, page.evidence) + len(told.split()) <= fits:
            break
        steps.pop()
    if not steps or best_score(part) > _BETTER * best_score(steps):
        return None
    return Procedure(tuple(taken), "", told, cut=True, task=True)


class Page:
    """What of one document is in the evidence, and what it warns of."""

    def __init__(
        self, document: Document, scored: Iterable[Scored], evidence: Sequence[ScoredPassage], question: str = ""
    ) -> None:
        self.document = document
        self.question = question
        self.task = task(question, document)  # that is asked for
        self.evidence = evidence
        self._scored = [one for one in scored if evidence[one.index].document.id == document.id]
        self._cautions = Cautions(document)
        self.runbook = any(section.runbook for section in self._cautions.page.all())

    def parts(self) -> list[list[Scored]]:
        """The pieces found, by the section whose procedure they are of, each line once and in order."""
        return self._by_section(
            _once(o for o in self._scored if not _UNSOUGHT.intersection(self.evidence[o.index].why))
        )

    def of_task(self) -> list[Scored]:
        """The pieces at hand of the task that is asked for, each line once and in order, of one passage if one has them."""
        if not self.task:
            return []
        whole = [o for o in self._scored if FOLLOWS in self.evidence[o.index].why]
        best = {o.piece.start: o.score for o in sorted(self._scored, key=lambda o: o.score)}
        found = [replace(o, score=best[o.piece.start]) for o in whole] or _once(
            o for o in self._scored if WARNS not in self.evidence[o.index].why
        )
        return [one for one in found if self.task.holds(one.piece.start)]

    def left_of_task(self, taken: Sequence[Scored]) -> list[Piece]:
        """The pieces of the task that are not among these."""
        held = _lines(taken)
        return [p for p in self._cautions.pieces if self.task and self.task.holds(p.start) and p.start not in held]

    def sections_left(self, quoted: Sequence[Scored], steps: Sequence[Scored]) -> list[Piece]:
        """The pieces of the task in sections of which nothing is quoted, without those that these steps are of."""
        held = {self.heading(one.piece) for one in quoted}
        of = {self.first(one.piece) for one in steps}
        return [p for p in self.left_of_task(quoted) if self.heading(p) not in held and self.first(p) not in of]

    def onward(self, quoted: Sequence[Scored]) -> str:
        """Where steps, or more of a runbook, stand in sections behind all that is quoted, on a page that is about what is asked:
        only a reader can tell whether they go on with it, or are others."""
        if not is_about(self.question, self.document):
            return ""
        last = max(one.piece.end for one in quoted)
        behind = [p for p in self._cautions.pieces if (p.procedural or self.runbook) and p.start > last]
        of = {self.first(one.piece) for one in quoted}
        return self.goes_on([p for p in behind if self.first(p) not in of], "Then the page goes on at", _SEE)

    def goes_on(self, left: Sequence[Piece], saying: str = "The steps go on from", advice: str = _READ) -> str:
        """Where these pieces stand, by line and heading."""
        sections: dict[int, tuple[int, str]] = {}
        for piece in left:
            section = chain(self._cautions.page, piece.start)[0]
            sections.setdefault(
                section.first, (piece.start, " ".join(worded(section.heading).split()[:_HEADING_WORDS]))
            )
        told = [f"{line} ({heading})" if heading else str(line) for line, heading in sections.values()]
        more = f", and {len(told) - _SECTIONS} more" if len(told) > _SECTIONS else ""
        return f"{saying} line {', '.join(told[:_SECTIONS])}{more} of {self.name}: {advice}." if told else ""

    def first(self, piece: Piece) -> int:
        """The line at which the section begins whose procedure a piece is of."""
        return stretch(self._cautions.page, piece.start).first

    def headed(self, part: Sequence[Scored]) -> str:
        """The headings right above a section's pieces."""
        sections = (chain(self._cautions.page, one.piece.start)[0] for one in part)
        return " ".join(dict.fromkeys(worded(section.heading) for section in sections))

    def heading(self, piece: Piece) -> int:
        """The line of the heading right above a piece."""
        return chain(self._cautions.page, piece.start)[0].first

    def gap(self, part: Sequence[Scored]) -> int:
        """The line from which on pieces of a section are not among these while later ones are; 0 where none are missing."""
        first, last = part[0].piece.start, part[-1].piece.start
        return next((piece.start for piece in self._missing(part) if first < piece.start < last), 0)

    def _missing(self, part: Sequence[Scored]) -> list[Piece]:
        """A section's pieces that are not among these."""
        section = self.first(part[0].piece)
        held = _lines(part)
        return [p for p in self._cautions.pieces if p.start not in held and self.first(p) == section]

    def warnings(self, part: Sequence[Scored], *, own: bool = False) -> list[Scored]:
        """What the page warns of around these pieces, as far as it is in the evidence and there are words for it."""
        held = _lines(part)
        taken: list[list[Scored]] = [[], []]
        for caution in self._around(part, own):
            among = taken[caution.start in held]
            more = [*among, *self._evident(caution)]
            if word_count(more, self.evidence) <= _WARNING_WORDS and not (
                caution.start in held and caution.words > _LONG_STEP
            ):
                among[:] = more
        return [*taken[0], *taken[1]]

    def before(self, steps: Sequence[Scored]) -> str:
        """Where steps stand that come before these."""
        lines = [str(before[0]) for before, _ in map(self._left_out, self._by_section(steps)) if before]
        return (
            f"Steps before these stand from line {', '.join(lines)} of {self.name} on: read them first."
            if lines
            else ""
        )

    def behind(self, steps: Sequence[Scored], taken: Sequence[Scored]) -> str:
        """Where steps stand that come behind these, and warnings that are not among what is taken."""
        lines = [str(behind[0]) for _, behind in map(self._left_out, self._by_section(steps)) if behind]
        goes_on = f"The steps go on from line {', '.join(lines)} of {self.name}: read them there." if lines else ""
        return " ".join(filter(None, (goes_on, self.more_warnings(steps, taken))))

    def more_warnings(self, steps: Sequence[Scored], taken: Sequence[Scored]) -> str:
        """Where warnings around these steps stand that are not among what is taken."""
        held = _lines(taken)
        others = sorted(one.start for one in self._around(steps, False) if one.start not in held)[:_NAMED]
        return (
            f"More warnings stand at line {', '.join(map(str, others))} of {self.name}: read them too."
            if others
            else ""
        )

    def _left_out(self, part: Sequence[Scored]) -> tuple[list[int], list[int]]:
        """The lines of a section's steps that are not among these pieces: those before the first, and those behind. Sentences at
        the end are none; what was found, and left out for want of words, is."""
        first, found = part[0].piece.start, _lines(self._scored)
        missing = [piece.start for piece in self._missing(part) if piece.kind != "prose" or piece.start in found]
        return [line for line in missing if line < first], [line for line in missing if line > first]

    def _by_section(self, steps: Sequence[Scored]) -> list[list[Scored]]:
        found: dict[int, list[Scored]] = {}
        for one in steps:
            found.setdefault(self.first(one.piece), []).append(one)
        return list(found.values())

    @property
    def name(self) -> str:
        return f"{self.document.source}/{self.document.path}"

    @property
    def told_words(self) -> int:
        """The words of a sentence that says where something stands."""
        return _TOLD_WORDS + len(self.name.split())

    def _around(self, part: Sequence[Scored], own: bool) -> list[Piece]:
        found: dict[int, Piece] = {}
        for section in dict.fromkeys(self.first(one.piece) for one in part):
            lines = [one.piece for one in part if self.first(one.piece) == section]
            first, last = min(piece.start for piece in lines), max(piece.end for piece in lines)
            found = {piece.at: piece for piece in self._cautions.of(first, last, own=own)} | found
        return list(found.values())

    def _evident(self, caution: Piece) -> list[Scored]:
        """The pieces of evidence that say it; without the command below it."""
        hits = [o for o in self._scored if o.piece.start <= caution.end and caution.start <= o.piece.end]
        hits = [o for o in hits if o.piece.text in caution.text or caution.text in o.piece.text] or hits
        hits = [one for one in hits if one.index == hits[0].index]
        if hits and hits[-1].piece.end > caution.end and caution.text in hits[-1].piece.text:
            own = hits[-1].piece
            hits[-1] = replace(hits[-1], piece=replace(caution, at=-1 - own.at, place=own.place))
        return hits


def _cut(page: Page, part: Sequence[Scored], fits: int) -> Procedure:
    """What a section warns of, and its steps from the first on, or from the best where that would not be among them."""
    gap, warnings, best = page.gap(part), page.warnings(part), max(part, key=lambda one: one.score)
    steps = _from(part, gap, warnings, fits - 2 * page.told_words, page.evidence)
    if best not in steps:
        own = [one for one in part if page.heading(one.piece) == page.heading(best.piece)]
        later = part[part.index(own[0]) :]
        gap = page.gap(later) if len(later) > 1 else 0
        steps = _from(later, gap, warnings, fits - 3 * page.told_words, page.evidence)
    taken = _once([*warnings, *steps])
    return Procedure(tuple(taken), page.before(steps), page.behind(steps, taken), cut=True)


def _from(
    part: Sequence[Scored], gap: int, warnings: Sequence[Scored], fits: int, evidence: Sequence[ScoredPassage]
) -> list[Scored]:  # fmt: skip
    """As many of a section's pieces, from the first on, as fit beside the warnings, none behind a gap."""
    steps: list[Scored] = []
    for one in part:
        if (gap and one.piece.start > gap) or word_count(_once([*warnings, *steps, one]), evidence) > fits:
            break
        steps.append(one)
    while len(steps) > 1 and steps[-1].piece.place.leads[0] and steps[-1] is not part[-1]:
        steps.pop()  # what it leads up to is cut off
    return steps


def _lines(scored: Iterable[Scored]) -> set[int]:
    return {line for one in scored for line in range(one.piece.start, one.piece.end + 1)}


def _once(scored: Iterable[Scored]) -> list[Scored]:
    """The pieces of one document in the order of its lines, without those that another one says too."""
    taken: list[Scored] = []
    for one in sorted(scored, key=lambda o: (-len(o.piece.text), o.index)):
        if not any(told(one.piece, other.piece) for other in taken):
            taken.append(one)
    return sorted(taken, key=lambda o: (o.piece.start, o.index, o.piece.at))


def told(piece: Piece, by: Piece) -> bool:
    """Whether a piece is said by another of its document, perhaps of another passage."""
    return by.start <= piece.start <= by.end and piece.text in by.text
