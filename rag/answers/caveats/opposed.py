"""Where one page tells to take away what another says destroys something when it is taken away: two cases, and a reader must know
which is theirs. `warnings` asks.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from rag.records import Citation

_NAME = r"(?<![\w.-])`?(?P<name>[A-Za-z][\w.-]*[_-][\w.-]*\w)`?"
_REMOVED = r"(?:removed|deleted|unset|dropped|taken out|commented out)"
_REMOVE = r"(?:remov|delet|unset|dropp|tak(?:e|ing) out|comment(?:ing)? out)\w*"
_HARM = re.compile(
    r"\b(?:(?:is|are|be|gets?|being) (?:\w+ly )?(?:deleted|destroyed|lost|wiped|erased|replaced|recreated|overwritten)"
    r"|(?:deletes|destroys|wipes|erases|replaces|recreates|overwrites|loses)\b|data[- ]loss)",
    re.I,
)
_WHEN_GONE = re.compile(
    rf"\b(?:if|when|once|after|because)\b[^.!?]{{0,40}}{_NAME}[^.!?]{{0,40}}?\b(?:is|are|was|were|gets?)\s+(?:\w+ly )?{_REMOVED}"
    rf"|\b(?:if|when|by)\b[^.!?]{{0,30}}\b{_REMOVE}\s+(?:\w+\s+){{0,3}}{_NAME.replace('name', 'taken')}",
    re.I,
)
_ORDER = re.compile(
    rf"{_NAME}[^.!?]{{0,30}}?\b(?:must|should|has to|needs to) be {_REMOVED}"
    rf"|(?:^|[.!?:]\s+|[-*>]\s+|\d[.)]\s+)(?:please |then |now )?(?:remove|delete|unset|drop|take out|comment out)\s+"
    rf"(?:(?:the|your|this|that)\s+)?{_NAME.replace('name', 'taken')}",
    re.I | re.M,
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z`*(])")
_SAME = 0.92  # how alike two spellings of a name are, for a letter that one page lacks


@dataclass(frozen=True)
class Opposed:
    """That a page tells to take `name` away (`order`), which `harm` says destroys something; the citation and line of each."""

    name: str
    order: Citation
    order_line: int
    harm: Citation
    harm_line: int


def opposed(citations: Sequence[Citation]) -> Iterator[Opposed]:
    """Each name that one cited document tells to take away and another warns of taking away, once."""
    harms = [(name, cited, line) for cited in citations for name, line in _found(_WHEN_GONE, cited, harmful=True)]
    seen: set[tuple[str, str]] = set()
    for cited in citations if harms else ():
        for name, line in _found(_ORDER, cited, harmful=False):
            for other, harm, at in harms:
                key = (cited.document_id, harm.document_id)
                if harm.document_id != cited.document_id and key not in seen and _alike(name, other):
                    seen.add(key)
                    yield Opposed(name, cited, line, harm, at)


def _found(said: re.Pattern[str], cited: Citation, *, harmful: bool) -> Iterator[tuple[str, int]]:
    """(name, line) of what a quotation says so of, sentence by sentence."""
    at = 0
    for sentence in _SENTENCE.split(cited.quote):
        at = cited.quote.index(sentence, at)
        for match in said.finditer(sentence):
            if not harmful or _HARM.search(sentence[match.end() :]):
                yield match["name"] or match["taken"], cited.start_line + cited.quote[: at + match.start()].count("\n")


def _alike(one: str, two: str) -> bool:
    return SequenceMatcher(None, one.lower(), two.lower()).ratio() >= _SAME
