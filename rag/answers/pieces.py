"""A passage in pieces that answer alone: a sentence, a list item, a table row, a command with the words that lead up to it, a run
of lines of code. Each is made of neighbouring units (`rag.answers.units`), or of a sentence of one.

The extractive answerer picks pieces, and joins those that stand side by side.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.answers.units import Unit, units
from rag.records import Passage

# The end of a sentence: what follows begins one. Not behind short forms such as "e.g." or a single letter.
_END = re.compile(r"(?<![ (]\w)(?<!e\.g)(?<!i\.e)(?<!etc)(?<!vs)[.!?][)\"'*_`]*(?=\s+[\"'(*_`\[]*[A-Z0-9`\[])")
_RULE = re.compile(r"^[\s|:-]+$")
# Markup without text: tags, pictures, rules, where links lead.
_NO_TEXT = re.compile(
    r"^\s*(?:</?[a-zA-Z][^>]*>\s*$|!\[[^\]]*\]\([^)]*\)\s*$|-{3,}\s*$|\[[^\]]+\]:\s+\S|<(?:img|iframe|script|style|div|table|tr|td)\b)",
    re.I,
)
_STEP_HEADING = re.compile(r"^#{1,6}\s+(?:step\s+)?\d+[.):\s]", re.I)
# A paragraph that warns or forbids: no part of it is quoted without the rest.
_WARNS = re.compile(
    r"\b(?:WARNING|IMPORTANT|CAUTION|DANGER|ATTENTION)\b|(?i:(?:\*\*|^)(?:warning|important|caution|danger|attention)\b\W|"
    r"\b(?:do not|don['’]t|never|must not|mustn['’]t|cannot be undone|can['’]t be undone|irreversibl[ey])\b)",
    re.M,
)
_WARNING_WORDS = 90  # of such a paragraph; a longer one is cut like others
_LIST_WORDS = 90  # of a sentence with the list that follows it, as one piece
_TABLE_WORDS = 90  # of a table that is one piece
_CODE_WHOLE = 14  # lines of a block of code that is one piece


@dataclass(frozen=True)
class Piece:
    """Lines `start` to `end`, and the text in them that is quoted. `at` numbers the passage's pieces; `heading` stands above it.

    A table's row knows the rows of its header, which begin at `header_start`. `section` numbers the stretch between headings, and
    `procedural` tells that this is to be done: it holds commands, or numbered steps. `apart`: above it stands what is not quoted.
    """

    at: int
    text: str
    start: int
    end: int
    kind: str
    heading: str = ""
    header: str = ""
    header_start: int = 0
    section: int = 0
    procedural: bool = False
    apart: bool = False

    def joins(self, above: Piece) -> bool:
        """Whether it is quoted as one with its neighbour above: a table's row never with what is no row of it."""
        return not self.apart and self.header_start == above.header_start

    @property
    def words(self) -> int:
        return len(self.text.split())


def pieces(passage: Passage) -> list[Piece]:
    """The passage's pieces in the order of its lines; headings, front matter, blank lines and bare HTML are none."""
    found = _of_code(passage) if passage.kind != "section" else _of_prose(passage)
    lines = passage.text.split("\n")
    ends = [passage.start_line - 1, *(piece.end for piece in found)]
    first = passage.start_line
    between = [lines[end + 1 - first : piece.start - first] for end, piece in zip(ends, found, strict=False)]
    return [
        replace(piece, at=at, apart=any(_NO_TEXT.match(line) for line in lines_above))
        for at, (piece, lines_above) in enumerate(zip(found, between, strict=True))
    ]


def _of_code(passage: Passage) -> list[Piece]:
    if passage.end_line - passage.start_line < _CODE_WHOLE:
        return [Piece(0, passage.text, passage.start_line, passage.end_line, "code", passage.heading)]
    return [
        Piece(0, unit.text.rstrip("\n"), unit.start_line, unit.end_line, "code", passage.heading)
        for unit in units(passage)
        if unit.text.strip()
    ]


def _of_prose(passage: Passage) -> list[Piece]:
    parts = [unit for unit in units(passage) if unit.kind not in ("blank", "front")]
    sections = {at: (n, _procedural(parts[a:b])) for n, (a, b) in enumerate(_sections(parts)) for at in range(a, b)}
    found: list[Piece] = []
    heading, header = passage.heading, (0, "")
    for at, unit in enumerate(parts):
        if unit.kind == "heading":
            heading = unit.text.strip().lstrip("#").strip() or heading
            continue
        if unit.kind != "row":
            header = (0, "")
        elif not header[1]:
            header = (unit.start_line, "\n".join(row.text for row in parts[at : at + 2] if _is_table_head(parts, at)))
        for piece in _cut(unit):
            if unit.kind == "row" and (_RULE.match(unit.text) or unit.start_line == header[0]) and len(header[1]):
                continue
            made = replace(piece, heading=heading, section=sections[at][0], procedural=sections[at][1])
            if unit.kind == "row" and header[1]:
                made = replace(made, header=header[1].rstrip("\n"), header_start=header[0])
            found.append(made)
    return list(_with_lead_in(list(_small_tables(found))))


def _is_table_head(parts: Sequence[Unit], at: int) -> bool:
    return at + 1 < len(parts) and bool(_RULE.match(parts[at + 1].text)) and parts[at + 1].kind == "row"


def _cut(unit: Unit) -> Iterator[Piece]:
    """A unit's sentences; whole where it is no prose, or warns of something."""
    text = unit.text.rstrip()
    if unit.kind != "prose":
        yield Piece(0, text, unit.start_line, unit.end_line, unit.kind)
        return
    if _WARNS.search(text) and len(text.split()) <= _WARNING_WORDS:
        yield Piece(0, text, unit.start_line, unit.start_line + text.count("\n"), unit.kind)
        return
    begin = 0
    for border in (*(match.end() for match in _END.finditer(text)), len(text)):
        sentence = text[begin:border]
        lead = len(sentence) - len(sentence.lstrip())
        first = unit.start_line + text.count("\n", 0, begin + lead)
        if sentence.strip() and not _NO_TEXT.match(sentence.strip()):
            yield Piece(0, sentence.strip(), first, first + sentence.strip().count("\n"), "prose")
        begin = border


def _small_tables(found: Sequence[Piece]) -> Iterator[Piece]:
    """Pieces, the rows of a table that is read at a glance as one."""
    for start, group in itertools.groupby(found, key=lambda piece: piece.header_start):
        rows = list(group)
        words = sum(row.words for row in rows) + (len(rows[0].header.split()) if rows else 0)
        if not start or len(rows) == 1 or words > _TABLE_WORDS:
            yield from rows
            continue
        lines = [*itertools.chain.from_iterable(row.text.split("\n") for row in rows)]
        yield replace(rows[0], text="\n".join(lines), end=rows[0].start + len(lines) - 1, kind="table")


def _with_lead_in(found: Sequence[Piece]) -> Iterator[Piece]:
    """Pieces, a command joined with the sentence right above that leads up to it, and a short list with its own."""
    before: Piece | None = None
    for piece in found:
        if before and before.section == piece.section and _follows(before, piece):
            gap = "\n" * (piece.start - before.end)
            kind = "command" if piece.kind == "code" else before.kind if before.kind == "command" else "list"
            before = replace(before, text=before.text + gap + piece.text, end=piece.end, kind=kind)
            continue
        if before:
            yield before
        before = piece
    if before:
        yield before


def _follows(before: Piece, piece: Piece) -> bool:
    """Whether a piece completes the one above it."""
    if piece.kind == "code":
        return before.kind == "prose"
    if piece.kind != "item" or before.words + piece.words > _LIST_WORDS:
        return False
    return before.kind == "list" or (before.kind == "prose" and before.text.rstrip("*_ ").endswith(":"))


def _procedural(parts: Sequence[Unit]) -> bool:
    """Whether what stands under one heading is to be done: a command, or several numbered steps."""
    return any(unit.kind == "code" or "```" in unit.text for unit in parts) or sum(unit.numbered for unit in parts) > 1


def _sections(parts: Sequence[Unit]) -> Iterator[tuple[int, int]]:
    """The stretches between headings; headings that are steps themselves ("## 1. Cordon") don't divide."""
    borders = [at for at, unit in enumerate(parts) if unit.kind == "heading" and not _STEP_HEADING.match(unit.text)]
    edges = [0, *borders, len(parts)]
    for first, last in zip(edges, edges[1:], strict=False):
        if last > first:
            yield first, last
