"""A page of a git wiki in Markdown: its text as it stands, called by its file's name, with headings as the places of its lines.

`ingest.sources.git` calls `page` in the sandbox. Such wikis show a page's name above it, and headings begin within it; a link
leads to the page as it is shown, where lines have no anchors and headings do. Nothing of the text is changed, not even a
`[[link]]`: a quote is the page's own words. Only what a page declares elsewhere than at its very beginning is put there, where
renderings have it.
Anchors: https://docs.gitlab.com/user/markdown/#heading-ids-and-links, which GitHub's are like.
"""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import PurePosixPath

from markdown_it import MarkdownIt

from ingest.declarations import Form, declared
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
    """A page. Raises: RefusedError, DocumentError as `ingest.refusals.decode`, and where it is not clear who may read it."""
    text, notes = decode(data)
    said = declared(text, Form.PAGE)
    body, above = said.body(text), list[str]()
    if said.pairs and (said.start or not said.end):
        text, above = body, said.front()
    stem = PurePosixPath(path).name.rpartition(".")[0]
    title = "" if said.title or stem.lower() in _HOME else name_of(stem)
    places = _places(_headings(body), len(text.rstrip("\n").split("\n")), len(above))
    return checked(Rendered("\n".join([*above, text]), tuple(places), title, notes))


def name_of(stem: str) -> str:
    """What a page is called whose file is named so: a hyphen stands for a space."""
    return re.sub(r"(?<=\w)-(?=\w)", " ", stem.removesuffix(".-")).strip() or stem


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"maxNesting": 40})
    markdown.core.ruler.enableOnly(["normalize", "block"])
    return markdown


def _headings(text: str) -> list[tuple[int, str]]:
    """Line (0-based) and words of each heading."""
    tokens = _markdown().parse(text)
    return [
        (token.map[0], _words(inner.content)) for token, inner in zip(tokens, tokens[1:], strict=False)
        if token.type == "heading_open" and token.level == 0 and token.map
    ]  # fmt: skip


def _words(heading: str) -> str:
    return in_one_line(_SIGNS.sub("", _LINK.sub(r"\1", _WIKI_LINK.sub(r"\1", heading))))


def _places(headings: list[tuple[int, str]], lines: int, above: int) -> list[Place]:
    """A place from each heading to the next, whose lines are those of the page; `above` lines were put before them."""
    starts = [(0, ""), *headings] if not headings or headings[0][0] else headings
    ends = [start for start, _ in starts[1:]] + [lines]
    seen: dict[str, int] = {}
    found = [Place(1, above)] if above else []
    for (start, name), end in zip(starts, ends, strict=True):
        slug = _NO_SLUG.sub("", name.lower()).strip().replace(" ", "-")
        often = seen[slug] = seen.get(slug, -1) + 1
        anchor = f"#{slug}-{often}" if often else f"#{slug}"
        shown = start + above + 1, end + above
        found.append(Place(*shown, name[:NAME], anchor if slug else "", start + 1, end))
    return found
