"""Markdown on markdown-it-py: passages by heading, cut between blocks; tables and fenced code stay whole.

Line numbers are markdown-it's `token.map` (https://markdown-it-py.readthedocs.io), so they are the file's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from ingest.parsers.sections import Block


@lru_cache(maxsize=1)
def _markdown() -> MarkdownIt:
    markdown = MarkdownIt("commonmark", {"maxNesting": 40}).enable("table")
    markdown.core.ruler.enableOnly(
        ["normalize", "block"]
    )  # what stands within lines says nothing of passages, and takes long
    return markdown


def blocks(text: str, lines: Sequence[str]) -> Iterator[Block]:
    """Top-level blocks, each reaching to the next one's start, so that no line is lost between them."""
    tokens = _markdown().parse(text)
    tops = [i for i, token in enumerate(tokens) if token.level == 0 and token.map and token.nesting >= 0]
    starts = [_start(tokens[i]) for i in tops]
    if not starts or starts[0] > 0:
        yield Block(0, starts[0] if starts else len(lines))
    for position, i in enumerate(tops):
        token = tokens[i]
        end = starts[position + 1] if position + 1 < len(tops) else len(lines)
        if token.type == "heading_open":
            yield Block(starts[position], end, int(token.tag[1]), tokens[i + 1].content)
        elif token.type in ("bullet_list_open", "ordered_list_open"):
            cuts = tuple(t.map[0] for t in _inside(tokens, i) if t.type == "list_item_open" and t.level == 1 and t.map)
            yield Block(starts[position], end, cuts=cuts)
        else:
            whole = token.type in ("fence", "table_open", "code_block")
            yield Block(starts[position], end, whole=whole)


def _start(token: Token) -> int:
    assert token.map
    return token.map[0]


def _inside(tokens: Sequence[Token], opening: int) -> Iterator[Token]:
    for token in tokens[opening + 1 :]:
        if token.level == 0:
            return
        yield token
