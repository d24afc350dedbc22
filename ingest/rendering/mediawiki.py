"""What a MediaWiki renders of a page (`action=parse`) as Markdown: without what belongs to the wiki and not to the page.

`ingest.sources.mediawiki` calls `render` and `code` in the sandbox. Read from the HTML of MediaWiki 1.39 to 1.44: headings in a
`mw-headline` or a `mw-heading`, references of Cite, code of SyntaxHighlight, galleries, collapsible parts (kept whole).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from ingest.rendering import Rendered
from ingest.rendering.elements import Elements, name_of
from ingest.rendering.html import parsed
from ingest.rendering.lines import Line, Writer, fenced, in_one_line
from rag.errors import RefusedError

Element = Any
LANGUAGES = {
    "json": "json",
    "css": "css",
    "sanitized-css": "css",
    "javascript": "javascript",
    "Scribunto": "lua",
    "text": "",
}
_CHROME = frozenset(
    """mw-editsection toc mw-cite-backlink mw-jump-link navbox vertical-navbox mw-empty-elt printfooter catlinks
    mw-references-warning magnify mw-hidden-catlinks mw-pt-languages""".split()
)
_LANGUAGE = re.compile(r"(?:^|\s)(?:mw-highlight-lang|source)-([\w+#.-]{1,20})")
_HIDDEN = re.compile(r"(?:^|;)\s*display\s*:\s*none\b", re.I)
_OPENS = re.compile(r"collaps|NavContent|NavFrame", re.I)  # hidden until a reader opens it


class WikiElements(Elements):
    """The elements of a page of MediaWiki."""

    def drops(self, element: Element) -> bool:
        if super().drops(element):
            return True
        classes = element.get("class", "")
        if classes and not _CHROME.isdisjoint(classes.split()):
            return True
        return bool(_HIDDEN.search(element.get("style", ""))) and not _OPENS.search(classes)


def render(html: str, address: str, title: str, categories: Sequence[str]) -> Rendered:
    """A page at an address, whose title (HTML) and categories the wiki tells apart from its text.

    Raises: RefusedError when there is no text in it; DocumentError when it is nested too deeply.
    """
    page = parsed(html)
    lines = _lines(page, address) if page is not None else []
    if not any(line.text for line in lines):
        raise RefusedError("no text in it")
    if categories:  # a passage may end with them, and is of the section before
        lines += [Line(""), Line(f"Categories: {', '.join(map(in_one_line, categories))}")]
    writer = Writer()
    writer.add_lines(lines)
    return replace(writer.rendered(), title=_plain(title))


def code(title: str, text: str, model: str) -> Rendered:
    """A page that holds data or code and no wikitext, by the model of its content. Raises: RefusedError when it is empty."""
    if not text.strip():
        raise RefusedError("no text in it")
    writer = Writer()
    writer.add(fenced(text.replace("\r\n", "\n").rstrip("\n").split("\n"), LANGUAGES.get(model, "")))
    return writer.rendered(title)


def _lines(page: Element, address: str) -> list[Line]:
    """The Markdown of a page. Its lines are no lines of anything that a reader could open."""
    _prepare(page)
    return [line._replace(first=0, last=0) for line in WikiElements(address).lines(page)]


def _prepare(page: Element) -> None:
    """Says in HTML's own terms what MediaWiki says by its classes."""
    for element in page.iter("pre", "a", "span"):
        name = name_of(element)
        if name == "pre":
            around = (element, element.getparent())
            classes = " ".join(one.get("class", "") for one in around if one is not None)
            if language := _LANGUAGE.search(classes):
                element.set("data-lang", language[1])
        elif name == "a" and "new" in element.get("class", "").split():
            element.attrib.pop("href", None)  # a page that isn't there
        elif name == "span" and "mw-headline" in element.get("class", "").split():
            _own_anchor(element)


def _own_anchor(headline: Element) -> None:
    """Takes away the anchors of older wikis that stand before a heading's own (`<span id=".C3.9C">`)."""
    before = headline.getprevious()
    while before is not None and name_of(before) == "span" and not (before.text or "").strip() and not len(before):
        before.attrib.pop("id", None)
        before = before.getprevious()


def _plain(title: str) -> str:
    """The text of a title in HTML."""
    found = parsed(title)
    return in_one_line("".join(found.itertext())) if found is not None else ""
