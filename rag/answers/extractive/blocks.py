"""Code and settings in blocks that are understood alone, by how far in their lines stand: a block of HCL, an entry of YAML, a
function. Of a long one the blocks within it, each told with the lines that open what it is in.

`pieces` makes pieces of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_WHOLE = 14  # lines of a block that stays whole
_TOGETHER = 6  # lines of small entries that stand together
_CLOSES = re.compile(r"^\s*(?:[\])}]|end\b|</)")
_COMMENT = re.compile(r"^\s*(?:#(?!!)|//|--|/?\*)")


@dataclass(frozen=True)
class Block:
    """The lines `first` to `last`, counted from 0; `within` are the lines that open what they are in, from the outermost."""

    first: int
    last: int
    within: tuple[str, ...] = ()


def blocks(lines: Sequence[str]) -> list[Block]:
    """The blocks of some lines, in their order."""
    return list(_grouped(lines, 0, len(lines) - 1, ()))


def _grouped(lines: Sequence[str], first: int, last: int, within: tuple[str, ...]) -> Iterator[Block]:
    """Small entries together, larger ones alone, the largest in what they consist of."""
    begun, end = -1, -1
    for start, stop in _entries(lines, first, last):
        large = stop - start >= _TOGETHER or any(_depth(line) > _depth(lines[start]) for line in lines[start:stop])
        parted = begun >= 0 and (large or stop - begun >= _TOGETHER or not lines[end].strip())
        if parted:
            yield Block(begun, end, within)
            begun = -1
        if large:
            yield from _divided(lines, start, stop, within)
        else:
            begun, end = (start if begun < 0 else begun), stop
    if begun >= 0:
        yield Block(begun, end, within)


def _divided(lines: Sequence[str], first: int, last: int, within: tuple[str, ...]) -> Iterator[Block]:
    """An entry, whole or in its parts: the first with the lines that open it, the others within them."""
    opening = next((at for at in range(first, last) if not _COMMENT.match(lines[at])), first)
    if _length(lines, first, last) <= _WHOLE:
        yield Block(first, last, within)
        return
    deeper = [_depth(line) for line in lines[opening + 1 : last + 1] if line.strip() and not _CLOSES.match(line)]
    if min(deeper, default=0) <= _depth(lines[opening]):  # a long text, or lines side by side
        yield from (Block(at, min(at + _TOGETHER - 1, last), within) for at in range(first, last + 1, _TOGETHER))
        return
    name = _named(lines[opening]) or _named(lines[opening + 1])
    for at, part in enumerate(_grouped(lines, opening + 1, last, (*within, name))):
        yield part if at else Block(first, part.last, within)


def _entries(lines: Sequence[str], first: int, last: int) -> Iterator[tuple[int, int]]:
    """The stretches that begin at the smallest depth, each with the comments right above it and what is deeper below it."""
    depth = min(
        (_depth(line) for line in lines[first : last + 1] if line.strip() and not _CLOSES.match(line)), default=0
    )
    start = first
    commented = bool(_COMMENT.match(lines[first]))
    for at in range(first + 1, last + 1):
        line = lines[at]
        if not line.strip():
            commented = False
        elif _depth(line) <= depth and not _CLOSES.match(line):
            if not commented:
                yield start, at - 1
                start = at
            commented = bool(_COMMENT.match(line))
    yield start, last


def _named(line: str) -> str:
    """A line that opens a block, without the marks that do."""
    return line.strip().rstrip("{[(:=,- ")


def _depth(line: str) -> int:
    wide = line.expandtabs(4)
    return len(wide) - len(wide.lstrip()) if line.strip() else 0


def _length(lines: Sequence[str], first: int, last: int) -> int:
    return last - first + 1 - sum(not line.strip() for line in lines[first : last + 1])
