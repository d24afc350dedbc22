"""Jupyter notebooks (https://nbformat.readthedocs.io) as Markdown: cells in their order, and what they printed.

Pictures and rich outputs are left out. A citation names the cell, as counted from the top. `ingest.rendering` calls this.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from ingest.declarations import Form, Pair, declared, known
from ingest.refusals import decode
from ingest.rendering import Rendered
from ingest.rendering.lines import Writer, fenced
from rag.errors import DocumentError, RefusedError

_OUTPUT_LINES = 40  # of one cell
_OUTPUT_WIDTH = 400  # characters of a line that was printed
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_IMAGE = re.compile(r"!\[([^\]\n]{0,200})\]\(\s*(?:data|attachment):[^)]*\)")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f]")


def render(path: str, data: bytes) -> Rendered:
    """A file. Raises: RefusedError when it has no text; DocumentError when it is no notebook."""
    text, notes = decode(data)
    try:
        notebook = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DocumentError(f"not a notebook that can be read: {error}") from error
    if not isinstance(notebook, dict):
        raise DocumentError("not a notebook: its JSON is no object")
    writer = Writer()
    language = _language(notebook)
    cells = list(_cells(notebook))
    first = next((n for n, cell in enumerate(cells) if cell.get("cell_type") != "code" and _source(cell).strip()), -1)
    metadata = notebook.get("metadata")
    said = declared(_source(cells[first]) if first >= 0 else "", Form.PAGE, known(_properties(metadata)))
    writer.begin(f"cell {first + 1}" if first >= 0 else "")
    writer.declare(said)
    for number, cell in enumerate(cells):
        writer.begin(f"cell {number + 1}")
        source = _source(cell)
        _add(writer, cell, said.rest(source) if number == first else source, language)
    if not writer.told:
        raise RefusedError("no text in it")
    return writer.rendered(said.title, (*notes, *said.notes))


def _properties(metadata: Any) -> list[Pair]:
    return list(metadata.items()) if isinstance(metadata, dict) else []


def _source(cell: Mapping[str, Any]) -> str:
    return _text(cell.get("source", cell.get("input")))


def _cells(notebook: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The cells of format 4, or of the worksheets of format 3."""
    sheets = notebook.get("worksheets")
    for part in (notebook, *(sheets if isinstance(sheets, list) else ())):
        cells = part.get("cells") if isinstance(part, dict) else None
        yield from (cell for cell in (cells if isinstance(cells, list) else ()) if isinstance(cell, dict))


def _add(writer: Writer, cell: Mapping[str, Any], source: str, language: str) -> None:
    kind = cell.get("cell_type")
    if not source.strip():
        lines: list[str] = []
    elif kind == "code":
        lines = fenced(source.split("\n"), str(cell.get("language") or language))
    elif kind == "heading":
        level = cell.get("level")
        lines = [f"{'#' * (level if isinstance(level, int) and 1 <= level <= 6 else 1)} {source}"]
    else:
        lines = _IMAGE.sub(r"![\1]()", source).split("\n")
    writer.add(lines)
    outputs = cell.get("outputs")
    printed = [line for output in (outputs if isinstance(outputs, list) else ()) for line in _printed(output)]
    if len(printed) > _OUTPUT_LINES:
        printed = [*printed[:_OUTPUT_LINES], f"… {len(printed) - _OUTPUT_LINES} more lines"]
    if printed:
        writer.add(["Output:", "", *fenced(printed)])


def _printed(output: Any) -> list[str]:
    """The lines of text that a cell printed, gave, or failed with."""
    if not isinstance(output, dict):
        return []
    if output.get("ename"):
        return [f"{output['ename']}: {output.get('evalue', '')}"[:_OUTPUT_WIDTH].split("\n")[0]]
    data = output.get("data")
    text = _text(output.get("text")) or _text(data.get("text/plain") if isinstance(data, dict) else None)
    shown = [part.rsplit("\r", 1)[-1] for part in _ESCAPES.sub("", text).replace("\r\n", "\n").split("\n")]
    return [_CONTROL.sub("", line[:_OUTPUT_WIDTH]).rstrip() for line in shown if line.strip()]


def _language(notebook: Mapping[str, Any]) -> str:
    metadata = notebook.get("metadata")
    for key, name in (("language_info", "name"), ("kernelspec", "language")):
        part = metadata.get(key) if isinstance(metadata, dict) else None
        found = part.get(name) if isinstance(part, dict) else None
        if isinstance(found, str) and re.fullmatch(r"[\w+#.-]{1,20}", found):
            return found.lower()
    return "python"


def _text(value: Any) -> str:
    """What the format writes as a text or as a list of texts."""
    if isinstance(value, list):
        value = "".join(part for part in value if isinstance(part, str))
    return value.rstrip("\n") if isinstance(value, str) else ""
