"""A passage in units: sentences' worth of text that can be quoted alone, each with its exact lines.

Paragraphs, list items, table rows, fenced blocks, and in code single lines or small runs of them. Units cover the passage
without gaps, so that neighbouring units joined are again the document's own lines. The extractive answerer picks units;
models are sent them as blocks, since a model's citation names blocks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from rag.records import Passage

FENCE = re.compile(r"^\s*(```+|~~~+)")  # a line that opens or closes a fenced block
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+")
_NUMBERED = re.compile(r"^\s*\d+[.)]\s+")
_HEADING = re.compile(r"^#{1,6}\s|^#{2,6}\w|^<h[1-6]", re.I)  # "###Preparing" is meant as one
_TABLE = re.compile(r"^\s*\|")
_CODE_LINES = 6  # lines of code in one unit


@dataclass(frozen=True)
class Unit:
    """Lines start_line to end_line; `text` ends without newline. `kind`: heading, prose, item, row, code, front, blank."""

    text: str
    start_line: int
    end_line: int
    kind: str
    numbered: bool = False


def units(passage: Passage) -> list[Unit]:
    """The passage's units in order; together they are the passage's lines, blank ones with the unit above them."""
    lines = passage.text.split("\n")
    if passage.start_line == passage.end_line:
        alone = "heading" if passage.kind == "section" and _kind(passage.text) == "heading" else "prose"
        return [Unit(passage.text, passage.start_line, passage.end_line, alone)]
    starts = _prose_starts(lines) if passage.kind == "section" else _code_starts(lines)
    front = _front_matter_end(lines) if passage.kind == "section" and passage.start_line == 1 else 0
    starts = [0, *(start for start in starts if start >= front > 0)] if front else starts
    found = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        text = "\n".join(lines[start:end])
        first = lines[start]
        found.append(
            Unit(text, passage.start_line + start, passage.start_line + end - 1,
                 "front" if start < front else _kind(first) if passage.kind == "section" else "code",
                 bool(_NUMBERED.match(first)))
        )  # fmt: skip
    return found


def _front_matter_end(lines: list[str]) -> int:
    """The line behind a page's front matter; 0 where there is none."""
    if lines[0].rstrip() != "---":
        return 0
    return next((at + 1 for at in range(1, len(lines)) if lines[at].rstrip() == "---"), 0)


def _kind(line: str) -> str:
    if FENCE.match(line):
        return "code"
    if _HEADING.match(line):
        return "heading"
    if _TABLE.match(line):
        return "row"
    if _ITEM.match(line):
        return "item"
    return "prose" if line.strip() else "blank"


def _prose_starts(lines: list[str]) -> list[int]:
    starts: list[int] = []
    fence = ""
    blank_above = True
    for at, line in enumerate(lines):
        opening = FENCE.match(line)
        if fence:
            if opening and opening.group(1)[0] == fence[0] and len(opening.group(1)) >= len(fence):
                fence = ""
            blank_above = False
            continue
        kind = _kind(line)
        begins = kind in ("heading", "item", "row") or (kind == "prose" and (blank_above or _after_single(lines, at)))
        if opening:
            fence = opening.group(1)
            # an indented fence belongs to the list item above it
            begins = not line[:1].isspace() or not starts
        elif kind == "prose" and line[:1].isspace() and starts and _kind(lines[starts[-1]]) == "item":
            begins = False
        if begins or at == 0:
            starts.append(at)
        blank_above = kind == "blank"
    return starts


def _after_single(lines: list[str], at: int) -> bool:
    """Whether the line above is a unit of its own (a heading or the end of a fence)."""
    return at > 0 and (_kind(lines[at - 1]) == "heading" or bool(FENCE.match(lines[at - 1])))


def _code_starts(lines: list[str]) -> list[int]:
    """Runs of lines between blank lines, at most `_CODE_LINES` long."""
    starts = [0]
    for at in range(1, len(lines)):
        if at - starts[-1] >= _CODE_LINES or (not lines[at - 1].strip() and lines[at].strip()):
            starts.append(at)
    return starts
