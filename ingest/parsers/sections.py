"""Pages in blocks under headings, cut to passages by section; tables and code stay whole. Markdown, reStructuredText and
AsciiDoc are read into `Block`s, and `sections` makes passages of them.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from ingest.parsers import Parsed, draft
from ingest.parsers.outdated import outdated
from ingest.parsers.review import review
from ingest.parsers.spans import size
from ingest.parsers.text import HARD_LIMIT, LIMIT, TARGET, windows
from rag.errors import DocumentError
from rag.records import PassageDraft

TEMPLATE = re.compile(r"<%.{0,300}?%>|\{\{.{0,300}?\}\}", re.S)
MOST_NAME = 200  # characters of a title or heading that are kept
NO_AUDIENCE = (
    "its header has an `audience` that is no group and no list of groups; mend it, so that it is clear who may read it"
)
_LONG = 16  # characters of a key that is not a misspelt `audience`
_MISSPELT = 0.8  # likeness from which on a key is taken for a misspelt `audience`
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


def page(path: str, lines: Sequence[str], blocks: Sequence[Block], fields: Mapping[str, str]) -> Parsed:
    """A page whose header holds fields (`:owner: sre`), as passages. The title is the field's, or the first heading, or the
    file's name. Raises: DocumentError when it seems to name its audience in a way that can't be read."""
    refuse_misspelt(fields)
    headings = (block.heading for block in blocks if block.level)
    title = (fields.get("title") or next(filter(None, headings), "") or name_of(path))[:MOST_NAME]
    audience = None
    if "audience" in fields:
        audience = tuple(filter(None, re.split(r"[,;\s]+", fields["audience"].strip("[] "))))
        if not audience:
            raise DocumentError(NO_AUDIENCE)
    owner = fields.get("owner") or fields.get("team") or ""
    drafts = tuple(sections(lines, blocks, title))
    return Parsed(title, drafts, owner, audience, (), outdated(title, fields, lines), *review(fields))


def refuse_misspelt(keys: Iterable[object]) -> None:
    """Raises: DocumentError for a key that is nearly `audience`: it must be clear who may read a page."""
    for key in map(str, keys):
        if key == "audience" or len(key) >= _LONG:
            continue
        if difflib.SequenceMatcher(None, key.lower(), "audience").ratio() > _MISSPELT:
            raise DocumentError(f"its header has {key!r}: write `audience`, so that it is clear who may read it")


def name_of(path: str) -> str:
    """What a page is called that calls itself nothing: its file's name in words."""
    stem = PurePosixPath(path).name.split(".")[0]
    return stem.replace("-", " ").replace("_", " ").strip() or path
