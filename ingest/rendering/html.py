"""HTML as Markdown: of a whole page what is its content, of a part all that is shown.

`ingest.rendering` calls `render` for files; sources of wikis and websites call `rendered` with an `Elements` of their own and the
page's address. Parsed by lxml (https://lxml.de/parsing.html), which reads what browsers read, in linear time.
"""

from __future__ import annotations

import codecs
import re
from typing import Any

from ingest.declarations import Declared, Form, declared, known
from ingest.declarations.headers import meta_pair
from ingest.refusals import decode
from ingest.rendering import Rendered
from ingest.rendering.elements import Elements, name_of
from ingest.rendering.lines import Writer, in_one_line
from rag.errors import RefusedError

Element = Any
_DECLARED = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{2,30})|^\s*<\?xml[^>]{0,100}encoding=["']([\w.:-]{2,30})""",
    re.I,
)
_HEAD = 2048  # bytes in which a page declares its encoding
WORTH = 0.5  # share of a page's words that an article must hold to stand for the page


def render(path: str, data: bytes) -> Rendered:
    """A file. Raises: RefusedError when there is no text in it; DocumentError when it can't be read."""
    text, notes = text_of(data)
    said = declared(text, Form.TEXT)
    return rendered(parsed(said.rest(text)), Elements(), (*notes, *said.notes), said=said)


def rendered(
    page: Element | None,
    elements: Elements,
    notes: tuple[str, ...] = (),
    *,
    said: Declared | None = None,
    content: Element | None = None,
) -> Rendered:
    """A parsed page, and what stood before it; `content` is the element that holds what it says, where the caller knows better
    than `content_of`.

    Raises: RefusedError when there is no text in it; DocumentError when it is not clear who may read it.
    """
    writer = Writer()
    metas = _metas(page) if page is not None else []
    said = (said or Declared()).also(known(filter(None, (meta_pair(attributes) for _, attributes in metas))))
    writer.declare(said, said.start + 1 if said.end or not metas else metas[0][0])
    if content is None and page is not None:
        content = content_of(page, elements)
    if content is not None:
        writer.add_lines(elements.lines(content))
    if not writer.told:
        raise RefusedError("no text in it")
    return writer.rendered(said.title or (title_of(page, content) if page is not None else ""), notes)


def _metas(page: Element) -> list[tuple[int, dict[str, str]]]:
    """The lines and attributes of the elements that say something of the page."""
    found = (one for one in page.iter() if isinstance(one.tag, str) and name_of(one) == "meta")
    return [(one.sourceline or 0, {name.lower(): value for name, value in one.attrib.items()}) for one in found]


def text_of(data: bytes) -> tuple[str, tuple[str, ...]]:
    """A page's text and notes on how it was read: UTF-8, or else as the page declares, or else as can be guessed."""
    match = _DECLARED.search(data[:_HEAD])
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError:
        if match and not data.startswith((b"\xff\xfe", b"\xfe\xff")) and b"\0" not in data:
            name = (match.group(1) or match.group(2)).decode("ascii")
            try:
                codecs.lookup(name)
                return data.decode(name, "replace").replace("\r\n", "\n"), ()
            except (LookupError, ValueError):
                pass
    return decode(data)


def parsed(text: str) -> Element | None:
    """The root of a page, or of a part of one; None for one without elements and text."""
    from lxml import etree

    parser = etree.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, huge_tree=True, no_network=True)
    return etree.fromstring(text.encode("utf-8", "replace"), parser) if text.strip() else None


def content_of(page: Element, elements: Elements) -> Element:
    """The element that holds a page's content: its one `main`, or its one `article` where that is most of it, or else all."""
    mains = [one for one in page.iter("main", "div", "section") if name_of(one) == "main" or one.get("role") == "main"]
    outer = [one for one in mains if not any(above in mains for above in one.iterancestors())]
    if len(outer) == 1 and words(outer[0], elements):
        return outer[0]
    articles = list(page.iter("article"))
    if len(articles) == 1 and not mains and words(articles[0], elements) >= WORTH * words(page, elements):
        return articles[0]
    return page


def words(element: Element, elements: Elements) -> int:
    """How many characters are shown in an element, site's chrome left out."""
    total = 0
    open_elements = [element]
    while open_elements:
        one = open_elements.pop()
        total += len((one.text or "").strip())
        for child in one:
            total += len((child.tail or "").strip())
            if (
                isinstance(child.tag, str)
                and not elements.drops(child)
                and name_of(child) not in ("header", "footer", "aside")
            ):
                open_elements.append(child)
    return total


def title_of(page: Element, content: Element | None) -> str:
    """A page's one heading of the first level, or else its title."""
    headings = [one for one in (page if content is None else content).iter("h1") if "".join(one.itertext()).strip()]
    if len(headings) == 1:
        return ""  # the parser takes the first heading
    title = page.find(".//title")
    return in_one_line(title.text or "") if title is not None else ""
