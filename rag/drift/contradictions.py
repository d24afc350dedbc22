"""Values that a document states of something that code names too, and that code gives another value.

Three ways in which documents state them: copies of HCL, tables with a row or column a thing, and sentences (`rag.drift.prose`).
`rag.drift.report` calls `contradictions`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from rag.drift.facts import Fact, Facts, stems
from rag.drift.held import Held
from rag.drift.prose import told_in_prose
from rag.drift.records import Drift, Places
from rag.drift.typed import Typed, values_in
from rag.records import Document

_OPEN = re.compile(r"^\s*\"?([\w-]+)\"?\s*=\s*\{\s*$")
_LEAF = re.compile(r"^\s*\"?([\w-]+)\"?\s*=\s*(\"[^\"$]*\"|\d+|\[[^\]$]*\])\s*(?:#.*)?$")
_PLACEHOLDER = re.compile(r"\.\.\.|<[\w -]+>|[xX]{4,}|^$|\b(my|your|example|foo|changeme)(-|_|\b)", re.I)


def contradictions(document: Document, facts: Facts, places: Places) -> Iterator[Drift]:
    """What the document states otherwise than code."""
    lines = document.text.split("\n")
    held = Held(document, facts, places)
    yield from _copies(held, lines)
    yield from _tables(held, lines)
    yield from told_in_prose(held, lines)


# -- copies of HCL ----------------------------------------------------------------------------------------------------


def _copies(held: Held, lines: Sequence[str]) -> Iterator[Drift]:
    """`name = { key = value }` as a document copied it, against the local or variable of that name, in the code that the document
    speaks of there. Blocks are left out: those of one type are many, and a document's may be anybody's."""
    within: list[str] = []  # what is open; "" for a block, in which anybody's settings may stand
    for number, line in enumerate(lines, start=1):
        if line.lstrip().startswith("```"):
            within = []
        elif opened := _OPEN.match(line):
            within.append(opened[1])
        elif line.rstrip().endswith(("{", "(", "[")):
            within += [] if line.split()[0] == "locals" else [""]
        elif within and re.match(r"^\s*[})\]]", line):
            within.pop()
        elif len(within) == 1 and (leaf := _LEAF.match(line)):
            against = [f for f in held.facts.by_name.get(leaf[1], ()) if f.names == (within[0], leaf[1])]
            stated = [part.strip(' "') for part in leaf[2].strip("[]").split(",") if part.strip(' "')]
            if any(_PLACEHOLDER.search(part) for part in stated):
                continue
            against = [*held.concerning(against, number)]
            if against and not any(_texts(fact.value) == stated for fact in against):
                yield held.drift(number, ", ".join(stated), f"{within[0]}.{leaf[1]}", against, 0.9)


def _texts(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


# -- tables -----------------------------------------------------------------------------------------------------------


def _tables(held: Held, lines: Sequence[str]) -> Iterator[Drift]:
    header: list[str] = []
    heading = ""
    headings = dict(held.headings)
    for number, line in enumerate(lines, start=1):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.strip().startswith("|") else []
        if not cells:
            header = []
            heading = headings.get(number, heading)
        elif not header:
            header = cells
        elif len(cells) == len(header) and not set(line) <= set("|-: \t"):
            yield from _row(held, number, header, cells, heading)


def _row(held: Held, line: int, header: Sequence[str], cells: Sequence[str], heading: str) -> Iterator[Drift]:
    facts = held.facts
    key = cells[0].strip("`* ")
    for title, cell in zip(header[1:], cells[1:], strict=True):
        values = list(values_in(cell))
        if len(values) != 1:
            continue
        environments = held.environments(title) or held.environments(heading)
        of_thing = [f for f in facts.by_name.get(key, ()) if f.attribute != key and _is_about(title, values[0], f)]
        of_column = [f for f in facts.variables if key and stems(key) & f.tokens] if environments & stems(title) else []
        found = of_thing or [f for f in of_column if values[0].kind == "version" and "version" in f.tokens]
        yield from held.against(line, values[0], f"{key}, {title}", found, environments, 0.85)


def _is_about(title: str, value: Typed, fact: Fact) -> bool:
    """Whether a column's title names the attribute: all of the title's words, or one and the unit."""
    words = stems(title)
    unit = stems(value.text) if value.kind == "duration" else frozenset()
    return bool(words) and (
        words <= fact.tokens or fact.tokens <= words or bool(words & fact.tokens and unit & fact.tokens)
    )
