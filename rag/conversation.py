"""Follow-up questions, made to stand alone before anything is looked for: by rules, so that no model and no key is needed.

A question that says what it is about stays as it is. One that leans on what was asked before (`rag.leaning`) is given what it
leans on: what it puts in the place of something is put there (`rag.substitution`), and otherwise, or where that is not sure, the
earlier question's words stand behind it in brackets. `rag.threads` and `waypost eval questions` call `standalone`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.courtesy import is_courtesy
from rag.indexes.tokens import tokenise
from rag.leaning import LEAD, other_of, own_words, stands_alone
from rag.search import MAX_QUERY
from rag.substitution import Together, put_in_place

_TOPIC = 300  # characters of an earlier question that are carried on
_TAIL = re.compile(
    r"[\s,;:–-]+(?:what (?:do|should|can|shall) (?:i|we)(?: do)?|what (?:now|next|then)|mean|do|happen|work|look at)"
    r"(?: first| next| then| now)?$",
    re.I,
)
_POINTED = re.compile(r"\b(?:this|that|these|those)\s+(?:same )?(?P<noun>[a-z][\w-]{2,})", re.I)


def standalone(question: str, earlier: Sequence[str], together: Together | None = None) -> str:
    """The question so that it can be understood without the `earlier` ones (stand-alone themselves, oldest first).
    `together` tells whether two words stand beside each other in what the asker may read."""
    said = " ".join(question.split())
    if not earlier or not tokenise(said).words or is_courtesy(said) or stands_alone(said):
        return question
    before = " ".join(_antecedent(said, earlier).split())
    put = put_in_place(before, other, earlier, together) if (other := other_of(said)) else None
    if put and put.whole:
        return put.question
    topic = _topic(put.question if put else before)
    if not topic or MAX_QUERY - len(said) - 4 < len(topic):
        return question
    return f"{said.rstrip('?!. ')} ({topic})?"


def _antecedent(said: str, earlier: Sequence[str]) -> str:
    """The earlier question that "that log" points at: the last that speaks of one, or the last of all."""
    for pointed in _POINTED.finditer(said):
        noun = pointed["noun"].lower().rstrip("s")
        spoken = [one for one in earlier if re.search(rf"(?<![A-Za-z]){re.escape(noun)}s?(?![a-z])", one, re.I)]
        if spoken and own_words(noun):
            return spoken[-1]
    return earlier[-1]


def _topic(before: str) -> str:
    """What an earlier question is about: its last sentence that asks, with what it says before that, without how it asks."""
    bracketed = re.search(r"\(([^()]{3,})\)\?$", before)
    if bracketed:  # a follow-up itself: what it leant on, and its own words
        own = LEAD.sub("", before[: bracketed.start()]).strip(" ?.!")
        lean = " ".join(word for word in own.split() if own_words(word))
        return _cut(f"{bracketed[1]}, {lean}" if lean and lean not in bracketed[1] else bracketed[1])
    sentences = [part.strip() for part in re.split(r"(?<=[.?!])\s+", before) if part.strip()]
    return _cut(" ".join(filter(None, map(_told, sentences))).strip(" ?.!"))


def _told(sentence: str) -> str:
    """What a sentence says, without how it asks for it."""
    told = _TAIL.sub("", LEAD.sub("", sentence).strip(" ?!"))
    return told if own_words(told) else ""


def _cut(text: str) -> str:
    if len(text) <= _TOPIC:
        return text
    return text[:_TOPIC].rsplit(" ", 1)[0]
