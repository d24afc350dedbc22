"""Tables, statements and diagrams in text: CSV by rows under their header, SQL by statement, PlantUML and Mermaid whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ingest.parsers import Parsed, lines_of
from ingest.parsers.spans import Span, cut, with_comment

_HEADER = 240  # characters of a header that each passage of its rows is named after
_TITLE = re.compile(r"^[ \t]*(?:title:?|accTitle:?)[ \t]+(\S.{0,150})$", re.M)


def csv(path: str, text: str) -> Parsed:
    """Rows, whole ones, as many in a passage as fit, each passage under the header's columns."""
    lines = lines_of(text)
    starts = _row_starts(lines)
    header = lines[0] if lines else ""
    separator = max(",;\t|", key=header.count)
    columns = [cell.strip().strip("\"'") for cell in header.split(separator)]
    span = Span(0, len(lines), (", ".join(filter(None, columns))[:_HEADER],), inner=lambda: [
        Span(a, b) for a, b in zip(starts, [*starts[1:], len(lines)], strict=True)
    ])  # fmt: skip
    return Parsed(path, tuple(cut(lines, span, "block")))


def _row_starts(lines: Sequence[str]) -> list[int]:
    """Lines that begin a row: a cell in quotes may hold newlines."""
    starts, inside = [], False
    for at, line in enumerate(lines):
        if not inside:
            starts.append(at)
        inside ^= line.count('"') % 2 == 1
    return starts


_TOKEN = re.compile(
    r"--[^\n]*|/\*.*?(?:\*/|\Z)|\$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z)|'[^']*(?:'|\Z)|\"[^\"]*(?:\"|\Z)|`[^`\n]*`?|;|//"
    r"|^DELIMITER[ \t]+(?P<delimiter>\S+)[ \t]*$",
    re.S | re.M | re.I,
)
_STATEMENT = re.compile(
    r"(?:CREATE|ALTER|DROP|REFRESH)\s+(?:OR\s+REPLACE\s+)?(?:GLOBAL\s+|LOCAL\s+)?(?:TEMP(?:ORARY)?\s+|UNIQUE\s+|MATERIALIZED\s+|UNLOGGED\s+"
    r"|EXTERNAL\s+|CONCURRENTLY\s+)*(?P<what>\w+)\s+(?:CONCURRENTLY\s+)?(?:IF\s+(?:NOT\s+)?EXISTS\s+)?(?:ONLY\s+)?(?P<name>[\w.\"`\[\]]+)"
    r"|(?:INSERT\s+INTO|DELETE\s+FROM|UPDATE|COPY|TRUNCATE(?:\s+TABLE)?)\s+(?P<table>[\w.\"`\[\]]+)|(?P<verb>[A-Z]+)",
    re.I,
)  # fmt: skip
_MAKES = ("table", "view", "function", "procedure", "trigger")


def sql(path: str, text: str) -> Parsed:
    """Statements; what makes a table, view, function, procedure or trigger stands alone, others are packed together."""
    lines = lines_of(text)
    spans = list(_statements(lines, text))
    return Parsed(path, tuple(cut(lines, Span(0, len(lines), (), False, True, lambda: spans), "block")))


def _statements(lines: Sequence[str], text: str) -> Iterator[Span]:
    row = counted = begun = 0  # begun: the offset at which the statement begins
    delimiter = ""
    last = 0
    for match in _TOKEN.finditer(text):
        if match["delimiter"]:
            delimiter = "" if match["delimiter"] == ";" else match["delimiter"]
        elif match.group() != (delimiter or ";"):
            continue
        row, counted = row + text.count("\n", counted, begun), begun
        if span := _statement(lines, text, begun, match.end(), row, last):
            last = span.start + 1
            yield span
        begun = match.end()
    if span := _statement(lines, text, begun, len(text), row + text.count("\n", counted, begun), last):
        yield span


def _statement(lines: Sequence[str], text: str, begun: int, end: int, row: int, above: int) -> Span | None:
    """The span of text[begun:end], named by its first words behind the comments; None when there are none."""
    at = begun
    while match := _LEAD.match(text, at, end):
        at = match.end()
    if at >= end:
        return None
    words = _STATEMENT.match(text, at, min(end, at + 400))
    first = row + text.count("\n", begun, at)
    if not words:
        return Span(with_comment(lines, first, above, ("--", "#")), first + 1)
    what, name = words["what"], words["name"] or ""
    verb = text[words.start() : words.end()].split(maxsplit=1)[0].upper()
    told = f"{verb} {what.upper()} {name}" if what else " ".join(words.group().split())
    alone = verb == "CREATE" and (what or "").lower() in _MAKES
    return Span(with_comment(lines, first, above, ("--", "#", "/*", "*")), first + 1, (told.strip(),), alone)


_LEAD = re.compile(r"\s+|--[^\n]*\n?|#[^\n]*\n?|/\*.*?(?:\*/|\Z)|;", re.S)


def diagram(path: str, text: str) -> Parsed:
    """A diagram in text, whole where it fits, under its own title."""
    lines = lines_of(text)
    title = _TITLE.search(text)
    return Parsed(title[1].strip().strip("\"'") if title else path, tuple(cut(lines, Span(0, len(lines)), "block")))
