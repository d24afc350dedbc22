"""Markdown of a tree of elements, as HTML means them: blocks, lists, code, notes. Tables are in `ingest.rendering.tables`.

`ingest.rendering.html` calls this, and wikis do that hand out HTML. For tags of its own a subclass has methods: of `ac:task`,
`block_ac_task` (which gives lines) or `inline_ac_task` (which adds to a run); `drops` says what is not shown. All that is shown
is kept: of tags that nobody knows, what they hold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import urljoin

from ingest.rendering import code, tables
from ingest.rendering.inline import Run
from ingest.rendering.lines import TOO_DEEP, Line, fenced, in_one_line
from rag.errors import DocumentError

Element = Any  # lxml's have no types
_DEEPEST = 160  # elements within each other
_LONGEST_LINK = 2000  # characters
_LAST_LINE = 65534  # libxml2 counts no further
_DROPPED = frozenset(
    """script style template noscript head nav iframe audio video canvas embed datalist colgroup map defs metadata
    annotation annotation-xml""".split()
)
_BLOCKS = frozenset(
    """html body main article section div p h1 h2 h3 h4 h5 h6 ul ol menu dir li dl dt dd blockquote pre listing xmp
    plaintext table caption thead tbody tfoot tr td th details summary figure figcaption header footer aside address center
    fieldset legend form hgroup search nav hr""".split()
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_NOTES = ("warning", "caution", "danger", "important", "attention", "error", "tip", "hint", "note", "info", "success")
_NOTE_CLASSES = frozenset({"admonition", "admonitionblock", "alert", "callout", "notice", *_NOTES[:4], "tip", "note"})
_SIGNS = re.compile(r"\*\*|~~|`")
_BESIDE_HEADINGS = frozenset("¶#§🔗\uf0c1")  # the last one is a link in the font of Sphinx's commonest theme
_CHROME = re.compile(r"\b(?:navigation|search)\b")


class Elements:
    """Reads one tree. Links are resolved against `base` where there is one."""

    def __init__(self, base: str = "") -> None:
        self._base = base
        self._line = 0
        self._holds_blocks: set[Element] = set()
        self._intricate: set[Element] = set()

    def lines(self, root: Element) -> list[Line]:
        """The Markdown of what an element holds. Raises: DocumentError when it is nested too deeply."""
        self._look_over(root)
        return self.blocks(root)

    def paragraph_texts(self, root: Element) -> list[str]:
        """What an element holds as lines of text alone. Raises: as `lines`."""
        self._look_over(root)
        run = Run()
        self.flow(root, run)
        return run.lines()

    def drops(self, element: Element) -> bool:
        """Whether an element is not shown, or belongs to the site and not to the page."""
        role = element.get("role")
        return name_of(element) in _DROPPED or (role is not None and bool(_CHROME.search(role)))

    # -- blocks -------------------------------------------------------------------------------------------------------

    def blocks(self, element: Element) -> list[Line]:
        """What an element holds, as blocks with blank lines between them."""
        found: list[Line] = []
        run = Run()
        self._gather(element, found, run)
        append(found, run.paragraph())
        return found

    def _gather(self, element: Element, found: list[Line], run: Run) -> None:
        """Adds what an element holds: text to the run, and with each block the run before it to what was found."""
        self.arrive(element)
        self.text(element.text, run)
        for child in element:
            if not isinstance(child.tag, str):
                pass
            elif child in self._holds_blocks and not self.drops(child):
                self._gather(child, found, run)
            elif self.is_block(child):
                append(found, run.paragraph())
                append(found, [] if self.drops(child) else self.block(child))
            elif not self.drops(child):
                self.inline(child, run)
            self.text(child.tail, run)

    def block(self, element: Element) -> list[Line]:
        """One element as blocks."""
        own: Callable[[Element], list[Line]] | None = getattr(self, "block_" + identifier(name_of(element)), None)
        if own:
            return own(element)
        return self._note(element) if is_note(element) else self.blocks(element)

    def block_h1(self, element: Element) -> list[Line]:
        run = Run()
        self.flow(element, run, within_heading=True)
        text = " ".join(run.lines())
        anchor = _id_of(element)
        if not text:
            return []
        signs, name = "#" * _HEADINGS[name_of(element)], _SIGNS.sub("", text)
        return [Line(f"{signs} {text}", run.first, run.last, "#" + anchor if anchor else "", name)]

    block_h2 = block_h3 = block_h4 = block_h5 = block_h6 = block_h1

    def block_blockquote(self, element: Element) -> list[Line]:
        return quoted(self.blocks(element))

    def block_table(self, element: Element) -> list[Line]:
        return tables.table(self, element)

    def block_summary(self, element: Element) -> list[Line]:
        return [line._replace(text=f"**{line.text}**") for line in self.paragraph(element)]

    def is_block(self, element: Element) -> bool:
        """Whether an element stands in lines of its own."""
        return element in self._holds_blocks or self._stands_alone(name_of(element))

    def _stands_alone(self, name: str) -> bool:
        return name in _BLOCKS or hasattr(self, "block_" + identifier(name))

    def is_intricate(self, table: Element) -> bool:
        """Whether a table's cells hold more than lines of text."""
        return table in self._intricate

    def paragraph(self, element: Element) -> list[Line]:
        """What an element holds as lines of text, whatever blocks it is made of."""
        run = Run()
        self.flow(element, run)
        return run.paragraph()

    def block_pre(self, element: Element) -> list[Line]:
        self.arrive(element)
        line = self._line
        parts = code.text_of(element).split("\n")
        self._line += len(parts) - 1
        if not parts[0].strip():
            parts, line = parts[1:], line + 1
        while parts and not parts[-1].strip():
            parts.pop()
        if not parts:
            return []
        known = line > 0 and self._line < _LAST_LINE
        numbers = [line + at if known else 0 for at in (0, *range(len(parts)), len(parts) - 1)]
        texts = fenced(parts, code.language_of(element))
        return [Line(text, number, number) for text, number in zip(texts, numbers, strict=True)]

    block_listing = block_xmp = block_plaintext = block_pre

    def block_ul(self, element: Element) -> list[Line]:
        ordered = name_of(element) == "ol"
        found: list[Line] = []
        number = _number(element.get("start"), 1)
        self.arrive(element)
        stray = Run()
        self.text(element.text, stray)
        for child in element:
            if isinstance(child.tag, str) and not self.drops(child):
                if name_of(child) == "li":
                    found += stray.paragraph()
                    number = _number(child.get("value"), number)
                    found += item(f"{number}. " if ordered else "- ", self._item(child))
                    number += 1
                elif self.is_block(child):
                    found += stray.paragraph()
                    within = self.block(child)
                    found += indented("  ", within) if found else within
                else:
                    self.inline(child, stray)
            self.text(child.tail, stray)
        return found + stray.paragraph()

    block_ol = block_menu = block_dir = block_ul

    def _item(self, element: Element) -> list[Line]:
        """The blocks of a list's item, the first two without a blank line between them where the second is a list."""
        lines = self.blocks(element)
        if len(lines) > 2 and not lines[1].text and re.match(r"- |1\. ", lines[2].text):
            del lines[1]
        return lines

    def block_dl(self, element: Element) -> list[Line]:
        found: list[Line] = []
        stray = Run()
        self.arrive(element)
        self.text(element.text, stray)
        for child in element:
            name = "" if self.drops(child) else name_of(child)
            if name and not self.is_block(child):
                self.inline(child, stray)
                self.text(child.tail, stray)
                continue
            found += stray.paragraph()
            if name == "dt":
                term = self.blocks(child)
                if term and (anchor := child.get("id")):
                    term[0] = term[0]._replace(anchor="#" + anchor, name=_SIGNS.sub("", term[0].name or term[0].text))
                found += item("- ", term)
            elif name == "dd":
                found += indented("  ", self.blocks(child))
            elif name:
                found += self.block_dl(child) if name == "div" else self.block(child)
            self.text(child.tail, stray)
        return found + stray.paragraph()

    def _note(self, element: Element) -> list[Line]:
        lines = self.blocks(element)
        classes = element.get("class", "").lower()
        kind = next((kind for kind in _NOTES if kind in classes), "")
        if lines and kind and kind not in lines[0].text.lower():
            lines.insert(0, lines[0]._replace(text=f"**{kind.capitalize()}**"))
        return quoted(lines)

    # -- within lines -------------------------------------------------------------------------------------------------

    def inline(self, element: Element, run: Run) -> None:
        """Adds an element to the text that flows."""
        name = name_of(element)
        own: Callable[[Element, Run], None] | None = getattr(self, "inline_" + identifier(name), None)
        if own:
            own(element, run)
        else:
            self.flow(element, run)

    def flow(self, element: Element, run: Run, within_heading: bool = False) -> None:
        """Adds what an element holds; blocks within it become lines."""
        self.arrive(element)
        self.text(element.text, run)
        for child in element:
            if not isinstance(child.tag, str) or (within_heading and _is_permalink(child)):
                pass
            elif self.drops(child):
                if self.is_block(child):
                    run.line_break()
            elif self.is_block(child):
                run.line_break()
                if name_of(child) == "li":
                    run.word("• ")
                self._flow_block(child, run)
                run.line_break()
            else:
                self.inline(child, run)
            self.text(child.tail, run)

    def _flow_block(self, element: Element, run: Run) -> None:
        name = name_of(element)
        if name in ("pre", "listing", "xmp"):
            self.arrive(element)
            for line in filter(str.strip, code.text_of(element).split("\n")):
                run.code(True)
                self._line = run.text(line.strip(), self._line)
                run.code(False)
                run.line_break()
        elif name not in _BLOCKS and hasattr(self, "block_" + identifier(name)):
            for shown in self.block(element):
                run.text(shown.text, shown.first)
                run.line_break()
        else:
            self.flow(element, run)

    def text(self, text: str | None, run: Run) -> None:
        if text:
            self._line = run.text(text, self._line if self._line < _LAST_LINE else 0) or self._line

    def inline_br(self, element: Element, run: Run) -> None:
        run.line_break()

    def inline_code(self, element: Element, run: Run) -> None:
        run.code(True)
        self.flow(element, run)
        run.code(False)

    inline_tt = inline_kbd = inline_samp = inline_code

    def inline_b(self, element: Element, run: Run) -> None:
        run.strong(True)
        self.flow(element, run)
        run.strong(False)

    inline_strong = inline_b

    def inline_del(self, element: Element, run: Run) -> None:
        run.gone(True)
        self.flow(element, run)
        run.gone(False)

    inline_s = inline_strike = inline_del

    def inline_a(self, element: Element, run: Run) -> None:
        run.link(self.resolved(element.get("href", "")))
        self.flow(element, run)
        run.link(None)

    def inline_img(self, element: Element, run: Run) -> None:
        self.arrive(element)
        if alt := in_one_line(element.get("alt") or ""):
            source = element.get("src", "")
            run.text(f"![{alt}]({self.resolved(source)})", self._line)

    def inline_sup(self, element: Element, run: Run) -> None:
        if (element.text or "").strip().isdigit() and not len(element):
            run.word("^")
        self.flow(element, run)

    def inline_q(self, element: Element, run: Run) -> None:
        run.word("“")
        self.flow(element, run)
        run.word("”")

    def inline_input(self, element: Element, run: Run) -> None:
        kind = element.get("type", "text").lower()
        if kind == "checkbox":
            run.word("[x] " if element.get("checked") is not None else "[ ] ")
        elif kind in ("submit", "button", "reset"):
            run.word(f" {element.get('value', '')} ")

    def _spaced(self, element: Element, run: Run) -> None:
        run.word(" ")
        self.flow(element, run)
        run.word(" ")

    inline_option = inline_button = inline_textarea = inline_select = inline_label = _spaced

    def inline_svg(self, element: Element, run: Run) -> None:
        """The labels of a drawing."""
        self.arrive(element)
        for part in element.iter():
            if isinstance(part.tag, str) and name_of(part) in ("text", "tspan", "foreignobject"):
                run.word(" ")
                self.text(part.text, run)
            for below in part if name_of(part) in ("text", "tspan") else ():
                self.text(below.tail, run)
        run.word(" ")

    # -- what else is asked of elements ---------------------------------------------------------------------------------

    def resolved(self, target: str) -> str:
        """A link's target, against the base where there is one; "" for one that leads nowhere else."""
        target = target.strip()
        if (
            not target
            or len(target) > _LONGEST_LINK
            or target.startswith("#")
            or re.match(r"(?:javascript|data|vbscript):", target, re.I)
        ):
            return ""
        if self._base:
            try:
                target = urljoin(self._base, target)
            except ValueError:
                return ""
        return re.sub(r"[\s()<>]", lambda match: f"%{ord(match.group()):02X}", target)

    def arrive(self, element: Element) -> None:
        """Takes over the line in which an element begins."""
        self._line = max(self._line, element.sourceline or 0)

    def _look_over(self, root: Element) -> None:
        """Finds the elements that hold blocks though they are none, and the tables that hold more than lines of text."""
        from lxml import etree

        within: list[Element] = []
        tables_open: list[Element] = []
        for event, element in etree.iterwalk(root, events=("start", "end")):
            name = name_of(element)
            if event == "end":
                within.pop()
                if name == "table":
                    tables_open.pop()
                continue
            if len(within) > _DEEPEST:
                raise DocumentError(TOO_DEEP)
            if tables_open and (name in ("table", "dl", "blockquote", "pre") or name in _HEADINGS):
                self._intricate.add(tables_open[-1])
            if name == "table":
                tables_open.append(element)
            if self._stands_alone(name):
                for outer in reversed(within):
                    if outer in self._holds_blocks or self._stands_alone(name_of(outer)):
                        break
                    self._holds_blocks.add(outer)
            within.append(element)


def name_of(element: Element) -> str:
    """An element's name in small letters: `div`, or with its prefix `ac:task`; "" for a comment."""
    tag = element.tag
    return _name(tag, element.prefix if tag[0] == "{" else None) if isinstance(tag, str) else ""


@lru_cache(maxsize=4096)
def _name(tag: str, prefix: str | None) -> str:
    local = tag.rsplit("}", 1)[-1].lower()
    return f"{prefix.lower()}:{local}" if prefix else local


@lru_cache(maxsize=4096)
def identifier(name: str) -> str:
    """The part of a method's name that stands for an element's."""
    return re.sub(r"\W", "_", name)


def append(found: list[Line], block: Sequence[Line]) -> None:
    """Adds a block, with a blank line before it."""
    if block:
        if found:
            found.append(Line(""))
        found += block


def item(marker: str, lines: Sequence[Line]) -> list[Line]:
    """Lines as an item of a list."""
    if not lines:
        return []
    return [lines[0]._replace(text=marker + lines[0].text), *indented(" " * len(marker), lines[1:])]


def indented(by: str, lines: Sequence[Line]) -> list[Line]:
    return [line._replace(text=by + line.text) if line.text else line for line in lines]


def quoted(lines: Sequence[Line]) -> list[Line]:
    return [line._replace(text=f"> {line.text}".rstrip()) for line in lines]


def is_note(element: Element) -> bool:
    """Whether an element sets its text apart as a note or a warning."""
    classes = element.get("class")
    if not classes or name_of(element) not in ("div", "aside", "section", "p"):
        return False
    return not _NOTE_CLASSES.isdisjoint(classes.lower().split())


def _id_of(heading: Element) -> str:
    """The id that leads to a heading: its own, of what is in it, of the section that it opens, or of an anchor before it."""
    for element in (heading, *_first(heading.iterdescendants(), 8)):
        if isinstance(element.tag, str) and (found := element.get("id") or element.get("name")):
            return str(found)
    before, parent = heading.getprevious(), heading.getparent()
    if before is not None and name_of(before) == "a" and not (before.text or "").strip():
        return str(before.get("id") or before.get("name") or "")
    if before is None and parent is not None and name_of(parent) in ("section", "div"):
        return str(parent.get("id") or "")
    return ""


def _first(elements: Iterator[Element], number: int) -> list[Element]:
    return [element for element, _ in zip(elements, range(number), strict=False)]


def _is_permalink(element: Element) -> bool:
    text = "".join(element.itertext()).strip() if name_of(element) == "a" else "no"
    return not text or text in _BESIDE_HEADINGS


def _number(text: str | None, otherwise: int) -> int:
    return int(text) if text and re.fullmatch(r"\d{1,9}", text.strip()) else otherwise
