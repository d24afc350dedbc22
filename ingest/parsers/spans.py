"""Named spans of lines, and how they are cut to passages. The parsers of YAML, of code and of settings files call `cut`.

A span that fits is one passage, named after what it is; a longer one is cut between its parts, neighbours packed together.
What stands alone (a rule, an operation, a job) is a passage of its own, however short.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from ingest.parsers import draft
from ingest.parsers.text import LIMIT, TARGET, windows
from rag.records import PassageDraft

_CRUMB = 160  # characters below which lines beside what stands alone are no passage of their own
_LISTED = 6  # names of packed neighbours that their passage tells
_NAME = 160  # characters of a name


@dataclass(frozen=True)
class Span:
    """lines[start:end], 0-based, and what it is called; `alone`: never packed with its neighbours.

    `inner` gives its parts in order; a part reaches to the next one, the last to the end of the span. `deep`: some part of it,
    at whatever depth, may stand alone.
    """

    start: int
    end: int
    names: tuple[str, ...] = ()
    alone: bool = False
    deep: bool = False
    inner: Callable[[], Sequence[Span]] = tuple

    @cached_property
    def parts(self) -> tuple[Span, ...]:
        """The parts, made to cover the span: the first from its start on, each to the next."""
        kept: list[Span] = []
        for part in self.inner():
            if self.start <= part.start < self.end and (not kept or part.start > kept[-1].start):
                kept.append(part)
        starts = [self.start, *(part.start for part in kept[1:]), self.end]
        return tuple(_moved(part, a, b) for part, a, b in zip(kept, starts, starts[1:], strict=False))

    @cached_property
    def holds_alone(self) -> bool:
        """Whether it stands alone, or something in it does."""
        return self.alone or (self.deep and any(part.holds_alone for part in self.parts))


def _moved(span: Span, start: int, end: int) -> Span:
    return span if (span.start, span.end) == (start, end) else replace(span, start=start, end=end)


def cut(lines: Sequence[str], span: Span, kind: str = "entry", names: Sequence[str] = ()) -> Iterator[PassageDraft]:
    """The span's passages, named after all that they stand in."""
    names = [*names, *(_short(name) for name in span.names if name)]
    if size(lines, span.start, span.end) <= LIMIT and not (span.deep and any(part.holds_alone for part in span.parts)):
        yield from draft(lines, span.start, span.end, names, kind)
    elif not span.parts or (len(span.parts) == 1 and span.parts[0].inner is tuple):
        yield from windows(lines, span.start, span.end, [*names, *_listed(span.parts)], kind)
    else:
        for group in _without_crumbs(lines, _groups(lines, span.parts)):
            if group[0].holds_alone or size(lines, group[0].start, group[-1].end) > LIMIT:
                yield from cut(lines, _moved(group[0], group[0].start, group[-1].end), kind, names)
            else:
                yield from draft(lines, group[0].start, group[-1].end, [*names, *_listed(group)], kind)


_Group = tuple[Span, ...]  # neighbours that are packed together, or one that is cut by itself


def _groups(lines: Sequence[str], parts: Sequence[Span]) -> list[_Group]:
    """Neighbours packed to TARGET; what stands alone, or is too long, by itself."""
    groups: list[_Group] = []
    packed: list[Span] = []
    length = 0  # of what is packed
    for part in parts:
        own = size(lines, part.start, part.end)
        by_itself = part.holds_alone or own > LIMIT
        if packed and (by_itself or length + own > TARGET):
            groups.append(tuple(packed))
            packed, length = [], 0
        if by_itself:
            groups.append((part,))
            continue
        packed.append(part)
        length += own
    return [*groups, tuple(packed)] if packed else groups


def _without_crumbs(lines: Sequence[str], groups: Sequence[_Group]) -> list[_Group]:
    """Very short groups go with the one behind them, or else with the one before."""
    kept: list[_Group] = []
    for group in groups:
        if kept and (_is_crumb(lines, kept[-1]) or (group is groups[-1] and _is_crumb(lines, group))):
            joined = _joined(lines, kept[-1], group)
            if joined:
                kept[-1] = joined
                continue
        kept.append(group)
    return kept


def _is_crumb(lines: Sequence[str], group: _Group) -> bool:
    return not group[0].holds_alone and size(lines, group[0].start, group[-1].end) < _CRUMB


def _joined(lines: Sequence[str], first: _Group, second: _Group) -> _Group | None:
    """Two groups of which one is a crumb as one: what is cut by itself takes the crumb's lines; None: it would be too long."""
    main = second if _is_crumb(lines, first) else first
    start, end = first[0].start, second[-1].end
    long = size(lines, main[0].start, main[-1].end) > LIMIT
    by_itself = long or main[0].holds_alone
    if size(lines, start, end) > LIMIT and not (long or (by_itself and main[0].parts)):
        return None
    return (_moved(main[0], start, end),) if by_itself else (*first, *second)


def _listed(spans: Sequence[Span]) -> list[str]:
    known: list[str] = []
    for span in spans[:_LISTED]:
        inside = (span,) if span.names or not span.deep else span.parts  # a mere container is what it contains
        known += [one.names[0] for one in inside[:_LISTED] if one.names and one.names[0]]
    return [_short(", ".join(known[:_LISTED]))] if known else []


def _short(name: str) -> str:
    """On one line, and no longer than a name should be."""
    return " ".join(name[: 2 * _NAME].split())[:_NAME]


def filled(lines: Sequence[str], start: int, end: int, spans: Iterable[Span]) -> list[Span]:
    """The spans, and nameless ones for the lines that none of them holds."""
    found: list[Span] = []
    at = start
    for span in spans:
        if span.start > at and any(line.strip() for line in lines[at : span.start]):
            found.append(Span(at, span.start))
        found.append(span)
        at = max(at, span.end)
    if end > at and any(line.strip() for line in lines[at:end]):
        found.append(Span(at, end))
    return found


def with_comment(lines: Sequence[str], row: int, start: int, marks: tuple[str, ...] = ("#",)) -> int:
    """The first of the comment lines right above `row` that stand no deeper than it, not above `start`."""
    depth = _indent(lines[row])
    while row - 1 >= start and lines[row - 1].lstrip().startswith(marks) and _indent(lines[row - 1]) <= depth:
        row -= 1
    return row


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def size(lines: Sequence[str], start: int, end: int) -> int:
    """Characters of lines[start:end], newlines included."""
    return sum(len(line) + 1 for line in lines[start:end])
