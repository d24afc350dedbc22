"""reStructuredText by section, read line by line (https://docutils.sourceforge.io/docs/ref/rst/restructuredtext.html).

A title is a line with one of punctuation below it (and perhaps above); a block is a run of lines at the margin with what is
indented below it, so a directive keeps its content. Nothing is followed: includes and raw content stay the lines that they are.
Why not docutils: docs/decisions/0021-text-formats.md.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ingest.parsers.sections import Block, past_blanks

_ADORNMENT = re.compile(r"([!-/:-@\[-`{-~])\1*\s*$")
_ITEM = re.compile(r"(?:[-*+•‣]|\(?(?:\d{1,4}|#|[a-zA-Z])[.)])\s")
_TABLE = re.compile(r"=+(?: +=+)+\s*$")
_TARGET = re.compile(r"\.\. (?:_[^:]+:|index::|rst-class::|meta::)|__ ")
_FIELD = re.compile(r":([A-Za-z][\w -]*):(?:\s+(.*))?$")
_ROLE = re.compile(r"(?::[\w:.+-]+:)?`([^`<]*[^`<\s])\s*(?:<[^`>]*>)?`_{0,2}")
_SHORTEST = 4  # a shorter underline must be as long as its title


def blocks(text: str, lines: Sequence[str]) -> Iterator[Block]:
    """Blocks one after the other, each reaching to the next one's start; targets go with the title below them."""
    styles: list[tuple[str, bool]] = []
    borders = [at for at, line in enumerate(lines) if line.startswith("=") and _TABLE.match(line)]
    held: Block | None = None
    at = 0
    while at < len(lines):
        block = _title(lines, at, styles) or _body(lines, at, borders, not styles)
        if held and block.level:
            held = replace(block, start=held.start)
        else:
            if held:
                yield held
            held = block
        if not _TARGET.match(lines[held.start]) or held.level:
            yield held
            held = None
        at = block.end
    if held:
        yield held


def _title(lines: Sequence[str], at: int, styles: list[tuple[str, bool]]) -> Block | None:
    """The title that begins here, its level by the order in which styles first appear."""
    above = lines[at - 1] if at else ""
    if not lines[at].strip() or not (
        at == 0 or not above.strip() or above[:1].isspace() or above.startswith((".. ", ":"))
    ):
        after_title = at > 1 and _ADORNMENT.match(above) and lines[at].strip()
        if not after_title:
            return None
    if lines[at].startswith(".. ") or _FIELD.match(lines[at]):
        return None
    over = _ADORNMENT.match(lines[at])
    if over and at + 2 < len(lines) and lines[at + 1].strip() and not _ADORNMENT.match(lines[at + 1]):
        if not (lines[at + 2][:1] == over[1] and _ADORNMENT.match(lines[at + 2])):
            return None
        text, end, style = lines[at + 1], at + 3, (over[1], True)
        long_enough = _fits(lines[at], text)
    elif (
        not over and at + 1 < len(lines) and not lines[at][:1].isspace() and (under := _ADORNMENT.match(lines[at + 1]))
    ):
        text, end, style = lines[at], at + 2, (under[1], False)
        long_enough = _fits(lines[at + 1], text)
    else:
        return None
    if not long_enough:
        return None
    if style not in styles:
        styles.append(style)
    return Block(at, past_blanks(lines, end), styles.index(style) + 1, _ROLE.sub(r"\1", text.strip().replace("``", "")))


def _fits(adornment: str, text: str) -> bool:
    length = len(adornment.rstrip())
    return length >= _SHORTEST or length >= len(text.strip())


def _body(lines: Sequence[str], at: int, borders: Sequence[int], before_titles: bool) -> Block:
    """A run of lines at the margin (a list's item, a table, a paragraph) and what is indented below it."""
    end = at + 1
    first = lines[at]
    if not first.strip():
        return Block(at, past_blanks(lines, at), front_matter=before_titles)
    table = bool(_TABLE.match(first))
    if table:
        end = _table_end(lines, at, borders)
    else:
        while end < len(lines) and _goes_on(lines, end, first):
            end += 1
    margin = end
    while end < len(lines) and (not lines[end].strip() or lines[end][:1].isspace()):
        end += 1
    marked = first.startswith((".. ", "__ ", ":"))
    literal = "\n".join(lines[max(at, margin - 1) : margin]).rstrip().endswith("::")
    whole = table or marked or literal or first.startswith(("+-", "+="))
    return Block(at, end, whole=whole, front_matter=before_titles and marked and not first.startswith(".. note"))


def _goes_on(lines: Sequence[str], at: int, first: str) -> bool:
    """Whether a line at the margin belongs to the block that the line before it is in."""
    line = lines[at]
    if not line.strip() or line[:1].isspace() or line.startswith(".. "):
        return False
    if _ITEM.match(line):
        return not _ITEM.match(first)
    if first.startswith(".. "):
        return False
    if _FIELD.match(first):
        return bool(_FIELD.match(line))
    return True


def _table_end(lines: Sequence[str], at: int, borders: Sequence[int]) -> int:
    """Behind the border that ends a simple table: the second below its first, or the first that a blank line follows."""
    width = len(lines[at].rstrip())
    below = bisect_right(borders, at)
    for count, border in enumerate(borders[below : below + 2], 1):
        if len(lines[border].rstrip()) != width:
            break
        if count == 2 or border + 1 == len(lines) or not lines[border + 1].strip():
            return border + 1
    return at + 1
