"""A passage in pieces that answer alone: a sentence, a list item, a table row, a command with the words that lead up to it, a run
of lines of code. Each is made of neighbouring units (`units`), or of a sentence of one.

The extractive answerer picks pieces, and joins those that stand side by side.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from rag.answers.extractive.blocks import blocks
from rag.answers.extractive.prohibitions import warns
from rag.answers.extractive.units import Unit, units
from rag.answers.outgoing.markup import ANCHOR
from rag.records import Passage

# The end of a sentence: what follows begins one. Not behind short forms such as "e.g." or a single letter.
_END = re.compile(r"(?<![ (]\w)(?<!e\.g)(?<!i\.e)(?<!etc)(?<!vs)[.!?][)\"'*_`]*(?=\s+[\"'(*_`\[]*[A-Z0-9`\[])")
_RULE = re.compile(r"^[\s|:-]+$")
# What a site's generator puts something in the place of (ERB, Jinja, Hugo, Liquid), and nothing else.
TEMPLATE = re.compile(r"(?:\s*(?:<%.*?%>|\{\{.*?\}\}|\{%.*?%\}))+\s*")
# Markup without text: tags, pictures, rules, where links lead, templates, headings that are one.
_NO_TEXT = re.compile(
    r"^\s*(?:</?[a-zA-Z][^>]*>\s*$|!\[[^\]]*\]\([^)]*\)\s*$|-{3,}\s*$|\[[^\]]+\]:\s+\S|<(?:img|iframe|script|style|div|table|tr|td)\b"
    rf"|(?:#{{1,6}})?{TEMPLATE.pattern}$)",
    re.I,
)
_STEP_HEADING = re.compile(r"^#{1,6}\s+(?:step\s+\d+\b|\d{1,2}[.):\s])", re.I)
_WARNING_WORDS = (
    90  # of a paragraph that warns and is not cut; of a longer one what warns stays with the sentence before it
)
_LIST_WORDS = 90  # of a sentence with the list that follows it, as one piece
_TABLE_WORDS = 90  # of a table that is one piece
_LED_WORDS = 120  # of one with the sentence that leads up to it


@dataclass(frozen=True)
class Listing:
    """A list of a page: the lines at which its items begin, and the last one; `numbered` where the items are steps."""

    starts: tuple[int, ...]
    last: int
    numbered: bool

    def lines(self) -> list[tuple[int, int]]:
        """The first and the last line of each item."""
        return list(zip(self.starts, (*(start - 1 for start in self.starts[1:]), self.last), strict=True))


@dataclass(frozen=True)
class Place:
    """Where a piece stands: the headings above it from the outermost in, of which the last `least` say it; the lists that it has
    a part of; and the first and last line of what it leads up to (":"), zeros where it leads up to nothing."""

    path: tuple[str, ...] = ()
    least: int = 1
    lists: tuple[Listing, ...] = ()
    leads: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Piece:
    """Lines `start` to `end`, and the text in them that is quoted. `at` numbers the passage's pieces; `heading` stands above it.

    A table's row knows the rows of its header, which begin at `header_start`. `section` numbers the stretch between headings, and
    `procedural` tells that this is to be done: it holds commands, or numbered steps. `apart`: above it stands what is not quoted.
    `place` is where in its page it stands (`outline`), where that was looked up.
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
    place: Place = Place()  # frozen

    def joins(self, above: Piece) -> bool:
        """Whether it is quoted as one with its neighbour above: a table's row never with what is no row of it."""
        return not self.apart and self.header_start == above.header_start

    @property
    def words(self) -> int:
        return len(self.text.split())


def pieces(passage: Passage, above: Sequence[str] | None = None) -> list[Piece]:
    """The passage's pieces in the order of its lines; headings, front matter, blank lines and bare HTML are none. `above` are the
    headings that it begins under, where these are not those that it was found by."""
    headings = passage.heading_path if above is None else above
    found = _of_code(passage) if passage.kind != "section" else _of_prose(passage, named(headings))
    lines = passage.text.split("\n")
    ends = [passage.start_line - 1, *(piece.end for piece in found)]
    first = passage.start_line
    between = [lines[end + 1 - first : piece.start - first] for end, piece in zip(ends, found, strict=False)]
    return [
        replace(piece, at=at, apart=any(_NO_TEXT.match(line) for line in lines_above))
        for at, (piece, lines_above) in enumerate(zip(found, between, strict=True))
    ]


def _of_code(passage: Passage) -> list[Piece]:
    """Blocks of code, each under the lines that open what it is in."""
    lines, start = passage.text.split("\n"), passage.start_line
    found = []
    for block in blocks(lines):
        text = "\n".join(lines[block.first : block.last + 1]).rstrip()
        if text.strip():
            blank = next(at for at, line in enumerate(text.split("\n")) if line.strip())
            text = "\n".join(text.split("\n")[blank:])
            first = start + block.first + blank
            heading = " > ".join(dict.fromkeys((*passage.heading_path, *block.within)))
            found.append(Piece(0, text, first, first + text.count("\n"), "code", heading))
    return found


def _of_prose(passage: Passage, heading: str) -> list[Piece]:
    parts = [unit for unit in units(passage) if unit.kind not in ("blank", "front")]
    sections = {at: (n, _procedural(parts[a:b])) for n, (a, b) in enumerate(_sections(parts)) for at in range(a, b)}
    found: list[Piece] = []
    header = (0, "")
    for at, unit in enumerate(parts):
        if unit.kind != "row" or not _goes_on(parts, at):
            header = (0, "")
        if unit.kind == "heading":
            heading = named([unit.text.strip().lstrip("#").strip()]) if unit.text.strip("# \n") else heading
            continue
        if unit.kind == "row" and not header[1]:
            header = (unit.start_line, "\n".join(row.text for row in parts[at : at + 2] if _is_table_head(parts, at)))
        for piece in _cut(unit):
            if unit.kind == "row" and (_RULE.match(unit.text) or unit.start_line == header[0]) and len(header[1]):
                continue
            made = replace(piece, heading=heading, section=sections[at][0], procedural=sections[at][1])
            if unit.kind == "row" and header[1]:
                made = replace(made, header=header[1].rstrip("\n"), header_start=header[0])
            found.append(made)
    return list(_with_lead_in(list(_small_tables(found))))


def named(headings: Sequence[str]) -> str:
    """Headings from the page's down to a section's, without those that are a template: such a one is the page's title."""
    return " > ".join(heading for heading in headings if not TEMPLATE.fullmatch(heading))


def _goes_on(parts: Sequence[Unit], at: int) -> bool:
    """Whether a row belongs to the table of what stands above it: there is no blank line between."""
    return at > 0 and parts[at - 1].kind == "row" and not parts[at - 1].text.endswith("\n")


def _is_table_head(parts: Sequence[Unit], at: int) -> bool:
    return at + 1 < len(parts) and bool(_RULE.match(parts[at + 1].text)) and parts[at + 1].kind == "row"


def _cut(unit: Unit) -> Iterator[Piece]:
    """A unit's sentences; whole where it is no prose, or warns of something."""
    text = unit.text.rstrip()
    if unit.kind != "prose":
        yield Piece(0, text, unit.start_line, unit.end_line, unit.kind)
        return
    begin = 0
    for border in _borders(text):
        sentence = text[begin:border]
        lead = len(sentence) - len(sentence.lstrip())
        first = unit.start_line + text.count("\n", 0, begin + lead)
        if sentence.strip() and not _is_no_text(sentence.strip()):
            yield Piece(0, sentence.strip(), first, first + sentence.strip().count("\n"), "prose")
        begin = border


def _is_no_text(sentence: str) -> bool:
    """Whether a sentence is never quoted alone: a target stands within what is quoted, and `markup` takes it out."""
    return bool(_NO_TEXT.match(sentence)) or bool(ANCHOR.fullmatch(sentence))


def _borders(text: str) -> list[int]:
    """Where a paragraph's sentences end: not within one that warns; in a longer one, not before a sentence that does."""
    ends = [*(match.end() for match in _END.finditer(text)), len(text)]
    if not warns(text):
        return ends
    if len(text.split()) <= _WARNING_WORDS:
        return [len(text)]
    return [end for end, last in itertools.pairwise(ends) if not warns(text[end:last])] + [len(text)]


def _small_tables(found: Sequence[Piece]) -> Iterator[Piece]:
    """Pieces, the rows of a table that is read at a glance as one with its header."""
    for start, group in itertools.groupby(found, key=lambda piece: piece.header_start):
        rows = list(group)
        lines = [*rows[0].header.split("\n"), *itertools.chain.from_iterable(row.text.split("\n") for row in rows)]
        if not start or len(" ".join(lines).split()) > _TABLE_WORDS:
            yield from rows
            continue
        yield replace(rows[0], text="\n".join(lines), start=start, end=start + len(lines) - 1, kind="table", header="",
                      header_start=0)  # fmt: skip


def _with_lead_in(found: Sequence[Piece]) -> Iterator[Piece]:
    """Pieces, a command joined with the sentence right above that leads up to it, and a short list with its own."""
    before: Piece | None = None
    for piece in found:
        if before and before.section == piece.section and _follows(before, piece):
            gap = "\n" * (piece.start - before.end)
            kind = _LED.get(piece.kind, before.kind if before.kind == "command" else "list")
            before = replace(before, text=before.text + gap + piece.text, end=piece.end, kind=kind)
            continue
        if before:
            yield before
        before = piece
    if before:
        yield before


_LED = {"code": "command", "table": "table"}


def _follows(before: Piece, piece: Piece) -> bool:
    """Whether a piece completes the one above it."""
    if piece.kind == "code":
        return before.kind == "prose"
    if piece.kind == "table":
        return _leads(before) and before.words + piece.words <= _LED_WORDS
    if piece.kind != "item" or before.words + piece.words > _LIST_WORDS:
        return False
    return before.kind == "list" or _leads(before)


def _leads(piece: Piece) -> bool:
    return piece.kind == "prose" and piece.text.rstrip("*_ ").endswith(":")


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
