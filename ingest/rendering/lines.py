"""The lines of a rendering, and where each stands in the original: what every renderer of `ingest.rendering` writes into."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from ingest.declarations import Declared
from ingest.rendering import Rendered
from rag.records import Place

NAME = 80  # characters that the name of a place may have
TOO_DEEP = "it is nested too deeply to be read; split it, or exclude it in waypost.yaml"
_SPACE = re.compile(r"\s+")
_UNSEEN = re.compile("[\u00ad\u200b\u2060\ufeff]")  # soft hyphens and the like, which hide words from a search
_READ_AS_BLOCK = re.compile(r"#{1,6}(?:\s|$)|`{3}|~{3}|<[A-Za-z/!?]|(?:=+|-{2,})\s*$")


class Line(NamedTuple):
    """A line of Markdown, and the lines of the original that it was made of (0: none). `anchor` and `name` are those of a place
    that begins here."""

    text: str
    first: int = 0
    last: int = 0
    anchor: str = ""
    name: str = ""


def seen(text: str) -> str:
    """A text as it is seen: no soft hyphens, no characters without width, and spaces that are like any other."""
    return _UNSEEN.sub("", text).replace("\N{NO-BREAK SPACE}", " ")


def in_one_line(text: str) -> str:
    return _SPACE.sub(" ", seen(text)).strip()


def prose(line: str) -> str:
    """A line of text such that Markdown does not take its beginning for a heading, a fence, HTML or an underline. All else
    stays as it is: words that are searched for, quoted and redacted must be whole."""
    return "\\" + line if _READ_AS_BLOCK.match(line) else line


def fenced(lines: Sequence[str], language: str = "") -> list[str]:
    """Lines of code between fences that none of them ends."""
    longest = max((len(run) for line in lines for run in re.findall(r"`{3,}", line)), default=2)
    fence = "`" * (longest + 1)
    return [fence + language, *lines, fence]


class Writer:
    """Collects blocks of lines, with a blank line between them, and the places where they stand."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._places: list[Place] = []
        self._name = self._anchor = ""
        self._fresh = True
        self._item_end = self._declared = 0

    @property
    def told(self) -> bool:
        """Whether something was added that is no blank line, beside what the file declares."""
        return any(line.strip() for line in self._lines[self._declared :])

    def declare(self, said: Declared, line: int = 0) -> None:
        """Adds what the file declares, as front matter, before all else; `line` is where that begins in the original."""
        self.add_lines([Line(text, line, max(line, said.end)) for text in said.front()])
        self._declared = len(self._lines)

    def begin(self, name: str, anchor: str = "") -> None:
        """From the next line on, what is added stands there."""
        self._name, self._anchor, self._fresh = in_one_line(name)[:NAME], anchor, True

    def add(self, lines: Iterable[str], item: bool = False) -> None:
        """Adds a block whose place is the one that was begun last; items of a list have no blank line between them."""
        block = [line.rstrip() for line in lines]
        if not block:
            return
        if self._lines and not (item and self._item_end == len(self._lines)):
            self._lines.append("")
        self._lines += block
        self._item_end = len(self._lines) if item else 0
        if self._fresh:
            self._places.append(Place(len(self._lines) - len(block) + 1, 0, self._name, self._anchor))
            self._fresh = False
        self._places[-1] = replace(self._places[-1], end=len(self._lines))

    def add_lines(self, lines: Sequence[Line]) -> None:
        """Adds lines that know themselves where they stand."""
        if lines and self._lines:
            self._lines.append("")
        at = len(self._lines)
        self._lines += [line.text.rstrip() for line in lines]
        for group in _groups(lines):
            head = lines[group[0]]
            if head.anchor or head.name:
                self._anchor, self._name = head.anchor, in_one_line(head.name)[:NAME]
            spans = [group] if _is_one(lines, group) else [(n, n) for n in range(group[0], group[1] + 1)]
            self._places += [
                Place(at + a + 1, at + b + 1, self._name, self._anchor, lines[a].first, lines[b].last) for a, b in spans
            ]

    def rendered(self, title: str = "", notes: Sequence[str] = ()) -> Rendered:
        text = "\n".join(self._lines) + "\n" if self._lines else ""
        return Rendered(text, tuple(self._places), in_one_line(title), tuple(notes))


def _groups(lines: Sequence[Line]) -> list[tuple[int, int]]:
    """Runs of lines, first and last, that make one place: of the same lines of the original, or of one after the other."""
    groups: list[tuple[int, int]] = []
    for at, line in enumerate(lines):
        if not line.text:
            continue
        if groups and groups[-1][1] == at - 1 and not (line.anchor or line.name) and _goes_on(lines, groups[-1], line):
            groups[-1] = (groups[-1][0], at)
        else:
            groups.append((at, at))
    return groups


def _goes_on(lines: Sequence[Line], group: tuple[int, int], line: Line) -> bool:
    head, before = lines[group[0]], lines[group[1]]
    if (line.first, line.last) == (head.first, head.last) == (before.first, before.last):
        return True
    stepping = group[0] == group[1] or before.first != head.first
    return stepping and before.first == before.last > 0 and line.first == line.last == before.last + 1


def _is_one(lines: Sequence[Line], group: tuple[int, int]) -> bool:
    """Whether a place over these lines says of each where it stands: `Place.original` tells them apart by their number."""
    head, end = lines[group[0]], lines[group[1]]
    steps = head.first != end.first
    return group[0] == group[1] or steps or not head.first or end.last - head.first != group[1] - group[0]
