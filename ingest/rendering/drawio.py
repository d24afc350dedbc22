"""Diagrams of draw.io (https://www.drawio.com/doc/faq/diagram-source-edit) as lists: what is drawn on each page, and what leads
where (`A → B: label`). A citation names the page.

A page's graph stands in the file as XML, or deflated in base64; in an SVG it is the attribute `content`. `ingest.rendering` calls
this.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from ingest.refusals import MAX_BYTES
from ingest.rendering import Rendered
from ingest.rendering.archive import parsed_xml
from ingest.rendering.elements import Elements
from ingest.rendering.html import parsed
from ingest.rendering.inline import Run
from ingest.rendering.lines import Writer, in_one_line
from rag.errors import DocumentError, RefusedError

Element = Any
_UNPACKED = 4 * MAX_BYTES  # bytes of a page that was deflated
_TAG = re.compile(r"<[A-Za-z/!][^>]{0,2000}>|&[#\w]{1,10};")
_DOCTYPE = re.compile(rb"<!DOCTYPE svg PUBLIC [^>\[]{0,200}>", re.I)  # which draw.io writes into every SVG
_INDENT = "  "
_DEEPEST = 20  # containers within each other that are shown as such
_SHOWN_KEYS = re.compile(r"^(?!label$|id$|placeholders?$|tooltip$|link$)[\w-]{1,40}$")


def render(path: str, data: bytes) -> Rendered:
    """A file. Raises: RefusedError when it has no labels or declares a DTD; DocumentError when it is broken."""
    root = parsed_xml(_DOCTYPE.sub(b"", data, count=1), "it")
    if _name(root) == "svg":
        content = root.get("content", "")
        if not content.strip():
            raise RefusedError("a picture: no diagram in it that can be edited")
        root = parsed_xml(content.encode("utf-8", "replace"), "its diagram")
    writer = Writer()
    pages = [root] if _name(root) == "mxGraphModel" else [page for page in root.iter() if _name(page) == "diagram"]
    for number, page in enumerate(pages, 1):
        _add(writer, page.get("name") or f"Page {number}", _graph(page), number)
    found = writer.rendered(PurePosixPath(path).name.split(".")[0].replace("-", " ").replace("_", " "))
    if not found.text.strip():
        raise RefusedError("no labels in it")
    return found


def _graph(page: Element) -> Element | None:
    """The graph of a page, inflated where need be."""
    if _name(page) == "mxGraphModel":
        return page
    for child in page:
        if _name(child) == "mxGraphModel":
            return child
    packed = (page.text or "").strip()
    if not packed:
        return None
    try:
        inflate = zlib.decompressobj(-15)
        data = inflate.decompress(base64.b64decode(packed, validate=False), _UNPACKED)
    except (binascii.Error, ValueError, zlib.error) as error:
        raise DocumentError(f"its page {page.get('name', '')!r} can't be unpacked: {error}") from error
    if inflate.unconsumed_tail:
        raise RefusedError(
            f"its page {page.get('name', '')!r} has more than {_UNPACKED // 1_000_000} MB unpacked: a bomb?"
        )
    return parsed_xml(unquote(data.decode("utf-8", "replace")).encode("utf-8", "replace"), "its page")


class _Labels(Elements):
    """Labels are short: no signs of emphasis in them."""

    def inline_b(self, element: Element, run: Run) -> None:
        self.flow(element, run)

    inline_strong = inline_code = inline_tt = inline_kbd = inline_samp = inline_del = inline_s = inline_strike = (
        inline_b
    )


class _Cell:
    def __init__(self, element: Element, holder: Element) -> None:
        self.id = holder.get("id") or element.get("id") or ""
        self.parent = element.get("parent") or ""
        self.edge = element.get("edge") == "1" or element.get("source") is not None or element.get("target") is not None
        self.source, self.target = element.get("source") or "", element.get("target") or ""
        html = "html=1" in (element.get("style") or "")
        self.label = _label(holder.get("label") or element.get("value") or "", html, holder)
        self.more = _more(holder)


def _label(text: str, html: bool, holder: Element) -> str:
    """A label in one line; %name% is what the object's attribute of that name says."""
    if holder.get("placeholders") == "1":
        text = re.sub(r"%([\w-]{1,40})%", lambda match: holder.get(match.group(1)) or match.group(), text)
    if (html or "<" in text) and _TAG.search(text):
        tree = parsed(text)
        lines = _Labels().paragraph_texts(tree) if tree is not None else []
        return in_one_line(" ".join(lines))
    return in_one_line(text)


def _more(holder: Element) -> str:
    """What an object's own attributes say, and where it links to."""
    if _name(holder) == "mxCell":
        return ""
    parts = [
        f"{key}: {in_one_line(value)}"
        for key, value in holder.attrib.items()
        if value.strip() and _SHOWN_KEYS.match(key)
    ]
    if tooltip := in_one_line(holder.get("tooltip") or ""):
        parts.append(tooltip)
    if (link := holder.get("link") or "").startswith(("http://", "https://")):
        parts.append(link)
    return f" ({'; '.join(parts)})" if parts else ""


def _cells(graph: Element) -> dict[str, _Cell]:
    cells: dict[str, _Cell] = {}
    for element in graph.iter():
        if _name(element) == "mxCell":
            holder = element.getparent()
            within = holder is not None and _name(holder) in ("object", "UserObject")
            cell = _Cell(element, holder if within else element)
            cells.setdefault(cell.id or f"\0{len(cells)}", cell)
    return cells


def _add(writer: Writer, name: str, graph: Element | None, number: int) -> None:
    """The page's boxes, each within what it stands in, and then its arrows."""
    cells = _cells(graph) if graph is not None else {}
    labels: dict[str, list[str]] = {}  # of arrows: a label may be a cell of its own
    for cell in cells.values():
        above = cells.get(cell.parent)
        if cell.label and not cell.edge and above is not None and above.edge:
            labels.setdefault(above.id, []).append(cell.label)
    boxes = [c for c in cells.values() if c.label and not c.edge and not (c.parent in cells and cells[c.parent].edge)]
    arrows = [_arrow(cell, cells, labels.get(cell.id, ())) for cell in cells.values() if cell.edge]
    arrows = list(dict.fromkeys(filter(None, arrows)))
    if not boxes and not arrows:
        return
    title = in_one_line(name)
    writer.begin(f"page {title}" if title else f"page {number}")
    writer.add([f"# {title}"])
    if boxes:
        writer.add(_nested(boxes, cells))
    if arrows:
        writer.add(["Connections:"])
        writer.add(arrows)


def _nested(boxes: Iterable[_Cell], cells: dict[str, _Cell]) -> list[str]:
    """Labels as a list, below the label of what they stand in."""
    below: dict[str, list[_Cell]] = {}
    for box in boxes:
        below.setdefault(_container(box, cells), []).append(box)
    lines: list[str] = []
    todo = [(box, 0) for box in reversed(below.pop("", []))]
    while todo or below:
        if not todo:  # what stands within itself, in a broken file
            todo = [(box, 0) for box in reversed(below.pop(next(iter(below))))]
        box, depth = todo.pop()
        lines.append(f"{_INDENT * min(depth, _DEEPEST)}- {box.label}{box.more}")
        todo += [(inner, depth + 1) for inner in reversed(below.pop(box.id, []))]
    return lines


def _container(box: _Cell, cells: dict[str, _Cell]) -> str:
    """The nearest cell around it that has a label, or ""."""
    seen_ids: set[str] = set()
    above = cells.get(box.parent)
    while above is not None and above.id not in seen_ids:
        if above.label and not above.edge:
            return above.id
        seen_ids.add(above.id)
        above = cells.get(above.parent)
    return ""


def _arrow(cell: _Cell, cells: dict[str, _Cell], labels: Iterable[str]) -> str:
    """`- A → B: label`; "" for a line that joins nothing named and says nothing."""
    said = "; ".join(filter(None, (cell.label, *labels)))
    ends = [_spoken(cells.get(end), cells) for end in (cell.source, cell.target)]
    if not any(ends) and not said:
        return ""
    if not all(ends) and not said:
        return ""
    joined = " → ".join(end or "…" for end in ends) if any(ends) else ""
    text = ": ".join(filter(None, (joined, said)))
    return f"- {text}{cell.more}"


def _spoken(cell: _Cell | None, cells: dict[str, _Cell]) -> str:
    """The label of an arrow's end, or of what it stands in."""
    if cell is None:
        return ""
    return cell.label or (cells[container].label if (container := _container(cell, cells)) else "")


def _name(element: Element) -> str:
    return element.tag.rsplit("}", 1)[-1] if isinstance(element.tag, str) else ""
