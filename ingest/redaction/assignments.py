"""A secret's name and its value, in the syntaxes of configuration and code: on one line, on two, in tables and elements."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from ingest.redaction.marks import ALLOWED, MARK, Finding, compiled, replace
from ingest.redaction.names import PASSWORD_NAME, SECRET_NAME, names_secret
from ingest.redaction.values import is_credential

WORDS = (
    "pass",
    "secret",
    "token",
    "credential",
    "key",
    "pwd",
    "connection",
    "pw",
)  # one of them stands in every such name
_VALUE = r"(?:\\?\"(?P<double>[^\"\n]{3,}?)\\?\"|'(?P<single>[^'\n]{3,})'|`(?P<tick>[^`\n]{3,})`|(?P<bare>[^\s'\"`,;{}()<>\[\]\\]{6,}))"
_ASSIGNED = compiled(
    rf"(?i)(?P<name>{SECRET_NAME})(?P<after>\\?['\"\]]{{0,2}}\s*(?:=>|:=|[:=])\s*(?:!!\w+\s+)?){_VALUE}"
)
_GROUPS = {name: _ASSIGNED.groupindex[name] for name in ("double", "single", "tick", "bare")}
_NAMED = _ASSIGNED.groupindex["name"]
_QUOTED = ("double", "single", "tick")
_ELEMENT = compiled(rf"(?i)<(?:[a-z]+:)?(?P<name>{SECRET_NAME})(?:\s[^<>]{{0,80}})?>(?P<value>[^<\n]{{4,}})</")
# A pair: the name of a thing, and beside it or on a neighbouring line its value.
_NAME = re.compile(r"""(?i)(?:^|[\s{<(,-])["']?(?:name|key|variable)["']?\s*[:=]\s*(["']?)([\w.\-/]+)\1""")
_PAIRED = compiled(rf"(?i)(?:^|[\s{{<(,])(?:default_)?[\"']?(?:value|default)[\"']?\s*[:=]\s*{_VALUE}")
_PAIR_GROUPS = {name: _PAIRED.groupindex[name] for name in _GROUPS}
_NEAR = 2  # lines between the name and the value of a pair
_OPENS_BLOCK = compiled(rf"(?i)^\s*(?:-\s+)?[\"']?{SECRET_NAME}[\"']?\s*[:=]\s*[|>][-+0-9]*\s*$")
_ROW = re.compile(r"^\s*\|.*\|\s*$")


def assignments(lines: list[str], lows: list[str], found: set[Finding]) -> None:
    """What stands behind a secret's name. `lows` are the lines in lower case."""
    for at, low in enumerate(lows):
        if any(word in low for word in WORDS) and not ALLOWED.search(line := lines[at]):
            _assigned(lines, at, found)
            _elements(lines, at, found)
            _pairs(lines, at, found)
            if _OPENS_BLOCK.match(line):
                _blank_block(lines, at, found)
    _tables(lines, found)


def _assigned(lines: list[str], at: int, found: set[Finding]) -> None:
    line = lines[at]
    for match in reversed(list(_ASSIGNED.finditer(line))):
        start = match.start(_NAMED)
        if line[max(0, start - 1) : start] != "/":  # that is a label: `checksum/secret`
            _replace_value(lines, at, match, _GROUPS, found, password=bool(PASSWORD_NAME.search(match.group(_NAMED))))


def _replace_value(
    lines: list[str], at: int, match: Any, groups: dict[str, int], found: set[Finding], *, password: bool
) -> None:
    for name, group in groups.items():
        value = match.group(group)
        if value is None or lines[at][match.end(group) : match.end(group) + 1] == "(":  # a call
            continue
        quoted = name in _QUOTED
        if is_credential(value, strict=not quoted, password=password and quoted):
            replace(lines, at, match.start(group), match.end(group), "assignment", found)


def _elements(lines: list[str], at: int, found: set[Finding]) -> None:
    for match in reversed(list(_ELEMENT.finditer(lines[at]))):
        group = _ELEMENT.groupindex["value"]
        if is_credential(match.group(group), strict=False, password=True):
            replace(lines, at, match.start(group), match.end(group), "assignment", found)


def _pairs(lines: list[str], at: int, found: set[Finding]) -> None:
    """`- name: DB_PASSWORD` with its `value:`, on the same line or a neighbouring one."""
    named = [m[2] for m in _NAME.finditer(lines[at]) if names_secret(m[2].rpartition("/")[2])]
    if not named:
        return
    password = any(PASSWORD_NAME.search(name) for name in named)
    for row in _around(lines, at):
        matches = list(_PAIRED.finditer(lines[row]))
        for match in reversed(matches):
            _replace_value(lines, row, match, _PAIR_GROUPS, found, password=password)
        if matches:
            return


def _around(lines: list[str], at: int) -> Iterator[int]:
    """The line itself, those below it, and those above it, up to where another name, item or block begins."""
    yield at
    for step in (1, -1):
        for distance in range(1, _NEAR + 1):
            row = at + step * distance
            if not 0 <= row < len(lines) or not lines[row].strip() or _NAME.search(lines[row]):
                break
            if step == -1 and re.match(
                r"\s*(?:-\s|[}\]])", lines[at]
            ):  # an item begins here: what is above is another's
                break
            yield row


def _blank_block(lines: list[str], at: int, found: set[Finding]) -> None:
    """A block scalar of YAML below a secret's name."""
    depth = len(lines[at]) - len(lines[at].lstrip())
    for row in range(at + 1, len(lines)):
        indent = len(lines[row]) - len(lines[row].lstrip())
        if lines[row].strip() and indent <= depth:
            return
        if lines[row].strip() and not MARK.search(lines[row]) and is_credential(lines[row], strict=False):
            replace(lines, row, indent, len(lines[row]), "assignment", found)


def _tables(lines: list[str], found: set[Finding]) -> None:
    """Cells of a Markdown table: below a column, or beside a first cell, that bears a secret's name."""
    columns: set[int] = set()
    inside = False
    for at, line in enumerate(lines):
        if not _ROW.match(line):
            inside = False
            continue
        cells = line.split("|")
        if not inside:
            columns = {i for i, cell in enumerate(cells) if names_secret(_bare(cell).replace(" ", "_"))}
            inside = True
            if not (columns and at + 1 < len(lines) and re.match(r"^\s*\|[\s:|-]+\|\s*$", lines[at + 1])):
                columns = set()
        secret = {i for i in columns if i < len(cells)}
        if len(cells) > 2 and names_secret(_bare(cells[1]).replace(" ", "_")):
            secret |= set(range(2, len(cells)))
        for i in sorted(secret, reverse=True):
            value = _bare(cells[i])
            marked = "`" in cells[i] or i in columns
            if is_credential(value, strict=not marked, password=marked):
                start = sum(len(cell) + 1 for cell in cells[:i]) + cells[i].index(value)
                replace(lines, at, start, start + len(value), "assignment", found)


def _bare(cell: str) -> str:
    return cell.strip().strip("`*_").strip()
