"""What a question asks to be done with a thing: "How do I rebuild the release?", or "and if it must be rebuilt (publish the
release)?", as `rag.conversation` writes a follow-up. The same page may tell to publish it, and that is the wrong thing.

`task` and `steps` prefer the section that says it, `extract` leaves the others of its page away.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from rag.answers.judging.wording import EVERYDAY, Wording
from rag.indexes.tokens import content_words

_T = TypeVar("_T")
_TO_DO = re.compile(
    r"\bhow (?:do|does|can|should|would|must) (?:i|we|you|one|somebody|someone) (?P<deed>[a-z]+)\b|\bhow to (?P<to>[a-z]+)\b",
    re.I,
)
_OPPOSITE = re.compile(r"\b(?:de|un|dis|non)-\w+", re.I)  # "de-prioritise" is not to prioritise
_FOLLOWS = re.compile(r"^(?P<own>[^()]+?) \([^()]{3,}\)\?$")


def deeds(question: str) -> tuple[str, ...]:
    """The words that say what is to be done; none where plain talk does ("set up", "get")."""
    if follows := _FOLLOWS.match(question.strip()):
        return tuple(word for word in content_words(follows["own"]) if word not in EVERYDAY)
    asked = _TO_DO.search(question)
    return tuple(word for word in content_words(asked["deed"] or asked["to"]) if word not in EVERYDAY) if asked else ()


def saying(deed: Sequence[str], every: Sequence[_T], said: Callable[[_T], str]) -> list[_T]:
    """Those that say one of these words; all of them where none does, or there are no such words."""
    found = [one for one in every if any(map(Wording(_OPPOSITE.sub(" ", said(one))).holds, deed))] if deed else []
    return found or list(every)
