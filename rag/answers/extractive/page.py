"""A page as a tree of sections by its headings, with numbered headings told apart: those are steps of the section above them.

`cautions` and `steps` ask where lines belong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from rag.answers.extractive.alarms import is_runbook
from rag.answers.extractive.pieces import TEMPLATE
from rag.answers.extractive.units import Unit, units
from rag.records import Document, Passage, ScoredPassage

_LEVEL = re.compile(r"^(#{1,6})|^<h([1-6])", re.I)
_STEP = re.compile(r"^(?:#{1,6}\s*|<h[1-6][^>]*>\s*)(?:step\s+\d+\b|\d{1,2}[.):\s])", re.I)
_MARKS = re.compile(
    r"^#{1,6}\s*|\s+#+$|</?[a-z][a-z0-9]*(?:\s[^>]*)?>(?=.*</)|</[a-z][^>]*>|\s*\{[#:.][^}]*\}\s*$", re.I
)
_LINK = re.compile(r"!?\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])")


@dataclass
class Section:
    """A heading with its lines: `first` is its own (0: the page, which has none), `text` the last before any other heading,
    `last` the last before one that is not below it. `step`: it is numbered. `doing`: commands or steps stand in
    it, or the headings of a `runbook` below it."""

    first: int
    level: int
    heading: str = ""
    step: bool = False
    text: int = 0
    last: int = 0
    doing: bool = False
    runbook: bool = False
    parts: list[Section] = field(default_factory=list)

    def all(self) -> Iterator[Section]:
        """The section and all below it."""
        yield self
        for part in self.parts:
            yield from part.all()


def chain(section: Section, line: int) -> list[Section]:
    """The sections in which a line stands, the innermost first."""
    inner = next((part for part in section.parts if part.first <= line <= part.last), None)
    return [*(chain(inner, line) if inner else []), section]


def stretch(page: Section, line: int) -> Section:
    """The section whose procedure a line is of: of a step, the one that has the steps."""
    sections = chain(page, line)
    outermost = max((at for at, section in enumerate(sections) if section.step), default=-1)
    return sections[outermost + 1]


def headings_above(found: ScoredPassage) -> list[str] | None:
    """The headings that a passage begins under, where it has grown upwards over its own; None where it has not."""
    passage = found.passage
    own = passage.heading_path[-1] if passage.heading_path else ""
    if passage.kind != "section" or not any(line.lstrip("# ") == own for line in passage.text.split("\n")[1:]):
        return None
    above = chain(page_of(found.document), passage.start_line)
    return [section.heading.lstrip("#").strip() for section in reversed(above) if section.heading]


def worded(heading: str) -> str:
    """A heading's words, without marks and links: "" for one that is a template, which stands for the page's title."""
    return " ".join(_MARKS.sub("", _LINK.sub(r"\1", TEMPLATE.sub(" ", heading.strip()))).split())


def whole_of(document: Document) -> Passage:
    """All of a document as one passage of prose."""
    return Passage("", document.id, 0, (), document.text, 1, document.text.count("\n") + 1, "section")


def page_of(document: Document) -> Section:
    """A page's sections, each with those below it."""
    whole = whole_of(document)
    page = Section(0, 0)
    open_ = [page]
    parts = units(whole)
    for unit in parts:
        if unit.kind != "heading":
            continue
        open_[-1].text = open_[-1].text or unit.start_line - 1
        level = _level(unit)
        while open_[-1].level >= level:
            open_.pop().last = unit.start_line - 1
        section = Section(unit.start_line, level, unit.text.strip(), bool(_STEP.match(unit.text.strip())))
        open_[-1].parts.append(section)
        open_.append(section)
    for section in open_:
        section.last = whole.end_line
    open_[-1].text = open_[-1].text or whole.end_line
    _mark(page, parts)
    return page


def procedural(parts: Sequence[Unit]) -> bool:
    """Whether what stands here is to be done: a command, or several numbered steps."""
    return any(unit.kind == "code" or "```" in unit.text for unit in parts) or sum(unit.numbered for unit in parts) > 1


def _mark(section: Section, parts: Sequence[Unit]) -> None:
    own = [unit for unit in parts if section.first <= unit.start_line <= section.last]
    for part in section.parts:
        _mark(part, own)
    section.runbook = is_runbook(worded(part.heading) for part in section.parts)
    section.doing = section.runbook or procedural(own) or any(part.doing for part in section.parts)


def _level(unit: Unit) -> int:
    found = _LEVEL.match(unit.text.strip())
    return (len(found[1]) if found[1] else int(found[2])) if found else 1
