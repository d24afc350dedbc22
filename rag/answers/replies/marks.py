"""A model's words made safe to stand beside our citations: nothing in them looks like one of our marks; and where ours stand.

`Unmarked.plain` is given the text piece by piece, cut where no word is torn. `claims` calls it before anything is
shown; links are taken out behind it, by `rag.answers.outgoing.outlet`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.answers.extractive.units import FENCE
from rag.records import Citation

_FILLER = r"[\s*_~^\\\u200b-\u200f\u2060\ufeff]*"
_OPENING, _CLOSING = (
    r"(?:\\?[\[【［〔⟦]|&#0*91;|&#x0*5b;|&lbrack;|&lsqb;)",
    r"(?:\\?[\]】］〕⟧]|&#0*93;|&#x0*5d;|&rbrack;|&rsqb;)",
)
_MARK = re.compile(rf"{_OPENING}{_FILLER}(\d[\d\s,;–-]*?){_FILLER}{_CLOSING}", re.I)
_INDEX = re.compile(rf"(?<![\w\])}}\"'*]){_MARK.pattern}", re.I)  # in code, `web[0]` is an index
_SPAN = re.compile(r"(`+[^`]*`+)")
_OURS = re.compile(r"(?<!\])\[(\d{1,4})\](?![(\[:])")


class Unmarked:
    """One answer's text."""

    def __init__(self) -> None:
        self._fence = ""

    @property
    def fence(self) -> str:
        """What closes the fenced block that the text so far ends within; "" where it ends in none."""
        return self._fence

    def plain(self, piece: str, at_line_start: bool) -> str:
        """The next piece as it may be shown."""
        lines = piece.split("\n")
        return "\n".join(self._line(line, at_line_start if number == 0 else True) for number, line in enumerate(lines))

    def _line(self, line: str, whole: bool) -> str:
        mark = FENCE.match(line) if whole else None
        if mark and not self._fence:
            self._fence = mark[1]
            return _INDEX.sub(_round, line)
        if self._fence:
            if mark and mark[1].startswith(self._fence) and not line.strip().strip("`~"):
                self._fence = ""
            return _INDEX.sub(_round, line)
        parts = _SPAN.split(line)
        return "".join((_INDEX if at % 2 else _MARK).sub(_round, part) for at, part in enumerate(parts))


def _round(mark: re.Match[str]) -> str:
    return f"({' '.join(mark[1].split())})"


def marks(text: str, citations: Sequence[Citation]) -> Iterator[tuple[Citation, int, int]]:
    """Where our marks stand in an answer: each with its citation and the places of its first character and behind its last. What
    only looks like one, in code or within a quotation, is none."""
    by_number = {citation.number: citation for citation in citations}
    taken = [*_fenced(text), *(span.span() for span in _SPAN.finditer(text)), *_quoted(text, citations)]
    for mark in _OURS.finditer(text):
        within = any(start <= mark.start() < end for start, end in taken)
        if not within and (citation := by_number.get(int(mark[1]))):
            yield citation, mark.start(), mark.end()


def _fenced(text: str) -> Iterator[tuple[int, int]]:
    """The fenced blocks of a text, from the line that opens one to the line that closes it."""
    at, begun, fence = 0, 0, ""
    for line in text.split("\n"):
        mark = FENCE.match(line)
        if mark and not fence:
            begun, fence = at, mark[1]
        elif mark and mark[1].startswith(fence) and not line.strip().strip("`~"):
            yield begun, at + len(line)
            fence = ""
        at += len(line) + 1
    if fence:
        yield begun, at


def _quoted(text: str, citations: Sequence[Citation]) -> Iterator[tuple[int, int]]:
    for quote in {citation.quote for citation in citations if _OURS.search(citation.quote)}:
        at = text.find(quote)
        while at >= 0:
            yield at, at + len(quote)
            at = text.find(quote, at + len(quote))
