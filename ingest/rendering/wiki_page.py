"""A page of a git wiki in Markdown: its text as it stands, called by its file's name, with headings as the places of its lines.

`ingest.sources.git` calls `page` in the sandbox. Such wikis show a page's name above it, and headings begin within it; a link
leads to the page as it is shown, where lines have no anchors and headings do. Nothing of the text is changed, not even a
`[[link]]`: a quote is the page's own words.
Anchors: https://docs.gitlab.com/user/markdown/#heading-ids-and-links, which GitHub's are like.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import PurePosixPath

from markdown_it import MarkdownIt
from mdit_py_plugins.front_matter import front_matter_plugin

from ingest.refusals import decode
from ingest.rendering import Rendered, checked
from ingest.rendering.lines import NAME, in_one_line
from rag.records import Place

_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
_WIKI_LINK = re.compile(r"\[\[([^\[\]|]+)(?:\|[^\[\]|]*)?\]\]")
_SIGNS = re.compile(r"[*`~]|(?<!\w)_|_(?!\w)|<[^<>]*>")
_NO_SLUG = re.compile(r"[^\w\- ]")
_HOME = frozenset({"home", "index", "readme"})


def page(path: str, data: bytes) -> Rendered:
    """A page. Raises: RefusedError, DocumentError as `ingest.refusals.decode`."""
    text, notes = decode(data)
    headings, called = _headings(text)
    stem = PurePosixPath(path).name.rpartition(".")[0]
    title = "" if called or stem.lower() in _HOME else name_of(stem)
    return checked(Rendered(text, tuple(_places(headings, len(text.rstrip("\n").split("\n")))), title, notes))


def name_of(stem: str) -> str:
    """What a page is called whose file is named so: a hyphen stands for a space."""
    return re.sub(r"(?<=\w)-(?=\w)", " ", stem.removesuffix(".-")).strip() or stem


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"maxNesting": 40}).use(front_matter_plugin)
    markdown.core.ruler.enableOnly(["normalize", "block"])
    return markdown


def _headings(text: str) -> tuple[list[tuple[int, str]], bool]:
    """Line (0-based) and words of each heading; whether the page's front matter gives it a title."""
    tokens = _markdown().parse(text)
    found = [
        (token.map[0], _words(inner.content)) for token, inner in zip(tokens, tokens[1:], strict=False)
        if token.type == "heading_open" and token.level == 0 and token.map
    ]  # fmt: skip
    front = tokens[0].content if tokens and tokens[0].type == "front_matter" else ""
    return found, bool(re.search(r"^title\s*:\s*\S", front, re.M))


def _words(heading: str) -> str:
    return in_one_line(_SIGNS.sub("", _LINK.sub(r"\1", _WIKI_LINK.sub(r"\1", heading))))


def _places(headings: list[tuple[int, str]], lines: int) -> list[Place]:
    """A place from each heading to the next, whose lines are those of the page."""
    starts = [(0, ""), *headings] if not headings or headings[0][0] else headings
    ends = [start for start, _ in starts[1:]] + [lines]
    seen: dict[str, int] = {}
    found = []
    for (start, name), end in zip(starts, ends, strict=True):
        slug = _NO_SLUG.sub("", name.lower()).strip().replace(" ", "-")
        often = seen[slug] = seen.get(slug, -1) + 1
        anchor = f"#{slug}-{often}" if often else f"#{slug}"
        found.append(Place(start + 1, end, name[:NAME], anchor if slug else "", start + 1, end))
    return found
