"""A model's words made safe to stand beside our citations: nothing in them looks like one of our marks, and no link leads
anywhere that the documents don't name.

`Wording.plain` is given the text piece by piece, cut where no word is torn. `rag.answers.claims` calls it before anything is
shown.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from rag.answers.sentences import FENCE

_FILLER = r"[\s*_~^\\\u200b-\u200f\u2060\ufeff]*"
_OPENING, _CLOSING = (
    r"(?:\\?[\[【［〔⟦]|&#0*91;|&#x0*5b;|&lbrack;|&lsqb;)",
    r"(?:\\?[\]】］〕⟧]|&#0*93;|&#x0*5d;|&rbrack;|&rsqb;)",
)
_MARK = re.compile(rf"{_OPENING}{_FILLER}(\d[\d\s,;–-]*?){_FILLER}{_CLOSING}", re.I)
_INDEX = re.compile(rf"(?<![\w\])}}\"'*]){_MARK.pattern}", re.I)  # in code, `web[0]` is an index
_LINK = re.compile(r"!?\[([^\]\n]*)\]\(\s*<?([^)\s>]*)>?[^)\n]*\)")
_URL = re.compile(
    r"<?(?:[a-z][\w+.-]*://|(?<![\w:/.])//(?=[\w-]+\.)|\bwww\.|\b(?:mailto|javascript|vbscript|data):(?=\S))[^\s<>()\[\]`\"'|]*>?",
    re.I,
)
_HERE = re.compile(r"https?://(?:localhost|127\.0\.0\.1)(?![\w.-])", re.I)
_SPAN = re.compile(r"(`+[^`]*`+)")
_LEFT_OUT = "(link left out)"


class Wording:
    """One answer's text. `known` tells whether a URL stands in what the answer rests on."""

    def __init__(self, known: Callable[[str], bool]) -> None:
        self._known = known
        self._fence = ""

    @property
    def fenced(self) -> bool:
        """Whether the text so far ends within a fenced block."""
        return bool(self._fence)

    @property
    def fence(self) -> str:
        return self._fence

    def plain(self, piece: str, at_line_start: bool) -> str:
        """The next piece as it may be shown."""
        lines = piece.split("\n")
        return "\n".join(self._line(line, at_line_start if number == 0 else True) for number, line in enumerate(lines))

    def _line(self, line: str, whole: bool) -> str:
        mark = FENCE.match(line) if whole else None
        if mark and not self._fence:
            self._fence = mark[1]
            return self._code(line)
        if self._fence:
            if mark and mark[1].startswith(self._fence) and not line.strip().strip("`~"):
                self._fence = ""
            return self._code(line)
        parts = _SPAN.split(line)
        return "".join(self._code(part) if at % 2 else self._prose(part) for at, part in enumerate(parts))

    def _prose(self, text: str) -> str:
        text = _LINK.sub(self._link, text)
        text = _URL.sub(self._url, text)
        return _MARK.sub(_round, text).replace("](", "] (").replace("][", "] [")

    def _code(self, text: str) -> str:
        return _INDEX.sub(_round, _URL.sub(self._url, text))

    def _link(self, link: re.Match[str]) -> str:
        """What a link is called, and behind it where it leads, which is looked at next."""
        return link[1] if link[1] == link[2] else f"{link[1]} ({link[2]})"

    def _url(self, found: re.Match[str]) -> str:
        whole = found[0]
        url = whole.strip("<>").rstrip(".,;:!?*_")
        return whole if _HERE.match(url) or self._known(url) else _LEFT_OUT + whole.strip("<>")[len(url) :]


def _round(mark: re.Match[str]) -> str:
    return f"({' '.join(mark[1].split())})"
