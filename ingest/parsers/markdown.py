"""Markdown on markdown-it-py: passages by heading, cut between blocks; tables and fenced code stay whole.

Line numbers are markdown-it's `token.map` (https://markdown-it-py.readthedocs.io), so they are the file's own.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.front_matter import front_matter_plugin

from ingest.parsers import Parsed, draft, lines_of
from ingest.parsers.outdated import outdated
from ingest.parsers.review import review
from ingest.parsers.text import HARD_LIMIT, LIMIT, TARGET, windows
from rag.errors import DocumentError
from rag.records import PassageDraft

_TEMPLATE = re.compile(r"<%.{0,300}?%>|\{\{.{0,300}?\}\}", re.S)
_LONG = 16  # characters of a key that is not a misspelt `audience`
_MISSPELT = 0.8  # likeness from which on a key is taken for a misspelt `audience`
_NAMES_AUDIENCE = re.compile(r"^\W*aud\w*\s*:", re.I)
_MOST_ALIASES = 20  # in front matter: more can stand for more than memory holds
_MOST_NAME = 200  # characters of a title or heading that are kept
_FRONT_LINES = 60  # lines in which front matter is looked for that has no end or can't be read
_MARKUP = re.compile(r"</?[A-Za-z][^>]*>|[`*]")


@dataclass(frozen=True)
class _Block:
    """A top-level block: lines[start:end], 0-based; `level` and `heading` for headings; `cuts` where it may be cut."""

    start: int
    end: int
    level: int = 0
    heading: str = ""
    cuts: tuple[int, ...] = ()
    whole: bool = False
    front_matter: bool = False


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"maxNesting": 40}).enable("table").use(front_matter_plugin)
    markdown.core.ruler.enableOnly(["normalize", "block"])  # what stands within lines says nothing, and takes long
    return markdown


def parse(path: str, text: str) -> Parsed:
    """Passages by section. The title is the front matter's, or the first heading, or the file's name.

    Raises: DocumentError when the page seems to name its audience in a way that can't be read.
    """
    lines = lines_of(text)
    tokens = _markdown().parse(text)
    front, notes = _front_matter(tokens, lines)
    blocks = list(_blocks(tokens, len(lines)))
    headings = [_TEMPLATE.sub("", block.heading).strip() for block in blocks if block.level]
    title = (_text(front.get("title")) or next(filter(None, headings), "") or _name(path))[:_MOST_NAME]
    drafts = tuple(_sections(lines, blocks, title))
    return Parsed(title, drafts, _owner(front), _audience(front), notes, outdated(title, front, lines), *review(front))


def _blocks(tokens: Sequence[Token], line_count: int) -> Iterator[_Block]:
    """Top-level blocks, each reaching to the next one's start, so that no line is lost between them."""
    tops = [i for i, token in enumerate(tokens) if token.level == 0 and token.map and token.nesting >= 0]
    starts = [_start(tokens[i]) for i in tops]
    if not starts or starts[0] > 0:
        yield _Block(0, starts[0] if starts else line_count)
    for position, i in enumerate(tops):
        token = tokens[i]
        end = starts[position + 1] if position + 1 < len(tops) else line_count
        if token.type == "heading_open":
            yield _Block(starts[position], end, int(token.tag[1]), tokens[i + 1].content)
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            cuts = tuple(t.map[0] for t in _inside(tokens, i) if t.type == "list_item_open" and t.level == 1 and t.map)
            yield _Block(starts[position], end, cuts=cuts)
        else:
            whole = token.type in ("fence", "table_open", "code_block")
            yield _Block(starts[position], end, whole=whole, front_matter=token.type == "front_matter")


def _start(token: Token) -> int:
    assert token.map
    return token.map[0]


def _inside(tokens: Sequence[Token], opening: int) -> Iterator[Token]:
    for token in tokens[opening + 1 :]:
        if token.level == 0:
            return
        yield token


def _sections(lines: Sequence[str], blocks: Sequence[_Block], title: str) -> Iterator[PassageDraft]:
    """The blocks under one heading become one passage, or several when they are long together."""
    path: list[tuple[int, str]] = []
    section: list[_Block] = []
    for block in blocks:
        if block.level:
            # A heading with nothing below it goes with the next one, and so does front matter.
            if not all(b.level or b.front_matter for b in section):
                yield from _cut(lines, section, _names(path, title))
                section = []
            path = [(level, name) for level, name in path if level < block.level]
            name = _MARKUP.sub("", _TEMPLATE.sub("", block.heading)).strip()
            path.append((block.level, name[:_MOST_NAME] or title))
        section.append(block)
    yield from _cut(lines, section, _names(path, title))


def _names(path: Sequence[tuple[int, str]], title: str) -> list[str]:
    return [name for level, name in path if not (level == 1 and name == title)]


def _cut(lines: Sequence[str], section: Sequence[_Block], names: Sequence[str]) -> Iterator[PassageDraft]:
    """Fits blocks into passages of about TARGET characters; what fits into LIMIT stays in one."""
    if not section:
        return
    if _size(lines, section[0].start, section[-1].end) <= LIMIT:
        yield from draft(lines, section[0].start, section[-1].end, names, "section")
        return
    pieces = [piece for block in section for piece in _pieces(lines, block)]
    first = pieces[0][0]
    for i, (start, end, lead) in enumerate(pieces):
        following = pieces[i + 1] if i + 1 < len(pieces) else None
        if following and (lead or _size(lines, first, following[1]) <= TARGET):
            continue
        if _size(lines, first, end) > HARD_LIMIT:
            yield from windows(lines, first, end, names, "section")
        else:
            yield from draft(lines, first, end, names, "section")
        first = end
        del start


def _pieces(lines: Sequence[str], block: _Block) -> list[tuple[int, int, bool]]:
    """(start, end, leads on) of the parts of a block that stay together; headings and "…:" lines lead on to the next."""
    if block.cuts and _size(lines, block.start, block.end) > TARGET:
        borders = [block.start, *block.cuts[1:], block.end]
        return [(a, b, False) for a, b in zip(borders, borders[1:], strict=False)]
    text = "\n".join(lines[block.start : block.end]).rstrip()
    leads = (
        bool(block.level) or block.front_matter or (not block.whole and text.endswith(":") and len(text) < TARGET // 2)
    )
    if not block.whole and len(text) > LIMIT:
        return [(p.start_line - 1, p.end_line, False) for p in windows(lines, block.start, block.end, (), "") if p.text]
    return [(block.start, block.end, leads)]


def _size(lines: Sequence[str], start: int, end: int) -> int:
    return sum(len(line) + 1 for line in lines[start:end])


# -- front matter -----------------------------------------------------------------------------------------------------


def _front_matter(tokens: Sequence[Token], lines: Sequence[str]) -> tuple[Mapping[str, Any], tuple[str, ...]]:
    """What the front matter says, and a note when it can't be read: a page whose audience is unclear is shown to nobody."""
    loaded: Any = None
    if tokens and tokens[0].type == "front_matter":
        try:
            loaded = _loaded(tokens[0].content)
        except (yaml.YAMLError, ValueError, RecursionError):
            loaded = None
    elif not lines or lines[0].rstrip() != "---":
        return {}, ()
    if isinstance(loaded, dict):
        for key in map(str, loaded):
            if (
                key != "audience"
                and len(key) < _LONG
                and difflib.SequenceMatcher(None, key.lower(), "audience").ratio() > _MISSPELT
            ):
                raise DocumentError(
                    f"its front matter has {key!r}: write `audience`, so that it is clear who may read it"
                )
        return loaded, ()
    if any(_NAMES_AUDIENCE.match(line) for line in lines[:_FRONT_LINES]):
        raise DocumentError(
            "its front matter names an audience but is not valid YAML between two lines of ---; mend it"
        )
    return {}, ("its front matter can't be read: it is not valid YAML between two lines of ---",)


def _loaded(text: str) -> Any:
    """The YAML of a text. Raises: ValueError for many aliases: few of them can be written out as more than memory holds."""
    if text.count("*") > _MOST_ALIASES:
        aliases = sum(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=yaml.SafeLoader))
        if aliases > _MOST_ALIASES:
            raise ValueError(f"{aliases} aliases")
    return yaml.safe_load(text) or {}


def _owner(front: Mapping[str, Any]) -> str:
    return next((_text(front[key]) for key in ("owner", "owner_slack", "team") if _text(front.get(key))), "")


def _audience(front: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The groups that a page names for itself; one that can't be read is for nobody (an empty tuple)."""
    if "audience" not in front:
        return None
    named = front["audience"]
    if isinstance(named, str):
        return (named,)
    if isinstance(named, list) and all(isinstance(group, str) for group in named):
        return tuple(named)
    return ()


def _text(value: Any) -> str:
    return str(value).strip() if isinstance(value, str | int | float) else ""


def _name(path: str) -> str:
    stem = PurePosixPath(path).name.split(".")[0]
    return stem.replace("-", " ").replace("_", " ").strip() or path
