"""Where the pieces of a page stand: under which headings, in which lists, and what they lead up to. A quotation that is cut out
of a list, or of one of two scenarios, has to say so.

`extract` asks, and `quotation` says it.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from rag.answers.extractive.page import Section, chain, page_of, whole_of, worded
from rag.answers.extractive.pieces import Listing, Piece, Place
from rag.answers.extractive.units import Unit, units
from rag.records import Document

_ITEM = re.compile(r"^(?P<indent>\s*)(?:[-*+]|(?P<number>\d{1,3})[.)])\s")
_LEADS = re.compile(r"[:,][*_`\s)]*$")


class Outline:
    """The headings and lists of one page."""

    def __init__(self, document: Document) -> None:
        self._title = document.title.casefold()
        self._page = page_of(document)
        self._units = [unit for unit in units(whole_of(document)) if unit.kind not in ("blank", "front")]
        self._named = Counter(worded(section.heading).casefold() for section in self._page.all())
        self._lists = [*_steps(self._page), *_items(self._units)]

    def of(self, piece: Piece) -> Piece:
        """The piece, with where it stands."""
        path, least = self._path(piece.start)
        lists = tuple(one for one in self._lists if any(a <= piece.end and piece.start <= b for a, b in one.lines()))
        return replace(piece, place=Place(path, least, lists, self._leads(piece)))

    def _path(self, line: int) -> tuple[tuple[str, ...], int]:
        """The headings above a line without the page's title, and how many say at the least where it stands: a step, or one of
        several of one name, says it with the heading above."""
        above = [(one, worded(one.heading)) for one in reversed(chain(self._page, line))]
        path = [(one, name) for one, name in above if name and name.casefold() != self._title]
        alone = (n for n, (one, name) in enumerate(reversed(path), 1) if not self._tells_little(one, name))
        return tuple(name for _, name in path), next(alone, max(len(path), 1))

    def _tells_little(self, section: Section, name: str) -> bool:
        return section.step or self._named[name.casefold()] > 1

    def _leads(self, piece: Piece) -> tuple[int, int]:
        """The lines of what a piece that ends in a colon leads up to."""
        if piece.kind == "code" or not _LEADS.search(piece.text):
            return 0, 0
        behind = [unit for unit in self._units if unit.start_line > piece.end]
        if not behind:
            return 0, 0
        first = behind[0]
        if first.kind == "heading":
            own = chain(self._page, first.start_line)[0]
            level = chain(self._page, piece.start)[0].level
            within = own.level > level or (own.level == level and piece.text.rstrip("*_` ").endswith(":"))
            steps = next((one for one in self._lists if own.step and own.first in one.starts), None)
            return (own.first, steps.last if steps else own.last) if within else (0, 0)
        lists = [one.last for one in self._lists if first.start_line in one.starts]
        same = itertools.takewhile(lambda unit: unit.kind == first.kind != "prose", behind)
        return first.start_line, max([*lists, *(unit.end_line for unit in [first, *same][: None if not lists else 1])])


def _steps(page: Section) -> Iterator[Listing]:
    """The numbered headings that stand side by side."""
    for section in page.all():
        for numbered, group in itertools.groupby(section.parts, key=lambda part: part.step):
            parts = list(group)
            if numbered and len(parts) > 1:
                yield Listing(tuple(part.first for part in parts), parts[-1].last, True)


@dataclass
class _Open:
    """A list that may go on; `at` is how far in it stands, `number` its last item's, 0 without."""

    at: int
    number: int
    starts: list[int] = field(default_factory=list)
    last: int = 0


def _items(parts: Sequence[Unit]) -> Iterator[Listing]:
    """Lists of items at one depth: numbers that follow each other, whatever stands between; or bullets with nothing between that
    stands at the margin."""
    open_: list[_Open] = []
    found: list[_Open] = []
    for unit in parts:
        item = _ITEM.match(unit.text) if unit.kind == "item" else None
        if item is None:
            margin = not unit.text[:1].isspace()
            open_ = [] if unit.kind == "heading" else [one for one in open_ if one.number or not margin]
            continue
        at, number = len(item["indent"].expandtabs(4)), int(item["number"] or 0)
        open_ = [one for one in open_ if one.at <= at]
        same = next((one for one in open_ if one.at == at and _follows(one.number, number)), None)
        if same is None:
            open_ = [*(one for one in open_ if one.at < at), _Open(at, number)]
            found.append(open_[-1])
            same = open_[-1]
        same.number, same.last = number, _last(unit)
        same.starts.append(unit.start_line)
        for outer in open_:
            outer.last = max(outer.last, same.last)
    yield from (Listing(tuple(one.starts), one.last, bool(one.number)) for one in found if len(one.starts) > 1)


def _follows(last: int, number: int) -> bool:
    return number == last + 1 or number == last == 1 if number else not last


def _last(unit: Unit) -> int:
    return unit.start_line + unit.text.rstrip().count("\n")
