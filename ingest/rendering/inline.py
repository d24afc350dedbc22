"""What stands within a line of Markdown: text, code, emphasis, links, breaks; spaces as a browser shows them.

`ingest.rendering.elements` puts pieces into a `Run` in the order of the document, marks among them, and takes lines out. Marks
are written where they cut no word in two: a word must be found, quoted and redacted whole.
"""

from __future__ import annotations

import re

from ingest.rendering.lines import Line, prose, seen

# Characters that no text may hold (Unicode calls them noncharacters) stand for marks until the line is whole.
_CODE, _CODE_END, _STRONG, _STRONG_END, _GONE, _GONE_END, _LINK, _LINK_END, _BREAK = map(chr, range(0xFDD0, 0xFDD9))
_MARKS = re.compile("([\ufdd0-\ufdd8])")
_FORBIDDEN = re.compile("[\ufdd0-\ufdef\0-\x08\x0e-\x1f]")
_SPACES = re.compile(r"[ \t\r\n\f\v]+")
_ENDS = {_CODE_END: _CODE, _STRONG_END: _STRONG, _GONE_END: _GONE, _LINK_END: _LINK}
_SIGNS = {_STRONG: "**", _GONE: "~~"}


class Run:
    """Text that flows in lines. `first` and `last` are the lines of the original that hold it."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._links: list[str] = []
        self.first = self.last = 0

    def text(self, text: str, line: int) -> int:
        """Adds text that begins in a line of the original (0: none is known), and gives the line in which it ends."""
        end = line + text.count("\n") if line else 0
        if stripped := text.strip():
            lead = text[: text.index(stripped[0])].count("\n")
            self.first = self.first or (line and line + lead)
            self.last = max(self.last, line and line + lead + stripped.count("\n"))
        self._pieces.append(_FORBIDDEN.sub("", text))
        return end

    def word(self, text: str) -> None:
        """Adds text that is nobody's in the original: a sign of an item, of a box."""
        self._pieces.append(text)

    def line_break(self) -> None:
        self._pieces.append(_BREAK)

    def code(self, begins: bool) -> None:
        self._pieces.append(_CODE if begins else _CODE_END)

    def strong(self, begins: bool) -> None:
        self._pieces.append(_STRONG if begins else _STRONG_END)

    def gone(self, begins: bool) -> None:
        self._pieces.append(_GONE if begins else _GONE_END)

    def link(self, target: str | None) -> None:
        """Begins a link to `target`; None ends it."""
        if target is not None:
            self._links.append(target)
        self._pieces.append(_LINK_END if target is None else _LINK)

    def lines(self) -> list[str]:
        """The lines so far, without those that are empty; the run begins anew."""
        text = _SPACES.sub(" ", seen("".join(self._pieces)))
        links, self._pieces, self._links = self._links, [], []
        if _MARKS.search(text):
            text = _written(text, links)
        return [line for part in text.split(_BREAK) if (line := _SPACES.sub(" ", part).strip())]

    def plain(self) -> list[str]:
        """The lines so far as they were typed; the run begins anew."""
        text, self._pieces = seen("".join(self._pieces)), []
        return [line.rstrip().expandtabs(4) for line in text.split(_BREAK)]

    def paragraph(self) -> list[Line]:
        """The lines so far as a paragraph."""
        lines = [Line(prose(line), self.first, self.last) for line in self.lines()]
        self.first = self.last = 0
        return lines


def _written(text: str, links: list[str]) -> str:
    """The text with signs in place of marks. A mark within its like, or within code, is none."""
    parts = _MARKS.split(text.replace(_CODE_END + _CODE, ""))
    following = _following(parts)
    out: list[str] = []
    begun: dict[
        str, tuple[int, str, str]
    ] = {}  # mark → (where it is in `out`, the character before it, the link's target)
    depth = dict.fromkeys(_ENDS.values(), 0)
    targets = iter(links)
    last = ""
    for at, part in enumerate(parts):
        if part in depth:
            depth[part] += 1
            target = next(targets) if part == _LINK else ""
            if depth[part] == 1 and _CODE not in begun:
                begun[part] = len(out), last, target
        elif part in _ENDS:
            mark = _ENDS[part]
            depth[mark] -= 1
            if depth[mark] == 0 and mark in begun:
                start, before, target = begun.pop(mark)
                out[start:] = [_signed(mark, "".join(out[start:]), target, before, following[at])]
                last = out[-1][-1:] or before
        elif part:
            out.append(part)
            last = part[-1]
    return "".join(out)


def _following(parts: list[str]) -> list[str]:
    """The first character of text after each part."""
    found, character = [""] * len(parts), ""
    for at in range(len(parts) - 1, -1, -1):
        found[at] = character
        if parts[at] and (parts[at] == _BREAK or not _MARKS.match(parts[at])):
            character = parts[at][0]
    return found


def _signed(mark: str, inner: str, target: str, before: str, after: str) -> str:
    """What a mark encloses, with its signs within the spaces around it."""
    text = inner.strip(" " + _BREAK)
    if not text:
        return inner
    start = inner.index(text)
    lead, trail = inner[:start], inner[start + len(text) :]
    if mark == _CODE:
        return lead + _code(text) + trail
    if (not lead and before.isalnum()) or (not trail and after.isalnum()):
        return inner  # signs would cut a word in two
    if mark == _LINK:
        return lead + (f"[{text}]({target})" if target and target != text else text) + trail
    return lead + _SIGNS[mark] + text + _SIGNS[mark] + trail


def _code(text: str) -> str:
    if "`" not in text:
        return f"`{text}`"
    fence = "`" * (max(len(run) for run in re.findall("`+", text)) + 1)
    return f"{fence} {text} {fence}"
