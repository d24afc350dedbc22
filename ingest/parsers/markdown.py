"""Markdown on markdown-it-py: passages by heading, cut between blocks; tables and fenced code stay whole.

Line numbers are markdown-it's `token.map` (https://markdown-it-py.readthedocs.io), so they are the file's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token
from mdit_py_plugins.front_matter import front_matter_plugin

from ingest.parsers import Parsed, lines_of
from ingest.parsers.outdated import outdated
from ingest.parsers.review import review
from ingest.parsers.sections import MOST_NAME, NO_AUDIENCE, TEMPLATE, Block, name_of, refuse_misspelt, sections
from ingest.yaml_loader import Loader
from rag.errors import DocumentError

_NAMES_AUDIENCE = re.compile(r"^\W*aud\w*\s*:", re.I)
_MOST_ALIASES = 20  # in front matter: more can stand for more than memory holds
_FRONT_LINES = 60  # lines in which front matter is looked for that has no end or can't be read


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"maxNesting": 40}).enable("table").use(front_matter_plugin)
    markdown.core.ruler.enableOnly(
        ["normalize", "block"]
    )  # what stands within lines says nothing of passages, and takes long
    return markdown


def parse(path: str, text: str) -> Parsed:
    """Passages by section. The title is the front matter's, or the first heading, or the file's name.

    Raises: DocumentError when the page seems to name its audience in a way that can't be read.
    """
    lines = lines_of(text)
    tokens = _markdown().parse(text)
    front, notes = _front_matter(tokens, lines)
    blocks = list(_blocks(tokens, len(lines)))
    headings = [TEMPLATE.sub("", block.heading).strip() for block in blocks if block.level]
    title = (_text(front.get("title")) or next(filter(None, headings), "") or name_of(path))[:MOST_NAME]
    drafts = tuple(sections(lines, blocks, title))
    return Parsed(title, drafts, _owner(front), _audience(front), notes, outdated(title, front, lines), *review(front))


def _blocks(tokens: Sequence[Token], line_count: int) -> Iterator[Block]:
    """Top-level blocks, each reaching to the next one's start, so that no line is lost between them."""
    tops = [i for i, token in enumerate(tokens) if token.level == 0 and token.map and token.nesting >= 0]
    starts = [_start(tokens[i]) for i in tops]
    if not starts or starts[0] > 0:
        yield Block(0, starts[0] if starts else line_count)
    for position, i in enumerate(tops):
        token = tokens[i]
        end = starts[position + 1] if position + 1 < len(tops) else line_count
        if token.type == "heading_open":
            yield Block(starts[position], end, int(token.tag[1]), tokens[i + 1].content)
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            cuts = tuple(t.map[0] for t in _inside(tokens, i) if t.type == "list_item_open" and t.level == 1 and t.map)
            yield Block(starts[position], end, cuts=cuts)
        else:
            whole = token.type in ("fence", "table_open", "code_block")
            yield Block(starts[position], end, whole=whole, front_matter=token.type == "front_matter")


def _start(token: Token) -> int:
    assert token.map
    return token.map[0]


def _inside(tokens: Sequence[Token], opening: int) -> Iterator[Token]:
    for token in tokens[opening + 1 :]:
        if token.level == 0:
            return
        yield token


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
        refuse_misspelt(loaded)
        return loaded, ()
    if any(_NAMES_AUDIENCE.match(line) for line in lines[:_FRONT_LINES]):
        raise DocumentError(
            "its front matter names an audience but is not valid YAML between two lines of ---; mend it"
        )
    return {}, ("its front matter can't be read: it is not valid YAML between two lines of ---",)


def _loaded(text: str) -> Any:
    """The YAML of a text. Raises: ValueError for many aliases: few of them can be written out as more than memory holds."""
    if text.count("*") > _MOST_ALIASES:
        aliases = sum(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=Loader))
        if aliases > _MOST_ALIASES:
            raise ValueError(f"{aliases} aliases")
    return yaml.load(text, Loader=Loader) or {}  # noqa: S506  # a safe one


def _owner(front: Mapping[str, Any]) -> str:
    return next((_text(front[key]) for key in ("owner", "owner_slack", "team") if _text(front.get(key))), "")


def _audience(front: Mapping[str, Any]) -> tuple[str, ...] | None:
    """The groups that a page names for itself. Raises: DocumentError when it names none that can be read."""
    if "audience" not in front:
        return None
    named = [front["audience"]] if isinstance(front["audience"], str) else front["audience"]
    if not named or not isinstance(named, list) or not all(isinstance(group, str) and group.strip() for group in named):
        raise DocumentError(NO_AUDIENCE)
    return tuple(named)


def _text(value: Any) -> str:
    return str(value).strip() if isinstance(value, str | int | float) else ""
