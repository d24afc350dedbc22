"""SQL's INSERT: the values that stand where the list of columns names a secret."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ingest.redaction.keywords import Index
from ingest.redaction.marks import ALLOWED, Finding, compiled, replace
from ingest.redaction.names import names_password, names_secret
from ingest.redaction.values import is_credential

_INSERT = compiled(r"(?i)\b(?:insert|replace)\s+into\s+[^\s()]+\s*\(([^()]+)\)\s*values?\b")
_VALUE = re.compile(r"\s*(?:N?'((?:[^'\n]|'')*)'|[^,()'\n]*(?:\([^()\n]*\))?[^,()'\n]*)\s*([,)]?)")


def inserts(lines: list[str], index: Index, found: set[Finding]) -> None:
    """The secrets of statements whose columns and values stand on one line."""
    for at in index.rows(("insert", "replace into")):
        if ALLOWED.search(lines[at]) or not (match := _INSERT.search(lines[at])):
            continue
        columns = [column.strip(' `"[]') for column in match.group(1).split(",")]
        secret = {i: names_password(name) for i, name in enumerate(columns) if names_secret(name)}
        if secret:
            replace(lines, at, list(_values(lines[at], match.end(), secret)), "password", found)


def _values(line: str, start: int, secret: dict[int, bool]) -> Iterator[tuple[int, int]]:
    """The texts of these columns, row by row."""
    at = line.find("(", start)
    while at >= 0:
        number, at = 0, at + 1
        while match := _VALUE.match(line, at):
            if match[1] and number in secret and is_credential(match[1], strict=False, password=secret[number]):
                yield match.span(1)
            number, at = number + 1, match.end()
            if match[2] != ",":
                break
        at = line.find("(", at)
