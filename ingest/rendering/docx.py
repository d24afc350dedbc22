"""DOCX (ECMA-376, WordprocessingML) as Markdown: a citation names the section, since pages come with a printer.

Read from its XML, so that nothing shown is lost: text in boxes, in content controls, inserted while changes are tracked;
footnotes stand below the text. What was deleted, and comments, are not shown. `ingest.rendering` calls this.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ingest.declarations import Declared, Pair, known
from ingest.rendering import Rendered
from ingest.rendering.archive import Archive
from ingest.rendering.inline import Run
from ingest.rendering.lines import TOO_DEEP, Writer, fenced, in_one_line, seen
from ingest.rendering.styles import Numbering, Styles, attribute, local_name
from ingest.rendering.tables import Cell, Row, grid
from rag.errors import DocumentError, RefusedError

Element = Any
_MAIN = "word/document.xml"
_DEEPEST = 120  # elements within each other, of those that hold blocks
_IN_CELL = " <br> "
_DELETED = frozenset({"del", "moveFrom", "delText", "delInstrText", "instrText", "rPr", "pPr", "fldData"})
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


def render(path: str, data: bytes) -> Rendered:
    """A file. Raises: RefusedError when it must not be unpacked or has no text; DocumentError when it is broken."""
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise RefusedError("encrypted, or an old .doc by its content; save it as .docx without a password")
    archive = Archive(data)
    if _MAIN not in archive:
        raise DocumentError(f"no {_MAIN} in it: not a DOCX")
    return _Document(archive).rendered()


class _Document:
    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._styles = Styles(self._part("word/styles.xml"))
        self._numbering = Numbering(self._part("word/numbering.xml"), self._styles)
        self._links = _targets(self._part("word/_rels/document.xml.rels"))
        self._notes: dict[tuple[str, str], str] = {}
        self._writer = Writer()
        self._code: list[str] = []
        self._title = ""

    def _part(self, name: str) -> Element | None:
        return self._archive.xml(name) if name in self._archive else None

    def rendered(self) -> Rendered:
        body = next((one for one in self._archive.xml(_MAIN) if local_name(one) == "body"), None)
        said = Declared().also(known(self._properties()))
        self._writer.begin("the properties")
        self._writer.declare(said)
        if body is not None:
            self._writer.begin("the beginning")
            self._blocks(body)
            self._end_code()
            self._add_notes()
        if not self._writer.told:
            raise RefusedError("no text in it: scanned?")
        return self._writer.rendered(self._title or self._core_title())

    # -- blocks -------------------------------------------------------------------------------------------------------

    def _blocks(self, element: Element, depth: int = 0) -> None:
        if depth > _DEEPEST:
            raise DocumentError(TOO_DEEP)
        for child in element:
            name = local_name(child)
            if name == "p":
                self._paragraph(child, depth)
            elif name == "tbl":
                self._end_code()
                self._table(child, depth)
            elif name == "AlternateContent":
                self._blocks(_choice(child), depth + 1)
            elif name not in _DELETED and name not in ("sdtPr", "sectPr"):
                self._blocks(child, depth + 1)

    def _paragraph(self, element: Element, depth: int) -> None:
        style = self._styles.of(element)
        lines, boxes = self._lines(element, plain=style.code)
        if style.code:
            self._code += lines or [""]
        else:
            self._end_code()
            self._add(element, lines)
        for box in boxes:
            self._blocks(box, depth + 1)

    def _add(self, element: Element, lines: Sequence[str]) -> None:
        if not any(lines):
            return
        style = self._styles.of(element)
        if style.title and not self._title:
            self._title = " ".join(lines)
        if style.level:
            text = " ".join(lines)
            self._writer.begin(f"section {re.sub(r'[*`]', '', text)}")
            self._writer.add([f"{'#' * min(style.level, 6)} {text}"])
            return
        marker, level = self._numbering.marker(element)
        if marker:
            indent = " " * 4 * level
            within = [f"{indent}{' ' * len(marker)} {line}" for line in lines[1:]]
            self._writer.add([f"{indent}{marker} {lines[0]}", *within], item=True)
        else:
            self._writer.add(["> " + line for line in lines] if style.quote else lines)

    def _end_code(self) -> None:
        while self._code and not self._code[-1].strip():
            self._code.pop()
        if self._code:
            self._writer.add(fenced(self._code))
        self._code = []

    # -- text ---------------------------------------------------------------------------------------------------------

    def _lines(self, element: Element, plain: bool = False) -> tuple[list[str], list[Element]]:
        """The lines of a paragraph, and the boxes of text that hang on it."""
        run, boxes = Run(), list[Element]()
        self._flow(element, run, boxes, plain, 0)
        if plain:
            return run.plain(), boxes
        return [line.text for line in run.paragraph()], boxes

    def _flow(self, element: Element, run: Run, boxes: list[Element], plain: bool, depth: int) -> None:
        if depth > _DEEPEST:
            raise DocumentError(TOO_DEEP)
        for child in element:
            name = local_name(child)
            if name in _DELETED:
                continue
            if name in ("t", "tab", "ptab", "noBreakHyphen", "sym", "docPr"):
                run.text(_text(child, name), 0)
            elif name in ("br", "cr"):
                run.line_break()
            elif name in ("footnoteReference", "endnoteReference"):
                self._refer(child, name.removesuffix("Reference"), run)
            elif name == "txbxContent":
                boxes.append(child)
            elif name == "r" and not plain:
                self._styled(child, run, boxes, depth)
            elif name == "hyperlink" and not plain:
                run.link(self._links.get(child.get(_REL + "id", ""), ""))
                self._flow(child, run, boxes, plain, depth + 1)
                run.link(None)
            else:
                self._flow(_choice(child) if name == "AlternateContent" else child, run, boxes, plain, depth + 1)

    def _styled(self, element: Element, run: Run, boxes: list[Element], depth: int) -> None:
        style = self._styles.of_run(element)
        if style.hidden:
            return
        marks = ((style.code, run.code), (style.strong, run.strong), (style.gone, run.gone))
        mark = next((mark for wanted, mark in marks if wanted), lambda on: None)
        mark(True)
        self._flow(element, run, boxes, False, depth + 1)
        mark(False)

    def _refer(self, element: Element, kind: str, run: Run) -> None:
        key = (kind, attribute(element, "id"))
        label = self._notes.setdefault(key, str(len(self._notes) + 1))
        run.word(f"[^{label}]")

    def _add_notes(self) -> None:
        for kind in ("footnote", "endnote"):
            part = self._part(f"word/{kind}s.xml")
            by_id = {attribute(note, "id"): note for note in part} if part is not None else {}
            for (of_kind, number), label in list(self._notes.items()):
                if of_kind == kind and number in by_id:
                    lines = [line for p in by_id[number].iter("{*}p") for line in self._lines(p)[0]]
                    if lines:
                        self._writer.add([f"[^{label}]: {lines[0]}", *(f"    {line}" for line in lines[1:])])

    # -- tables -------------------------------------------------------------------------------------------------------

    def _table(self, element: Element, depth: int) -> None:
        rows: list[Row] = []
        boxes: list[Element] = []
        for row in _below(element, "tr"):
            if (
                any(True for cell in _below(row, "tc") for _ in _below(cell, "tbl"))
                or len(list(_below(row, "tc"))) == 1
            ):
                self._flush(rows)
                rows = []
                for cell in _below(row, "tc"):
                    self._blocks(cell, depth + 1)
                    self._end_code()
                continue
            rows.append(self._row(row, boxes, header=not rows))
        self._flush(rows)
        for box in boxes:
            self._blocks(box, depth + 1)

    def _flush(self, rows: Sequence[Row]) -> None:
        if rows:
            self._writer.add(line.text for line in grid(rows))

    def _row(self, row: Element, boxes: list[Element], header: bool) -> Row:
        cells: list[Cell] = []
        for cell in _below(row, "tc"):
            properties = next((one for one in cell if local_name(one) == "tcPr"), ())
            values = {local_name(one): attribute(one, "val") for one in properties}
            span = values.get("gridSpan", "1")
            goes_on = "vMerge" in values and values["vMerge"] != "restart"
            lines: list[str] = []
            for paragraph in _below(cell, "p"):
                found, more = self._lines(paragraph)
                marker, _ = self._numbering.marker(paragraph) if found else ("", 0)
                lines += [f"• {found[0]}", *found[1:]] if marker else found
                boxes += more
            text = _IN_CELL.join(lines).replace("|", "\\|")
            cells.append(Cell(text, int(span) if span.isdigit() else 1, 1, header, goes_on))
        return Row(tuple(cells), 0, 0)

    def _properties(self) -> Iterator[Pair]:
        """Those that people gave the file."""
        part = self._part("docProps/custom.xml")
        for one in part if part is not None else ():
            yield one.get("name") or "", "\n".join(one.itertext()).strip()

    def _core_title(self) -> str:
        part = self._part("docProps/core.xml")
        found = next((one.text or "" for one in part if local_name(one) == "title"), "") if part is not None else ""
        return "" if re.search(r"\.\w{2,5}$", found) else in_one_line(found)


def _choice(element: Element) -> Element:
    """Of what stands there in several forms, the first: `mc:Choice`, or else the fallback."""
    return next(iter(element), element)


def _below(element: Element, name: str) -> Iterator[Element]:
    """The nearest elements of a name below an element: not those within others of that name, or of a table within."""
    for child in element:
        found = local_name(child)
        if found == name:
            yield child
        elif found not in _DELETED and found not in ("tbl", "p", "tcPr", "trPr", "tblPr", "tblGrid"):
            yield from _below(_choice(child) if found == "AlternateContent" else child, name)


def _text(element: Element, name: str) -> str:
    """The text that an element stands for."""
    if name == "docPr":
        alt = in_one_line(element.get("descr") or "")
        return f" ![{alt}]() " if alt else ""
    if name == "sym":
        return _symbol(element)
    return {"t": element.text or "", "noBreakHyphen": "-"}.get(name, "\t")


def _symbol(element: Element) -> str:
    try:
        code = int(attribute(element, "char"), 16)
    except ValueError:
        return ""
    return "" if 0xE000 <= code <= 0xF8FF or code > 0x10FFFF else seen(chr(code))


def _targets(part: Element | None) -> dict[str, str]:
    """The addresses of links, by their id."""
    if part is None:
        return {}
    web = re.compile(r"(?:https?|mailto|ftp):", re.I)
    return {
        one.get("Id", ""): re.sub(r"[\s()<>]", lambda match: f"%{ord(match.group()):02X}", one.get("Target", ""))
        for one in part
        if one.get("TargetMode") == "External" and web.match(one.get("Target", ""))
    }
