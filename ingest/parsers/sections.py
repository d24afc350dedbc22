"""Pages in blocks under headings, cut to passages by section; tables and code stay whole. Markdown, reStructuredText and
AsciiDoc are read into `Block`s, and `sections` makes passages of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from ingest.declarations import Declared
from ingest.declarations.review import review
from ingest.parsers import Parsed, draft, lines_of
from ingest.parsers.outdated import outdated
from ingest.parsers.spans import size
from ingest.parsers.text import HARD_LIMIT, LIMIT, TARGET, windows
from rag.records import PassageDraft

TEMPLATE = re.compile(r"<%.{0,300}?%>|\{\{.{0,300}?\}\}", re.S)
MOST_NAME = 200  # characters of a title or heading that are kept
_MARKUP = re.compile(r"</?[A-Za-z][^>]*>|[`*]")


@dataclass(frozen=True)
class Block:
    """A top-level block: lines[start:end], 0-based; `level` and `heading` for headings; `cuts` where it may be cut."""

    start: int
    end: int
    level: int = 0
    heading: str = ""
    cuts: tuple[int, ...] = ()
    whole: bool = False
    front_matter: bool = False


Blocks = Callable[[str, Sequence[str]], Iterable[Block]]


def sections(lines: Sequence[str], blocks: Sequence[Block], title: str) -> Iterator[PassageDraft]:
    """The blocks under one heading become one passage, or several when they are long together."""
    path: list[tuple[int, str]] = []
    section: list[Block] = []
    told = False  # whether the section holds more than headings and front matter, which go with the next heading
    for block in blocks:
        if block.level:
            if told:
                yield from _cut(lines, section, _names(path, title))
                section, told = [], False
            path = [(level, name) for level, name in path if level < block.level]
            name = _MARKUP.sub("", TEMPLATE.sub("", block.heading)).strip()
            path.append((block.level, name[:MOST_NAME] or title))
        section.append(block)
        told = told or not (block.level or block.front_matter)
    yield from _cut(lines, section, _names(path, title))


def _names(path: Sequence[tuple[int, str]], title: str) -> list[str]:
    return [name for level, name in path if not (level == 1 and name == title)]


def _cut(lines: Sequence[str], section: Sequence[Block], names: Sequence[str]) -> Iterator[PassageDraft]:
    """Fits blocks into passages of about TARGET characters; what fits into LIMIT stays in one."""
    if not section:
        return
    if size(lines, section[0].start, section[-1].end) <= LIMIT:
        yield from draft(lines, section[0].start, section[-1].end, names, "section")
        return
    pieces = [piece for block in section for piece in _pieces(lines, block)]
    first = held = pieces[0][0]
    length = 0  # of lines[first:held]
    for i, (_, end, lead) in enumerate(pieces):
        length += size(lines, held, end)
        held = max(held, end)
        following = pieces[i + 1] if i + 1 < len(pieces) else None
        if following and (lead or length + size(lines, end, following[1]) <= TARGET):
            continue
        if length > HARD_LIMIT:
            yield from windows(lines, first, end, names, "section")
        else:
            yield from draft(lines, first, end, names, "section")
        first, length = end, 0


def _pieces(lines: Sequence[str], block: Block) -> list[tuple[int, int, bool]]:
    """(start, end, leads on) of the parts of a block that stay together; headings and "…:" lines lead on to the next."""
    if block.cuts and size(lines, block.start, block.end) > TARGET:
        borders = [block.start, *block.cuts[1:], block.end]
        return [(a, b, False) for a, b in zip(borders, borders[1:], strict=False)]
    text = "\n".join(lines[block.start : block.end]).rstrip()
    leads = (
        bool(block.level) or block.front_matter or (not block.whole and text.endswith(":") and len(text) < TARGET // 2)
    )
    if not block.whole and len(text) > LIMIT:
        return [(p.start_line - 1, p.end_line, False) for p in windows(lines, block.start, block.end, (), "") if p.text]
    return [(block.start, block.end, leads)]


def past_blanks(lines: Sequence[str], at: int) -> int:
    """The first line from `at` on that is not blank."""
    while at < len(lines) and not lines[at].strip():
        at += 1
    return at


# -- what a page says of itself -----------------------------------------------------------------------------------------


def page(path: str, text: str, blocks: Blocks, said: Declared) -> Parsed:
    """A page as passages by section. Its title is the one that it declares, or the first heading, or the file's name."""
    lines = lines_of(text)
    body = said.body(text)
    found = list(_with_front(blocks(body, lines_of(body)), said.start, said.end))
    headings = (TEMPLATE.sub("", block.heading).strip() for block in found if block.level)
    title = (said.title or next(filter(None, headings), "") or name_of(path))[:MOST_NAME]
    drafts = tuple(sections(lines, found, title))
    fields = said.fields
    return Parsed(title, drafts, said.owner, said.audience, said.notes, outdated(title, fields, lines), *review(fields))


def _with_front(blocks: Iterable[Block], start: int, end: int) -> Iterator[Block]:
    """Blocks of a text with blank lines for its front matter, and that as a block of its own."""
    front = start < end
    for block in blocks:
        if front and block.end > start:
            if block.start < start:
                yield replace(block, end=start)
            end = max(end, block.end if block.start < end and not block.level else end)
            yield Block(start, end, front_matter=True)
            front = False
        if block.start >= end or block.end <= start:
            yield block
    if front:
        yield Block(start, end, front_matter=True)


def unread(path: str, text: str) -> Parsed:
    """A page in markup that has no parser here: by windows, and called by its file's name."""
    lines = lines_of(text)
    return Parsed(name_of(path), tuple(windows(lines, 0, len(lines), (), "window")))


def name_of(path: str) -> str:
    """What a page is called that calls itself nothing: its file's name in words."""
    stem = PurePosixPath(path).name.split(".")[0]
    return stem.replace("-", " ").replace("_", " ").strip() or path
