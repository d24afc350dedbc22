"""The parts of a question that asks more than one thing, and which of them nothing that is quoted tells.

"How much memory does it have, and how large is its disk?" is half answered by the memory. `rag.answers.extractive.extract` looks
for a piece for each part, and `rag.ask` says which there is none for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rag.answers.judging.sought import Sought
from rag.answers.judging.wording import EVERYDAY, Wording
from rag.indexes.tokens import content_words
from rag.shorthand import Forms

_ASKING = r"(?:(?:by|to|in|on|for|from|at|with) )?(?:how|what|which|who|whom|whose|when|where|why)\b"
_SPLIT = re.compile(rf"[,;]?\s+(?:and|or)\s+(?={_ASKING})|[,;]\s+(?={_ASKING})|\?\s+(?=(?:and\s+)?{_ASKING})", re.I)
_ALSO = (("disk", "volume"), ("disk", "storage"))  # what files of settings call it
_CASE = re.compile(r"^\W*(?:if|once|after|before|while|assuming|given|suppose|say)\b", re.I)
_BEGINS = re.compile(rf"^\W*(?:and\s+)?{_ASKING}", re.I)


@dataclass(frozen=True)
class Part:
    """One of the things that a question asks, with the telling words that it has alone."""

    text: str
    words: tuple[str, ...]

    def is_told(self, texts: Iterable[str], forms: Forms = ()) -> bool:
        """Whether a text has half of its words; of a part that has none of its own, whether one says such a thing as it wants."""
        if self.words:
            said = (Wording(text, (*forms, *_ALSO)) for text in texts)
            return any(2 * sum(map(one.holds, self.words)) >= len(self.words) for one in said)
        sought = Sought(self.text)
        return any(map(sought.is_met, texts))

    def is_met(self, text: str, forms: Forms = ()) -> bool:
        """Whether a text says just what it asks for: all of its words, and such a thing."""
        said = Wording(text, (*forms, *_ALSO))
        return all(map(said.holds, self.words)) and Sought(self.text).is_met(text)


def parts(question: str) -> tuple[Part, ...]:
    """The parts of a question; none of one that asks a single thing. In what case it is asked ("if it is down, …") is no part."""
    texts = [re.sub(r"^and\s+", "", text.strip(" ?.!,;"), flags=re.I) for text in _SPLIT.split(question)]
    texts = texts[1:] if _CASE.match(texts[0]) else texts
    if len(texts) < 2 or not all(map(_BEGINS.match, texts)):
        return ()
    words = [content_words(text) for text in texts]
    found = []
    for at, text in enumerate(texts):
        others = {word for other, each in enumerate(words) if other != at for word in each}
        found.append(Part(text, tuple(w for w in words[at] if w not in others and w not in EVERYDAY and len(w) > 2)))
    return tuple(found)


def untold(
    question: str, names: Sequence[str], shown: str, quotes: Sequence[str], forms: Forms = ()
) -> tuple[str, ...]:
    """The parts of a question that no quote tells, and the names in it of things among several of which nothing is `shown`."""
    lacking = [part.text for part in parts(question) if not part.is_told(quotes, forms)]
    return (*lacking, *(name for name in names if len(names) > 1 and name.lower() not in shown.lower()))
