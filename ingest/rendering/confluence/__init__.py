"""Pages of Confluence as Markdown. `ingest.sources.confluence` calls `render` and `references` in the sandbox.

The body's own vocabulary is lowered to HTML (`lowering`, `macros`), which `ingest.rendering.elements` writes as Markdown. All
that a reader of the page sees is kept; what only a running Confluence can fill in leaves a visible placeholder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from ingest.rendering import Rendered
from ingest.rendering.elements import Elements, name_of
from ingest.rendering.inline import Run
from ingest.rendering.lines import Line, Writer, in_one_line
from rag.errors import RefusedError

Element = Any
_SPACES = re.compile(r"\s+")
_NO_TARGET = re.compile(r"[\s()<>]")
PageKey = tuple[str, str]  # the key of a space, and a page's title


@dataclass(frozen=True)
class Context:
    """What is known around a page. `base` is the wiki's URL without a slash at its end; `users` are names by key, `pages` bodies
    of pages that may be included, `drawings` the bytes of diagrams by the name of their attachment."""

    title: str = ""
    space: str = ""
    page_id: str = ""
    base: str = ""
    cloud: bool = True
    labels: tuple[str, ...] = ()
    users: Mapping[str, str] = field(default_factory=dict)
    pages: Mapping[PageKey, str] = field(default_factory=dict)
    drawings: Mapping[str, bytes] = field(default_factory=dict)

    def page_url(self, space: str, title: str) -> str:
        return f"{self.base}/display/{quote(space or self.space, safe='~')}/{quote(title.replace(' ', '+'), safe='+')}"

    def attachment_url(self, filename: str) -> str:
        return f"{self.base}/download/attachments/{self.page_id}/{quote(filename)}" if self.page_id else ""


def render(storage: str, context: Context) -> Rendered:
    """A page's body in storage format. Raises: RefusedError when it is empty; DocumentError when it is nested too deeply."""
    from ingest.rendering.confluence import lowering
    from ingest.rendering.confluence import storage as format_

    root, notes = format_.parse(storage)
    lowering.lower(root, context)
    writer = Writer()
    if context.labels:
        writer.add_lines([Line(f"Labels: {', '.join(map(in_one_line, context.labels))}", name=context.title)])
    lines = _Elements(context).lines(root)
    if not any(line.text.strip() for line in lines):
        raise RefusedError("no text in it")
    writer.add_lines(lines)
    return writer.rendered(context.title, notes)


def references(storage: str) -> dict[str, list[str] | list[PageKey]]:
    """What a body asks for beside itself: `pages` that it includes, `users` that it names, `drawings` that it shows.

    Raises: RefusedError when it is empty.
    """
    from ingest.rendering.confluence import lowering

    return lowering.references(storage)


class _Elements(Elements):
    """What a lowered body holds. Nobody sees the lines of a body, so that none are told; sections are known by their anchors."""

    def __init__(self, context: Context) -> None:
        super().__init__(f"{context.base}/")
        self._context = context
        self._anchors: dict[str, int] = {}

    def arrive(self, element: Element) -> None:
        """A body's lines are nobody's."""
        self._line = 0

    def block_h1(self, element: Element) -> list[Line]:
        lines = super().block_h1(element)
        return [line._replace(anchor=self._anchor(line.name)) for line in lines]

    block_h2 = block_h3 = block_h4 = block_h5 = block_h6 = block_h1

    def _anchor(self, heading: str) -> str:
        """Confluence's own anchor of a heading: https://confluence.atlassian.com/doc/anchors-139442.html; twins are numbered."""
        text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        anchor = _SPACES.sub("-" if self._context.cloud else "", text.strip())
        if not self._context.cloud:
            anchor = f"{_SPACES.sub('', self._context.title)}-{anchor}"
        before = self._anchors.get(anchor, 0)
        self._anchors[anchor] = before + 1
        return "#" + quote(f"{anchor}.{before}" if before else anchor, safe="!$&'()*+,;=:@/?-._~")

    def block_x_lines(self, element: Element) -> list[Line]:
        """Lines that are Markdown already."""
        return [Line(line) for line in (element.text or "").strip("\n").split("\n")]

    def inline_img(self, element: Element, run: Run) -> None:
        if alt := in_one_line(element.get("alt") or "").replace("]", ")").replace("[", "("):
            run.word(f"![{alt}]({_NO_TARGET.sub('_', element.get('src') or '')})")

    def inline_x_user(self, element: Element, run: Run) -> None:
        run.word(element.text or "")

    def drops(self, element: Element) -> bool:
        return name_of(element) in ("script", "style", "template", "colgroup")
