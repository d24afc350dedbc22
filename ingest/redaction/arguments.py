"""Command lines that are written as lists: `["mysql", "-pX"]`, and an item a line in YAML and JSON. They are read as the command lines that
they stand for, by the same rules."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ingest.redaction.keywords import Index
from ingest.redaction.marks import ALLOWED, Finding, compiled, replace
from ingest.redaction.names import names_password
from ingest.redaction.places import Compiled, spans
from ingest.redaction.values import stands_for_another

SIGNS = ('"-', "'-", "- -", ", -", "[-")  # of an option in a list
_LIST = compiled(
    r"\[((?:\s*(?:\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|[^\s,\[\]{}()\"'\n][^,\[\]{}()\"'\n]*)\s*,)*\s*(?:\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|[^,\[\]{}()\"'\n]*)\s*)\]"
)
_ITEM = re.compile(r"\s*(?:\"((?:[^\"\\]|\\.)*)\"|'([^']*)'|([^\s,\[\]\"'][^,\[\]\"']*))\s*(?:,|$)")
_ROW = re.compile(r"^\s*(?:- +(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'#].*?))|\"((?:[^\"\\]|\\.)*)\"|'([^']*)')\s*,?\s*$")
_NAME = re.compile(r"^\s*(?:- +)?[\"']?(?:command|args|cmd|entrypoint|arguments)[\"']?\s*[:=]\s*\[?\s*$", re.I)
_PLAIN = re.compile(r"[\w@%+=:,./$!#^*?~{}()&-]+")
_MYSQL = re.compile(r"(?:^|/)(?:mysql|mariadb|mycli)[\w-]*$")
_LONGEST = 60  # items


class _Item(NamedTuple):
    """A word of a command, where it stands."""

    row: int
    start: int
    text: str


def arguments(places: Iterable[Compiled], lines: list[str], index: Index, found: set[Finding]) -> None:
    """The secrets of the commands that are lists."""
    if not index.has(SIGNS):
        return
    known = [place for place in places if index.has(place.place.keywords)]
    done = -1
    for at in index.rows(SIGNS):
        if at <= done:
            continue
        items = list(_items(lines, at, done))
        done = max([at, *(item.row for item in items)])
        if sum(item.text.startswith("-") for item in items) and len(items) > 1:
            _take(known, lines, items, found)


def _items(lines: list[str], at: int, done: int) -> Iterator[_Item]:
    """The words of the list that stands about this line, below the line that was `done`."""
    first = at
    while first - 1 > done and at - first < _LONGEST and _is_part(lines[first - 1]):
        first -= 1
    for row in range(first, min(len(lines), at + _LONGEST)):
        if row != at and not _is_part(lines[row]):
            if row > at:
                return
            continue
        yield from _words(lines, row)


def _is_part(line: str) -> bool:
    return len(line) < 500 and bool(_ROW.match(line) or _NAME.match(line) or ("[" in line and _LIST.search(line)))


def _words(lines: list[str], row: int) -> Iterator[_Item]:
    line = lines[row]
    if ALLOWED.search(line):
        return
    single = _ROW.match(line)
    if single:
        yield _Item(row, single.start(single.lastindex or 0), single[single.lastindex or 0])
        return
    for listed in _LIST.finditer(line):
        at, end = listed.span(1)
        while at < end and (item := _ITEM.match(line, at, end)):
            yield _Item(row, item.start(item.lastindex or 0), item[item.lastindex or 0].rstrip())
            at = item.end()


def _take(places: list[Compiled], lines: list[str], items: list[_Item], found: set[Finding]) -> None:
    words, columns, length = [""], list[int](), 1  # of the command line, and where each word's text begins in it
    for before, item in zip(["", *(item.text for item in items)], items, strict=False):
        people = before.startswith("-") and names_password(before) and not item.text.startswith("-")
        quoted = "'" not in item.text and (people or not _PLAIN.fullmatch(item.text))
        words.append(f"'{item.text}'" if quoted else item.text)
        columns.append(length + quoted)
        length += len(words[-1]) + 1
    line = " ".join(words)
    lowered = line.lower()
    taken = [
        span for place in places if any(word in lowered for word in place.place.keywords) for span in spans(place, line)
    ]
    taken += _behind_p(items, columns)
    by_row: dict[int, list[tuple[int, int]]] = {}
    for start, end in sorted(set(taken)):
        number = bisect_right(columns, start) - 1
        item, within = items[number], start - columns[number]
        if 0 <= within < len(item.text):
            stop = min(end - columns[number], len(item.text))
            by_row.setdefault(item.row, []).append((item.start + within, item.start + stop))
    for row, columns_there in by_row.items():
        replace(lines, row, columns_there, "password", found)


def _behind_p(items: list[_Item], columns: list[int]) -> Iterator[tuple[int, int]]:
    """What stands behind `-p` of MySQL's programs, which ask nobody where a list calls them."""
    if not items or not _MYSQL.search(items[0].text):
        return
    for before, item, column in zip(items, items[1:], columns[1:], strict=False):
        if before.text == "-p" and not item.text.startswith("-") and not stands_for_another(item.text):
            yield column, column + len(item.text)
