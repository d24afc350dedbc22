"""Text of no known structure, in windows of whole lines; also how other parsers cut what is too long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ingest.parsers import Parsed, draft, lines_of
from rag.records import PassageDraft

TARGET = 1000  # characters that a passage should have at most, where its structure lets it be cut
LIMIT = 1400  # characters that it may have, to stay whole
HARD_LIMIT = 2000  # characters at which even a table or a fenced block is cut


def parse(path: str, text: str) -> Parsed:
    """Windows of about `TARGET` characters, cut at blank lines where there are some."""
    lines = lines_of(text)
    return Parsed(path, tuple(windows(lines, 0, len(lines), (), "window")))


def windows(
    lines: Sequence[str], start: int, end: int, heading_path: Sequence[str], kind: str, target: int = TARGET
) -> Iterator[PassageDraft]:
    """Passages that cover lines[start:end]: cut before the line that would exceed the target, sooner at a blank line."""
    first, size, last_blank = start, 0, start
    for at in range(start, end):
        length = len(lines[at]) + 1
        if size and size + length > target:
            cut = last_blank if last_blank > first and at - last_blank < (at - first) // 2 + 1 else at
            yield from _piece(lines, first, cut, heading_path, kind)
            size = sum(len(line) + 1 for line in lines[cut:at])
            first = cut
        if not lines[at].strip():
            last_blank = at
        size += length
    yield from _piece(lines, first, end, heading_path, kind)


def _piece(
    lines: Sequence[str], start: int, end: int, heading_path: Sequence[str], kind: str
) -> Iterator[PassageDraft]:
    """One passage; a single line beyond the hard limit becomes several, all of that line."""
    for passage in draft(lines, start, end, heading_path, kind):
        if len(passage.text) <= HARD_LIMIT:
            yield passage
            continue
        for at in range(passage.start_line - 1, passage.end_line):
            line = lines[at]
            for offset in range(0, len(line), HARD_LIMIT):
                part = line[offset : offset + HARD_LIMIT]
                if part.strip():
                    yield PassageDraft(tuple(heading_path), part, at + 1, at + 1, kind)
