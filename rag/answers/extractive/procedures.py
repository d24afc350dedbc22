"""Procedures, whole: a passage that ends in the middle of numbered steps is continued to the last of them, and one that begins
there is led back to the first. Half a procedure is worse than none. `rag.answers.evidence` calls `whole`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from rag.answers.extractive.units import FENCE
from rag.records import Document, Passage

LONGEST = 6000  # characters of a passage that was made whole
_STEP = re.compile(r"^(?P<indent>\s*)(?P<number>\d{1,2})[.)]\s")
_STEP_HEADING = re.compile(r"^(?P<level>#{2,6})\s+(?:step\s+)?(?P<number>\d{1,2})\b", re.I)
_HEADING = re.compile(r"^(?P<level>#{1,6})\s")


@dataclass(frozen=True)
class _Step:
    """A numbered item or heading: its line from 1, how deep it stands (a heading: 1 to 6, an item: 10 and its indent)."""

    line: int
    depth: int
    number: int
    section: int


def whole(passage: Passage, document: Document) -> Passage:
    """The passage with all steps of the procedure that it begins or goes on with; itself where there is none, where nothing is
    missing, or where the whole would be too long."""
    if passage.kind != "section":
        return passage
    lines = document.text.split("\n")
    start, end = passage.start_line, passage.end_line
    for run in _runs(_steps(lines)):
        first, last = run[0].line, _end_of(lines, run[-1])
        if len(run) > 1 and start <= last and first <= end:
            start, end = min(start, first), max(end, last)
    return _of_lines(passage, document, start, end) or passage


def joined(one: Passage, other: Passage, document: Document) -> Passage | None:
    """The first passage led on to the other's lines; None where both together would be too long."""
    return _of_lines(one, document, min(one.start_line, other.start_line), max(one.end_line, other.end_line))


def _of_lines(passage: Passage, document: Document, start: int, end: int) -> Passage | None:
    if (start, end) == (passage.start_line, passage.end_line):
        return passage
    text = document.lines(start, end)
    return replace(passage, text=text, start_line=start, end_line=end) if len(text) <= LONGEST else None


def _steps(lines: list[str]) -> Iterator[_Step]:
    """Every numbered item and heading outside fences; `section` counts the headings above that have no number."""
    fence, section = "", 0
    for at, line in enumerate(lines, 1):
        if opening := FENCE.match(line):
            mark = opening[1][0]
            fence = "" if fence == mark else fence or mark
        if fence or opening:
            continue
        if heading := _STEP_HEADING.match(line):
            yield _Step(at, len(heading["level"]), int(heading["number"]), 0)
        elif _HEADING.match(line):
            section += 1
        elif step := _STEP.match(line):
            yield _Step(at, 10 + len(step["indent"].expandtabs(4)), int(step["number"]), section)


def _runs(steps: Iterator[_Step]) -> list[list[_Step]]:
    """Steps that follow each other at one depth: 1, 2, 3, or (as Markdown allows) 1, 1, 1."""
    open_: dict[int, list[_Step]] = {}
    found: list[list[_Step]] = []
    for step in steps:
        run = open_.get(step.depth)
        for deeper in [depth for depth in open_ if depth > step.depth]:
            del open_[deeper]
        if run and step.section == run[-1].section and step.number in _next(run[-1].number):
            run.append(step)
        else:
            open_[step.depth] = [step]
            found.append(open_[step.depth])
    return found


def _next(number: int) -> tuple[int, ...]:
    return (number + 1, 1) if number == 1 else (number + 1,)


def _end_of(lines: list[str], step: _Step) -> int:
    """The last line that belongs to a step: of a heading all below it, of an item what is indented, and fences."""
    last, fence = step.line, ""
    for at in range(step.line + 1, len(lines) + 1):
        line = lines[at - 1]
        heading = None if fence else _HEADING.match(line)
        if step.depth < 10:
            if heading and len(heading["level"]) <= step.depth:
                break
        elif heading or (
            line.strip() and not fence and not line[:1].isspace() and not FENCE.match(line) and at > last + 1
        ):
            break
        if opening := FENCE.match(line):
            fence = "" if fence == opening[1][0] else fence or opening[1][0]
        if line.strip():
            last = at
    return last
