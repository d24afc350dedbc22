"""The task that a question asks how to do, as a section of a page: the outermost one whose headings say what is asked, with all
that stands below it. Sections that follow each other there are one procedure, whatever level their headings have, and whether or
not each of them was found.

`rag.answers.evidence` brings the rest of it along, `rag.answers.steps` quotes it in order, and says what of it is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.answers.page import Section, page_of, worded
from rag.answers.wording import Wording, worth
from rag.indexes.tokens import content_words, tokenise
from rag.records import Document

QUANTITY = r"\bhow (?:many|much|long|often|far|big|large|old|fast|soon)\b"
# A question for a fact: no procedure answers it.
FACT = re.compile(r"^\W*(?:who|when|where|which|why|is|are|does|do|did|was|were)\b|\bstands? for\b|" + QUANTITY, re.I)

_LEAST = 0.7  # of what a question asks that headings must say
_NEARLY = 0.9  # of what the headings say that say most, for a section further out
_RARITY = 0.8  # of any word of the question: which are rare is not asked, so that a page alone tells its tasks
_OF_ALL = frozenset(("all", "every", "each", "entire", "whole"))
_OF_ALL_WORTH = 0.8
_UNASKED = 0.8  # of what a page says that is about all of them, for who asked about one
# A form that is filled in for each occasion, by where forges and generators look for such.
_FORM = re.compile(r"(?:^|/)(?:\.?\w*_)?templates?/|(?:issue|pull_request|merge_request)_template", re.I)
_FORM_ASKED = re.compile(r"\btemplates?\b", re.I)


@dataclass(frozen=True)
class Task:
    """Lines first to last of a page, and the share of the question that the headings of this section say, 0 to 1."""

    section: Section
    share: float

    def holds(self, line: int) -> bool:
        return self.section.first <= line <= self.section.last


def task(question: str, document: Document) -> Task | None:
    """The section of a page that tells how to do what is asked; None where a fact is asked for, where no headings say it, and
    where nothing is to be done below those that do."""
    words = {word: worth(word, _RARITY) for word in content_words(question)}
    if not words or FACT.search(question) or is_form(question, document):
        return None
    all_of_them = not _OF_ALL.isdisjoint(tokenise(question).words)
    total = sum(words.values()) + all_of_them * _OF_ALL_WORTH
    told = []
    for depth, said, section in _headed(document.title, page_of(document)):
        wording, of_all = Wording(said), not _OF_ALL.isdisjoint(tokenise(said).words)
        held = sum(value for word, value in words.items() if wording.holds(word))
        share = (held + (all_of_them and of_all) * _OF_ALL_WORTH) / total
        told.append((share * (_UNASKED if of_all and not all_of_them else 1.0), depth, section))
    most = max(share for share, _, _ in told)
    fitting = [one for one in told if one[0] >= _NEARLY * most and one[2].doing]
    if most < _LEAST or not fitting:
        return None
    share, _, section = min(fitting, key=lambda one: (one[1], one[2].first - one[2].last))
    return Task(section, share)


def is_form(question: str, document: Document) -> bool:
    """Whether a page is a form to be filled in, and no such form was asked for."""
    return bool(_FORM.search(document.path)) and document.kind != "terraform" and not _FORM_ASKED.search(question)


def _headed(above: str, section: Section, depth: int = 0) -> Iterator[tuple[int, str, Section]]:
    """Each section with the headings that say what it is about; steps are of the section above them."""
    said = f"{above} {worded(section.heading)}"
    yield depth, said, section
    for part in section.parts:
        if not part.step:
            yield from _headed(said, part, depth + 1)
