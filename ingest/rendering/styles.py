"""What the styles of a DOCX say: headings, code, quotations; and which paragraphs are items of lists.

`ingest.rendering.docx` calls this. Styles build on each other (`w:basedOn`); the nearest word counts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Element = Any
_CODE = re.compile(r"code|verbatim|preformatted|macro ?text|listing|source ?text|terminal|console", re.I)
_NO_CODE = re.compile(r"barcode|postcode|zipcode|code ?of", re.I)
_MONOSPACE = re.compile(r"courier|consolas|menlo|monaco|mono\b|monospace|inconsolata|source code", re.I)
_HEADING = re.compile(r"heading ?([1-9])$", re.I)
_DEPTH = 20  # styles that build on each other
_BULLETS = frozenset({"bullet", "none", ""})


@dataclass(frozen=True)
class Style:
    """What matters of the style of a paragraph or of a run of text. `level` is a heading's, 0: it is none."""

    level: int = 0
    title: bool = False
    code: bool = False
    quote: bool = False
    strong: bool = False
    gone: bool = False
    hidden: bool = False


def local_name(element: Element) -> str:
    """An element's name without its namespace; "" for a comment."""
    return element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else ""


def attribute(element: Element, name: str) -> str:
    """An attribute, in whatever namespace."""
    return next((value for key, value in element.attrib.items() if key.rsplit("}", 1)[-1] == name), "")


def child(element: Element | None, name: str) -> Element | None:
    return next((one for one in element if local_name(one) == name), None) if element is not None else None


def value(element: Element | None, name: str) -> str:
    """The `w:val` of a child, or ""."""
    found = child(element, name)
    return attribute(found, "val") if found is not None else ""


class Styles:
    """The styles of a file; without any, what elements say themselves."""

    def __init__(self, part: Element | None) -> None:
        styles = [one for one in part if local_name(one) == "style"] if part is not None else []
        self._by_id = {attribute(one, "styleId"): one for one in styles}
        self._known: dict[str, Style] = {}

    def of(self, paragraph: Element) -> Style:
        """The style of a paragraph."""
        properties = child(paragraph, "pPr")
        style = self._named(value(properties, "pStyle"))
        outline = value(properties, "outlineLvl")
        level = int(outline) + 1 if outline.isdigit() and int(outline) < 9 else style.level
        return style if level == style.level else Style(level, style.title, style.code, style.quote)

    def of_run(self, run: Element) -> Style:
        """The style of a run of text."""
        properties = child(run, "rPr")
        if properties is None:
            return Style()
        style = self._named(value(properties, "rStyle"))
        return Style(
            code=style.code or bool(_MONOSPACE.search(_font(properties))), strong=_on(properties, "b"),
            gone=_on(properties, "strike"), hidden=_on(properties, "vanish"),
        )  # fmt: skip

    def chain(self, style_id: str) -> Iterator[Element]:
        """A style and those that it builds on."""
        for _ in range(_DEPTH):
            style = self._by_id.get(style_id)
            if style is None:
                return
            yield style
            style_id = value(style, "basedOn")

    def _named(self, style_id: str) -> Style:
        if style_id not in self._known:
            self._known[style_id] = self._read(style_id)
        return self._known[style_id]

    def _read(self, style_id: str) -> Style:
        level = 0
        title = code = quote = False
        for style in self.chain(style_id):
            name = value(style, "name")
            outline = value(child(style, "pPr"), "outlineLvl")
            match = _HEADING.match(name)
            level = level or (
                int(match.group(1)) if match else int(outline) + 1 if outline.isdigit() and int(outline) < 9 else 0
            )
            title = title or name.lower() == "title"
            code = code or bool(_CODE.search(name) and not _NO_CODE.search(name)) or bool(
                _MONOSPACE.search(_font(child(style, "rPr")))
            )  # fmt: skip
            quote = quote or "quote" in name.lower()
        return Style(1 if title and not level else level, title, code and not level, quote)


def _font(properties: Element | None) -> str:
    fonts = child(properties, "rFonts")
    return attribute(fonts, "ascii") if fonts is not None else ""


def _on(properties: Element, name: str) -> bool:
    found = child(properties, name)
    return found is not None and attribute(found, "val") not in ("0", "false", "off", "none")


class Numbering:
    """Which paragraphs are items of lists, and with what sign each begins."""

    def __init__(self, part: Element | None, styles: Styles) -> None:
        self._styles = styles
        self._formats: dict[tuple[str, int], str] = {}
        self._counts: Counter[tuple[str, int]] = Counter()
        if part is None:
            return
        abstract = {attribute(one, "abstractNumId"): one for one in part if local_name(one) == "abstractNum"}
        for number in (one for one in part if local_name(one) == "num"):
            levels = abstract.get(value(number, "abstractNumId"))
            for level in levels if levels is not None else ():
                if local_name(level) == "lvl" and attribute(level, "ilvl").isdigit():
                    key = attribute(number, "numId"), int(attribute(level, "ilvl"))
                    self._formats[key] = value(level, "numFmt")

    def marker(self, paragraph: Element) -> tuple[str, int]:
        """The sign of a list's item and how deep it lies; "" for a paragraph that is none."""
        number, level = self._number(paragraph)
        if number in ("", "0"):
            return "", 0
        if self._formats.get((number, level), "bullet") in _BULLETS:
            return "-", level
        self._counts[number, level] += 1
        for deeper in range(level + 1, 10):
            self._counts.pop((number, deeper), None)
        return f"{self._counts[number, level]}.", level

    def _number(self, paragraph: Element) -> tuple[str, int]:
        properties = child(paragraph, "pPr")
        level = ""
        for one in (properties, *(child(style, "pPr") for style in self._styles.chain(value(properties, "pStyle")))):
            numbered = child(one, "numPr")
            level = level or value(numbered, "ilvl")
            if numbered is not None and (number := value(numbered, "numId")):
                return number, min(int(level), 9) if level.isdigit() else 0
        return "", 0
