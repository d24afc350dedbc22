"""A model's text in sentences, and what kind of sentence each is: what states something needs a citation, what leads on does
not.

List items, headings, table rows and fenced blocks are sentences of their own. `claims` asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag.answers.extractive.units import FENCE

_END = re.compile(r"[.!?]['\")\]*_`]*\s+(?=[^\sa-z])")  # not before a small letter: "e.g. this"
_ALONE = re.compile(r"^\s*(?:[-*+]\s|\d+[.)]\s|#{1,6}\s|\||>)")  # lines that begin something of their own
_NUMBER = re.compile(r"\s*(?:[-*+>]\s+)?\**\d{1,3}\.\s+")  # of a list's item, no sentence
_HEADING = re.compile(r"^\s*(?:#{1,6}\s.*|(?:\*\*|__)[^*_]+(?:\*\*|__):?|[-=|:\s]+)$")
_ADVICE = re.compile(
    r"^[ \t]{0,3}(?:#{1,6}[ \t]*(?:\*\*|__)?my advice\b|(?:\*\*|__)my advice\b|my advice(?:[ \t]*:|[ \t]*$))",
    re.I | re.M,
)
_NEXT = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]", re.M)
_WORD = re.compile(r"[^\W_]{2,}")
_ABSENT = re.compile(
    r"\b(?:documents?|documentation|pages?|runbooks?|wiki|sources?|search results?|evidence)\b[^.!?]{0,60}?"
    r"\b(?:do not|does not|don['’]t|doesn['’]t|never|cannot|can['’]t)\s+(?:\w+ly\s+)?"
    r"(?:say|says|state|mention|cover|answer|describe|name|tell|contain|specify|document|explain|give|show|list|address)\b"
    r"|\b(?:not|nowhere|nothing)\b[^.!?]{0,40}?\b(?:in|among) (?:our|the|these|your) "
    r"(?:documents?|documentation|pages?|search results?)\b"
    r"|\bnot (?:documented|mentioned|described|covered)\b",
    re.I,
)


def sentences(text: str) -> list[tuple[int, int]]:
    """Where each sentence stands: [start, end) in the text, without the white space around it."""
    found: list[tuple[int, int]] = []
    for start, end, fenced in _parts(text):
        at = start
        if not fenced:
            for border in _END.finditer(text, start, end):
                if _NUMBER.fullmatch(text, at, border.end()):
                    continue
                found.append((at, border.end()))
                at = border.end()
        found.append((at, end))
    return [_trimmed(text, *place) for place in found if text[slice(*place)].strip()]


def _parts(text: str) -> Iterator[tuple[int, int, bool]]:
    """Paragraphs, list items, rows, headings; and fenced blocks whole: (start, end, fenced)."""
    start = at = 0
    fence = ""
    for line in text.splitlines(keepends=True):
        mark = FENCE.match(line)
        if fence:
            if mark and mark[1].startswith(fence):
                yield start, at + len(line), True
                start, fence = at + len(line), ""
        elif mark:
            yield start, at, False
            start, fence = at, mark[1]
        elif not line.strip() or _ALONE.match(line) or _HEADING.match(text[start:at].strip("\n")):
            yield start, at, False
            start = at
        at += len(line)
    yield start, len(text), bool(fence)


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    inner = text[start:end]
    return start + len(inner) - len(inner.lstrip()), end - len(inner) + len(inner.rstrip())


def states(sentence: str) -> bool:
    """Whether it states something that a document should be cited for: no heading, lead-in or question, nor that our documents
    don't say."""
    plain = sentence.strip()
    if _HEADING.match(plain) or plain.endswith((":", "?")):
        return False
    if FENCE.match(plain) or "`" in plain:
        return True
    return len(_WORD.findall(plain)) >= 3 and not _ABSENT.search(plain)


def advice(text: str) -> list[tuple[int, int]]:
    """Where "My advice" stands, from its heading to the next or the end: general knowledge, which nothing is cited for."""
    found: list[tuple[int, int]] = []
    for heading in _ADVICE.finditer(text):
        if not found or heading.start() >= found[-1][1]:
            following = _NEXT.search(text, heading.end())
            found.append((heading.start(), following.start() if following else len(text)))
    return found
