"""What a page warns of around lines that tell what to do: in the paragraphs and steps of their own section, in the introductions
above it, in what leads up to it, and under headings that are warnings themselves. A step followed without them does harm.

`rag.answers.evidence` brings them along, `steps` quotes them with the procedure, in their place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from rag.answers.extractive.page import Section, chain, page_of, whole_of
from rag.answers.extractive.pieces import Piece, pieces
from rag.answers.extractive.prohibitions import warns
from rag.answers.extractive.units import FENCE
from rag.records import Document

# Headings under which all is a warning, and such under which warnings are of the whole page.
ALARM = re.compile(r"\b(?:important|caution|warning|danger|critical|do not|don['’]t|never)\b", re.I)
_OF_ALL = re.compile(
    r"\b(?:before (?:you|we)|pre-?(?:requisites?|conditions?)|considerations?|things to|notes?|limitations?|gotchas?|risks?|"
    r"safety|pitfalls?|rules|read (?:this )?first)\b",
    re.I,
)
_ALARM_HEADING = 12  # words up to which a heading that warns warns of all below it; a longer one is a sentence itself
_ALARM_WORDS = 90  # below such a heading that are brought along


class Cautions:
    """The warnings of one page."""

    def __init__(self, document: Document) -> None:
        self.page = page_of(document)
        self.pieces = pieces(whole_of(document))

    def of(self, first: int, last: int, *, own: bool = False) -> list[Piece]:
        """The pieces that warn a reader of lines first to last, the nearest first: those of the lines' own section and steps,
        then of the introductions above, then of other sections that speak of the whole; or of their `own` section alone."""
        found: dict[int, Piece] = {}
        for section, begin, end in _governing(self.page, first, last, own):
            words, alarming = 0, _alarming(section)
            for piece in self.pieces:
                if begin <= piece.start <= end and piece.kind != "code":
                    words += piece.words
                    if warns(piece.text) or (alarming and words <= _ALARM_WORDS):
                        found.setdefault(piece.at, _without_command(piece))
        return [*found.values()]


def _alarming(section: Section) -> bool:
    return bool(ALARM.search(section.heading)) or (
        len(section.heading.split()) <= _ALARM_HEADING and warns(section.heading)
    )


def _without_command(piece: Piece) -> Piece:
    """A warning without the command below it: that is a step, and has its place among the others."""
    lines = piece.text.split("\n")
    fence = next((at for at, line in enumerate(lines) if FENCE.match(line)), 0)
    text = "\n".join(lines[:fence]).rstrip()
    return (
        replace(piece, text=text, end=piece.start + text.count("\n"), kind="prose") if fence and warns(text) else piece
    )


def _governing(page: Section, first: int, last: int, own: bool) -> Iterator[tuple[Section, int, int]]:
    """The stretches of a page whose warnings are for these lines: a section, and from which line of it to which."""
    sections = chain(page, first)
    innermost = sections[0]
    yield innermost, innermost.first, max(innermost.text, min(last, innermost.last))
    if own:
        return
    for above, section in zip([innermost, *sections[1:]], [None, *sections], strict=False):
        yield from _steps(above, section)
    for section in sections[1:]:
        yield section, section.first, section.text
    for above in sections:
        for part in above.parts:
            leads_up = part.last < first and not part.doing
            if part not in sections and (leads_up or _alarming(part) or _OF_ALL.search(part.heading)):
                yield from _all_of(part)


def _steps(above: Section, step: Section | None) -> Iterator[tuple[Section, int, int]]:
    """The numbered sections of one, and what leads up to the first of them; nothing for a line in another part of it."""
    numbered = [at for at, part in enumerate(above.parts) if part.step]
    if not numbered or (step and not step.step):
        return
    for part in above.parts[max(numbered[0] - 1, 0) : numbered[-1] + 1]:
        yield from _all_of(part)


def _all_of(section: Section) -> Iterator[tuple[Section, int, int]]:
    return ((part, part.first, part.text) for part in section.all())
