"""Tables of Markdown, Jira, AsciiDoc, HTML and CSV: cells below a column, or beside a first cell, that bear a secret's name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ingest.redaction.keywords import Index
from ingest.redaction.marks import ALLOWED, Finding, compiled, replace
from ingest.redaction.names import HINTS, names_password, names_secret
from ingest.redaction.values import is_credential, is_object_name

_BORDER = compiled(r"^[\s|:+=-]*(?:--|\|\s*:?-:?\s*\|)[\s|:+=-]*$")
_HTML_CELL = compiled(r"(?i)<t[dh][^<>]{0,80}>(?:<\w+>)*([^<>\n]*)(?:</\w+>)*</t[dh]>")
_EDGES = " \t`*_\"'"
_NO_WORD = re.compile(r"[\s/&,+()*`]+")
_BOTH = re.compile(
    r"(?i)^(?:credentials|creds|login_data|zugangsdaten|identifiants|pass)$|password|passwort"
)  # an account and its password
_ACCOUNT = re.compile(r"^[`'\"]?[\w.@\\-]{2,40}[`'\"]?\s*[/:]\s*[`'\"]?([^\s`'\"]{4,})[`'\"]?$")
_SEPARATED = (".csv", ".tsv")


class _Cell(NamedTuple):
    start: int
    text: str
    ticked: bool


def tables(lines: list[str], index: Index, path: str, found: set[Finding]) -> None:
    """The secrets in the tables of a text."""
    if path.lower().endswith(_SEPARATED):
        _table(lines, range(len(lines)), separator_of(lines, path), found, headed=True)
        return
    named = set(index.rows(HINTS))
    if named and "|" in index.text:
        for rows in _groups(lines):
            if not named.isdisjoint(rows):
                _piped(lines, rows, found)
    columns: dict[int, bool] = {}
    for at in index.rows(("<td", "<th")) if named else ():
        cells = [_cell(m.group(1), m.start(1)) for m in _HTML_CELL.finditer(lines[at])]
        if "<th" in lines[at].lower():
            columns = _columns(cells)
        _row(lines, at, cells, columns, found)


def separator_of(lines: Sequence[str], path: str) -> str:
    """What stands between the cells of a file of values, nothing for another."""
    return max(",;\t|", key=lines[0].count) if path.lower().endswith(_SEPARATED) else ""


def _groups(lines: list[str]) -> Iterator[list[int]]:
    """Rows with pipes that stand together."""
    rows: list[int] = []
    for at, line in enumerate(lines):
        if "|" in line or (rows and _BORDER.match(line)):
            rows.append(at)
        elif rows and (
            line.strip() or not lines[rows[0]].startswith("|===")
        ):  # AsciiDoc has a free line below its header
            yield rows
            rows = []
    if rows:
        yield rows


def _piped(lines: list[str], rows: Sequence[int], found: set[Finding]) -> None:
    first = lines[rows[0]].lstrip()
    under = lines[rows[1]] if len(rows) > 1 else ""  # in reStructuredText lines are between all rows
    headed = bool(_BORDER.match(under) and not under.lstrip().startswith("+")) or first.startswith(("||", "|==="))
    rows = [at for at in rows if not lines[at].startswith("|===") and not _BORDER.match(lines[at])]
    if first.startswith("|===") and rows:
        _flowing(lines, rows, found)
    else:
        _table(lines, rows, "|", found, headed=headed)


def _flowing(lines: list[str], rows: Sequence[int], found: set[Finding]) -> None:
    """A table of AsciiDoc, whose rows may go on in the lines below, cell by cell; a free line ends a row."""
    head = _cells(lines[rows[0]], "|")
    columns = _columns(head)
    passed = 0  # cells of this row in lines above
    for at in rows[1:]:
        cells = _cells(lines[at], "|")
        passed = passed if lines[at - 1].strip() else 0
        _row(lines, at, cells, {i - passed: password for i, password in columns.items() if i >= passed}, found)
        passed = (passed + len(cells)) % len(head)


def _table(lines: list[str], rows: Sequence[int], separator: str, found: set[Finding], *, headed: bool) -> None:
    """A table whose columns its first row names, if it is `headed`."""
    columns: dict[int, bool] = {}
    for number, at in enumerate(rows):
        if headed and not number:
            columns = _columns(_cells(lines[at].replace("||", "|"), separator))
        else:
            _row(lines, at, _cells(lines[at], separator), columns, found)


def _columns(head: Sequence[_Cell]) -> dict[int, bool]:
    """The columns of secrets, by the cells of a head: whether they are passwords."""
    names = [_NO_WORD.sub("_", cell.text).strip("_") for cell in head]
    return {i: names_password(name) for i, name in enumerate(names) if names_secret(name) or _BOTH.search(name)}


def _cells(line: str, separator: str) -> list[_Cell]:
    cells, start = [], 0
    for part in line.split(separator):
        cells.append(_cell(part, start))
        start += len(part) + 1
    return cells[1:] if separator == "|" and not cells[0].text else cells


def _cell(part: str, start: int) -> _Cell:
    text = part.strip(_EDGES)
    return _Cell(start + part.find(text), text, "`" in part)


def _row(lines: list[str], at: int, cells: Sequence[_Cell], columns: dict[int, bool], found: set[Finding]) -> None:
    """The secrets of a row: in these columns, or all that stands beside a first cell that names one."""
    if ALLOWED.search(lines[at]):
        return
    beside = bool(cells) and names_secret(cells[0].text.replace(" ", "_"))
    spans = []
    for i, cell in enumerate(cells):
        if i in columns or (beside and i):
            sure = cell.ticked or i in columns
            people = columns.get(i, names_password(_NO_WORD.sub("_", cells[0].text)))
            if not people and is_object_name(cell.text):
                continue  # a column of the names of Secrets
            if is_credential(
                cell.text, strict=not sure, password=columns.get(i, cell.ticked), least=6 if people else 8
            ):
                spans.append((cell.start, cell.start + len(cell.text)))
            elif (account := _ACCOUNT.match(cell.text)) and is_credential(account[1], strict=True, least=6):
                spans.append((cell.start + account.start(1), cell.start + account.end(1)))
    replace(lines, at, spans, "assignment", found)
