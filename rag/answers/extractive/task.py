"""The task that a question asks how to do, as a section of a page: the outermost one whose headings say what is asked, with all
that stands below it. Sections that follow each other there are one procedure, whatever level their headings have, and whether or
not each of them was found.

`rag.answers.evidence` brings the rest of it along, `steps` quotes it in order, and says what of it is left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rag.answers.extractive.alarms import without_talk
from rag.answers.extractive.deeds import deeds, saying
from rag.answers.extractive.mishaps import MISHAPS
from rag.answers.extractive.page import Section, page_of, worded
from rag.answers.judging.sought import asks_for_fact
from rag.answers.judging.wording import EVERYDAY, EVERYDAY_WORTH, Wording, parts_alone, worth
from rag.indexes.tokens import content_words
from rag.records import Document

_LEAST = 0.7  # of what a question asks that headings must say
_NEARLY = 0.9  # of what the headings say that say most, for a section further out
_RARITY = 0.8  # of any word of the question: which are rare is not asked, so that a page alone tells its tasks
# Little words that make another task of the same things: "recycle all nodes", "no logs".
_OF_ALL = frozenset(("all", "every", "each", "entire", "whole"))
_NONE = frozenset(("no", "not", "without", "missing", "never", "cannot", "isn't", "aren't", "doesn't", "don't"))
_LITTLE = 0.8  # what each kind of them is worth
_UNASKED = 0.8  # of what a page says that is about all of them, for who asked about one
_OTHER = 0.5  # of how far a task is what is asked for, what hangs on whether its headings say little else
_BELOW = 0.85  # of it, for a section below the page's title, which may be a part of another task
_NAMING = 0.6  # of a heading's words, that are those of the name that it is
_ABOUT = 0.5  # of the question, that the title of a page says which is about it
_OWN = 0.5  # of the question, that a section's own heading says whose sentences tell what to do
# How a sentence begins that tells what to do, perhaps behind what it is for: "To revoke it, log into the console".
_ORDER = re.compile(
    r"(?:^|[.:;]\s+|^\W*(?:to|once|when|after|before|if|first|then|next|finally)\b[^.:]*,\s+)[\s>*+-]*"
    r"(?:please |you (?:must|should|need to|have to) )?"
    r"(?:go|open|click|press|select|choose|add|remove|delete|disable|enable|log|sign|navigate|run|set|change|update|create|ask|"
    r"contact|raise|submit|send|merge|apply|use|follow|copy|edit|replace|revoke|make|check|wait|restart|stop|start|rotate|download|"
    r"install|visit|fill|email|request|get|find|post|tell|inform|notify|let|put|take|turn|switch|write|read|do)\b",
    re.I | re.M,
)
# A form that is filled in for each occasion, by where forges and generators look for such.
_FORM = re.compile(r"(?:^|/)(?:\.?\w*_)?templates?/|(?:issue|pull_request|merge_request)_template", re.I)
# A thing's or a role's description, which is asked by its name: "what does the scribe do?".
_DESCRIBED = re.compile(
    r"^\W*what(?:['’]s| is| are| does| do) (?:the |an? |our )?(?P<thing>[^?.!,;]+?)"
    r" (?:do|does|responsible for|accountable for|for)\W*$|"
    r"^\W*what(?:['’]s| is| are) the (?:role|duty|duties|job|responsibilit(?:y|ies)|tasks?) of"
    r" (?:the |an? |our )?(?P<of>[^?.!,;]+?)\W*$",
    re.I,
)
_NUMBER = re.compile(r"^(?:step\s+)?[\d.):\s]+", re.I)
_FORM_ASKED = re.compile(r"\btemplates?\b", re.I)


@dataclass(frozen=True)
class Task:
    """A section of a page, the share of the question that its headings say, and how far it is what is asked for: the less, the
    more else they say. Both are 0 to 1. `named`: its own heading is the name of what is to be described."""

    section: Section
    share: float
    fit: float
    named: bool = False

    def holds(self, line: int) -> bool:
        return self.section.first <= line <= self.section.last


def task(question: str, document: Document) -> Task | None:
    """The section of a page that tells how to do what is asked; None where a fact is asked for, where no headings say it, and
    where nothing is to be done below those that do."""
    words = {word: _value(word) for word in _asked(question, document)}
    if not words or asks_for_fact(question) or is_form(question, document):
        return None
    if described := _described(question):
        return _of_name(described, document)
    asked = _little(question)
    total = sum(words.values()) + len(asked) * _LITTLE
    told = []
    for depth, said, section in _headed(document.title, page_of(document)):
        wording, little = Wording(said), _little(said)
        held = sum(value for word, value in words.items() if wording.holds(word)) + len(asked & little) * _LITTLE
        told.append((held / total * (_UNASKED if _OF_ALL in little - asked else 1.0), depth, said, section))
    told = saying(deeds(question), told, lambda one: one[2])
    most = max(share for share, *_ in told)
    fitting = [
        one for one in told if one[0] >= _NEARLY * most and (one[3].doing or _is_headed(one[3], words, document))
    ]
    if most < _LEAST or not fitting:
        return None
    share, depth, said, section = min(fitting, key=lambda one: (one[1], one[3].first - one[3].last))
    fit = share * (1 - _OTHER + _OTHER * _precision(question, said)) * (_BELOW if depth and section.level > 1 else 1.0)
    return Task(section, share, fit)


def _asked(question: str, document: Document) -> list[str]:
    """The words of a question, of a compound ("BrokerQueueTooLong") itself or its parts, as the page writes it."""
    words, twice = without_talk(question, content_words(question)), parts_alone(question)
    page = Wording(f"{document.title}\n{document.text}") if twice else None
    whole = [word for word in words if page and any(part in word for part in twice) and word not in twice]
    if page and not all(map(page.holds, whole)):
        return [word for word in words if word not in whole]
    return [word for word in words if word not in twice]


def _value(word: str) -> float:
    return worth(word, _RARITY) / (EVERYDAY_WORTH if word in MISHAPS & EVERYDAY else 1.0)


def _is_headed(section: Section, words: Mapping[str, float], document: Document) -> bool:
    """Whether a section without commands or numbers is the task all the same: its own heading asks for it ("Revoking access"),
    its sentences tell what to do, and nothing is parted off below it."""
    own = Wording(worded(section.heading))
    said = sum(value for word, value in words.items() if own.holds(word))
    alone = section.level > 0 and not section.parts and not section.step and said >= _OWN * sum(words.values())
    return alone and bool(_ORDER.search(document.lines(section.first + 1, section.last)))


def _described(question: str) -> list[str]:
    """The words of the name whose description is asked for; none where none is."""
    found = _DESCRIBED.search(question)
    return content_words(found["thing"] or found["of"]) if found else []


def _of_name(words: Sequence[str], document: Document) -> Task | None:
    """The section whose own heading says a name and least else, be it a step or not; the outermost of such."""
    named = [(_NUMBER.sub("", worded(section.heading)), section) for section in page_of(document).all()]
    asked = " ".join(words)
    told = [(_precision(asked, name), section) for name, section in named if all(map(Wording(name).holds, words))]
    fitting = [one for one in told if one[0] >= _NAMING]
    if not fitting:
        return None
    fit, section = max(fitting, key=lambda one: (one[0], one[1].last - one[1].first))
    return Task(section, 1.0, fit, named=True)


def is_about(question: str, document: Document) -> bool:
    """Whether a page's title says a good part of the question: then what stands on it may well belong to the answer."""
    words, title = without_talk(question, content_words(question)), Wording(document.title)
    total = sum(worth(word, _RARITY) for word in words)
    return sum(worth(word, _RARITY) for word in words if title.holds(word)) >= _ABOUT * total > 0


def _little(text: str) -> frozenset[frozenset[str]]:
    """Of which kinds a text has little words."""
    words = text.lower().replace("’", "'").replace("-", " ").split()
    return frozenset(kind for kind in (_OF_ALL, _NONE) if not kind.isdisjoint(words))


def _precision(question: str, said: str) -> float:
    """The share of what headings say that the question says too."""
    asked, words = Wording(question), content_words(said.lower())  # OpenSearch is one word to who asks
    return sum(asked.holds(word) for word in words) / len(words) if words else 0.0


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
