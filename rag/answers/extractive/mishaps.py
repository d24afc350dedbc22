"""What befell a thing ("I lost my key, what do I do?"): a page that tells how such a thing is set up is no answer to it.

`task` values such words, `extract` asks which one a question is about.
"""

from __future__ import annotations

from rag.answers.judging.wording import EVERYDAY, asked_words

# Words of plain talk elsewhere, some of them.
MISHAPS = frozenset(
    "lost lose loses losing missing break breaks broke broken stolen expired expires leaked forgot".split()
)


def mishap(question: str) -> str:
    """What befell a thing, where a question says no more than that; "" for one that asks for something to be done."""
    words = asked_words(question)
    befell = [word for word in words if word in MISHAPS]
    others = [word for word in words if word not in MISHAPS | EVERYDAY]
    return befell[0] if len(befell) == 1 == len(others) else ""
