"""Tables of HTML in Markdown. A cell that spans several is repeated in each, so that every row speaks for itself.

A table whose cells hold more than lines of text (code, lists of terms, tables) is written cell after cell, each below the name of
its column. `ingest.rendering.elements` calls this.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from ingest.rendering.code import is_gutter
from ingest.rendering.inline import Run
from ingest.rendering.lines import Line

if TYPE_CHECKING:
    from ingest.rendering.elements import Elements

Element = Any
_REPEATED = 200  # characters of a cell that is repeated; of a longer one the first cell alone is filled
_WIDEST = 100  # columns
_SPAN = 1000  # rows or columns that a cell may span, as HTML says
_HEADERS = 3  # rows of headers at most
_ROWS = frozenset({"thead", "tbody", "tfoot", "tr"})
_PARTS = frozenset({"thead", "tbody", "tfoot", "tr", "td", "th"})
_IN_CELL = " <br> "


@dataclass(frozen=True)
class Cell:
    """`above`: it goes on from the row above."""

    text: str
    across: int
    down: int
    header: bool
    above: bool = False


@dataclass(frozen=True)
class Row:
    """`first` and `last` are the lines of the original that hold it."""

    cells: tuple[Cell, ...]
    first: int
    last: int


def table(elements: Elements, element: Element) -> list[Line]:
    """The blocks of a table: what stands in it beside cells, then its rows."""
    from ingest.rendering.elements import append

    found: list[Line] = []
    rows: list[Element] = []
    elements.arrive(element)
    for part in _parts(elements, element, found):
        rows.append(part)
    widest = max((len(_cells(elements, row)) for row in rows), default=0)
    if widest <= 1 or widest > _WIDEST or elements.is_intricate(element) or element.get("role") == "presentation":
        append(found, _cell_after_cell(elements, rows, widest))
    else:
        append(found, grid([_row(elements, row) for row in rows]))
    return found


def _parts(elements: Elements, element: Element, beside: list[Line]) -> Iterator[Element]:
    """The rows of a table; what else it holds goes into `beside`."""
    from ingest.rendering.elements import name_of

    stray = Run()
    rows: list[Element] = []
    open_parts = [iter([element])]
    while open_parts:
        part = next(open_parts[-1], None)
        if part is None:
            open_parts.pop()
            continue
        append_to(beside, stray.paragraph())
        _beside(elements, part, stray, beside)
        if name_of(part) == "tr":
            rows.append(part)
        else:
            open_parts.append(child for child in part if name_of(child) in _ROWS)
    append_to(beside, stray.paragraph())
    yield from rows


def _beside(elements: Elements, element: Element, stray: Run, beside: list[Line]) -> None:
    """What a part of a table holds beside its parts and cells."""
    from ingest.rendering.elements import name_of

    elements.text(element.text, stray)
    for child in element:
        name = name_of(child)
        if name in _PARTS:
            append_to(beside, stray.paragraph())
            if name in ("td", "th") and name_of(element) != "tr":  # a cell in no row
                append_to(beside, elements.blocks(child))
        elif name and not elements.drops(child):
            if elements.is_block(child):
                append_to(beside, stray.paragraph())
                append_to(beside, elements.block(child))
            else:
                elements.inline(child, stray)
        if child.tail and (child.tail.strip() or name not in _PARTS):
            elements.text(child.tail, stray)


def append_to(found: list[Line], block: Sequence[Line]) -> None:
    if block:
        found += [Line(""), *block] if found else block


def _cells(elements: Elements, row: Element) -> list[Element]:
    """The cells of a row."""
    return [cell for cell in row if cell.tag in ("td", "th") and not elements.drops(cell) and not is_gutter(cell)]


def _row(elements: Elements, row: Element) -> Row:
    from ingest.rendering.elements import name_of

    cells: list[Cell] = []
    first = last = 0
    elements.arrive(row)
    for element in _cells(elements, row):
        run = Run()
        elements.flow(element, run)
        text = _IN_CELL.join(run.lines()).replace("|", "\\|")
        first, last = first or run.first, max(last, run.last)
        cells.append(Cell(text, _span(element, "colspan"), _span(element, "rowspan"), name_of(element) == "th"))
    return Row(tuple(cells), first, last)


def _span(element: Element, name: str) -> int:
    value = element.get(name, "").strip()
    return min(max(int(value), 1), _SPAN) if value.isascii() and value.isdigit() and len(value) < 6 else 1


def grid(rows: Sequence[Row]) -> list[Line]:
    """The lines of a table, its leading rows of headers made one."""
    rows = [row for row in rows if any(cell.text for cell in row.cells)]
    if not rows:
        return []
    filled = _filled(rows)
    headers = 0
    while headers < min(_HEADERS, len(rows) - 1) and all(cell.header for cell in rows[headers].cells):
        headers += 1
    width = max(map(len, filled))
    columns = zip_longest(*filled[:headers], [""] * width, fillvalue="")
    names = [" ".join(dict.fromkeys(filter(None, column))) for column in columns]
    last = max((row.last for row in rows[: max(headers, 1)]), default=0)
    lines = [Line(_joined(names), rows[0].first, last), Line("|" + " --- |" * width, rows[0].first, last)]
    return lines + [
        Line(_joined(cells), row.first, row.last) for cells, row in zip(filled[headers:], rows[headers:], strict=True)
    ]


def _joined(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _filled(rows: Sequence[Row]) -> list[list[str]]:
    """The texts of each row by column. What is repeated is no more, all in all, than what the table holds."""
    left = 1000 + sum(len(cell.text) + 4 for row in rows for cell in row.cells)
    below: dict[int, tuple[int, str]] = {}  # column → how many more rows a cell above reaches into, and its text
    filled: list[list[str]] = []
    for row in rows:
        texts: list[str] = []

        def from_above(texts: list[str] = texts) -> None:
            while (column := len(texts)) in below:
                nonlocal left
                more, text = below.pop(column)
                left -= len(text) + 4
                if left < 0:
                    below.clear()
                    return
                texts.append(text)
                if more > 1:
                    below[column] = (more - 1, text)

        for given in row.cells:
            from_above()
            cell = given
            if cell.above and filled and len(texts) < len(filled[-1]):
                text = filled[-1][len(texts)]
                left -= len(text)
                cell = Cell(text if left >= 0 else "", cell.across, 1, cell.header)
            again = cell.text if len(cell.text) <= _REPEATED else ""
            for repeat in range(max(1, min(cell.across, _WIDEST - len(texts)))):
                if repeat and (left := left - len(again) - 4) < 0:
                    break
                if cell.down > 1 and (left := left - len(again) - 4) >= 0:
                    below[len(texts)] = (cell.down - 1, again)
                texts.append(again if repeat else cell.text)
        from_above()
        filled.append(texts)
    return filled


def _cell_after_cell(elements: Elements, rows: Sequence[Element], widest: int) -> list[Line]:
    from ingest.rendering.elements import append, name_of

    found: list[Line] = []
    names: list[str] = []
    for number, row in enumerate(rows):
        cells = _cells(elements, row)
        if number == 0 and widest > 1 and len(rows) > 1 and all(name_of(cell) == "th" for cell in cells):
            headers = [elements.paragraph(cell) for cell in cells]
            names = [" ".join(line.text for line in header) for header in headers]
            append(found, [line for header in headers for line in header])
            continue
        elements.arrive(row)
        for column, cell in enumerate(cells):
            lines = elements.blocks(cell)
            if lines and column < len(names) and names[column]:
                append(found, [lines[0]._replace(text=f"**{names[column]}:**", anchor="", name="")])
            append(found, lines)
    return found
