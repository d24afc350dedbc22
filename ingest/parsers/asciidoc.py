"""AsciiDoc by section, read line by line (https://docs.asciidoctor.org/asciidoc/latest/syntax-quick-reference/).

Titles (`== One`, and the older ones with a line below), delimited blocks, tables, admonitions and lists. What a delimited block
holds is never a title. Includes, conditions and attributes stay the lines that they are.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from ingest.parsers.sections import Block, past_blanks

_TITLE = re.compile(r"(={1,6}|#{1,6})\s+(\S.*)$")
_DELIMITER = re.compile(r"(?:-{4,}|\.{4,}|={4,}|\*{4,}|_{4,}|\+{4,}|/{4,}|--|[|,:!]={3,}|`{3,}\w*)$")
_UNDERLINE = re.compile(r"([=\-~^+])\1+$")
_LEVELS = "=-~^+"
_LEADS = re.compile(
    r"\[\[?[^\]]*\]\]?$|\.[^\s.].*$|(?:ifdef|ifndef|ifeval|endif)::"
)  # attributes, a block's title, a condition
_ATTRIBUTE = re.compile(r":(!?[\w-]+!?):(?:\s+(.*))?$")
_ITEM = re.compile(r"(?:\*{1,5}|\.{1,5}|-|\d{1,4}\.|[a-z]\.|<\d{1,3}>|<\.>)\s|\S.{0,200}?:{2,4}(?:\s|$)")
_MARKUP = re.compile(
    r"\[\[[^\]]{0,300}\]\]|\[#[^\]]{0,300}\]|xref:[^\[]{0,200}\[([^\]]{0,300})\]|link:[^\[]{0,200}\[([^\]]{0,300})\]"
)
_HEADER = 60  # lines in which attributes are the page's own


def blocks(text: str, lines: Sequence[str]) -> Iterator[Block]:
    """Blocks one after the other, each reaching to the next one's start; what leads on goes with the block below it."""
    closers: dict[str, list[int]] = defaultdict(list)
    for at, line in enumerate(lines):
        if _DELIMITER.match(line.rstrip()):
            closers[line.rstrip()].append(at)
    start = at = 0
    while at < len(lines):
        if _leads(lines, at):
            at += 1
            continue
        block = _title(lines, start, at) or _body(lines, start, at, closers)
        yield block
        start = at = block.end
    if start < len(lines):
        yield Block(start, len(lines))


def _leads(lines: Sequence[str], at: int) -> bool:
    """Whether a line only says something of the block below it."""
    line = lines[at].rstrip()
    return bool(_LEADS.match(line)) and not _ITEM.match(line) and not _DELIMITER.match(line)


def _title(lines: Sequence[str], start: int, at: int) -> Block | None:
    """The title at this line, with what leads on to it from `start`."""
    line = lines[at].rstrip()
    if match := _TITLE.match(line):
        return Block(start, past_blanks(lines, at + 1), len(match[1]), _plain(match[2].rstrip("= ")))
    below = _UNDERLINE.match(lines[at + 1].rstrip()) if at + 1 < len(lines) else None
    alone = at == start and (at == 0 or not lines[at - 1].strip())
    if below and (alone or at > start) and line[:1].isalnum() and abs(len(below[0]) - len(line)) <= 1:
        return Block(start, past_blanks(lines, at + 2), _LEVELS.index(below[1]) + 1, _plain(line))
    return None


def _plain(title: str) -> str:
    return _MARKUP.sub(lambda match: match[1] or match[2] or "", title).strip()


def _body(lines: Sequence[str], start: int, at: int, closers: Mapping[str, Sequence[int]]) -> Block:
    """A delimited block to its closing line, or a paragraph or list's item; a `+` line holds what follows to it."""
    end, whole = _one(lines, at, closers)
    while end < len(lines) and lines[end].strip() == "+" and end + 1 < len(lines):
        following = end + 1
        while following < len(lines) and _leads(lines, following):
            following += 1
        if following == len(lines):
            break
        end, inner = _one(lines, following, closers)
        whole = whole or inner
    header = bool(_ATTRIBUTE.match(lines[at])) or lines[at].startswith("//")
    return Block(start, past_blanks(lines, end), whole=whole, front_matter=header and start < _HEADER)


def _one(lines: Sequence[str], at: int, closers: Mapping[str, Sequence[int]]) -> tuple[int, bool]:
    """(end, whether it stays whole) of what begins at a line. A delimiter that is never closed is a line like any other."""
    line = lines[at].rstrip()
    if _DELIMITER.match(line):
        closing = "```" if line.startswith("```") else line
        places = closers.get(closing, ())
        later = bisect_right(places, at)
        return (places[later] + 1, True) if later < len(places) else (at + 1, False)
    end = at + 1
    is_item = bool(_ITEM.match(line))
    while end < len(lines) and lines[end].strip() and lines[end].strip() != "+":
        text = lines[end].rstrip()
        if _DELIMITER.match(text) or _TITLE.match(text) or (is_item and _ITEM.match(text)) or text.startswith("["):
            break
        end += 1
    return end, False
