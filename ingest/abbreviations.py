"""Short forms and what a document says they stand for: "Simple Notification Service (SNS)", "SNS (Simple Notification Service)".

After Schwartz and Hearst, A simple algorithm for identifying abbreviation definitions in biomedical text (PSB 2003): the short
form's letters stand in the long form in their order, the first one at the start of a word. A sync calls this for each document.
"""

from __future__ import annotations

import re

from rag.indexes.tokens import tokenise

_SHORT = r"[A-Z][A-Za-z0-9&/-]{1,9}"
_WORD = r"[A-Za-z][\w'&/-]{0,39}"
_LONG_FIRST = re.compile(rf"(?<![\w'&/-])((?:{_WORD}[ \t]+){{1,10}})\((?P<short>{_SHORT})\)")
_SHORT_FIRST = re.compile(rf"\b(?P<short>{_SHORT})[ \t]+\((?P<long>{_WORD}(?:[ \t]+{_WORD}){{1,9}})\)")
_MOST = 200  # of one document


def abbreviations(text: str) -> dict[str, str]:
    """Short forms with their long forms, both as words in lower case: {"sns": "simple notification service"}."""
    found: dict[str, str] = {}
    for match in _LONG_FIRST.finditer(text):
        _note(found, match["short"], _long_form(match["short"], match[1].split()))
    for match in _SHORT_FIRST.finditer(text):
        _note(found, match["short"], _long_form(match["short"], match["long"].split(), whole=True))
    return dict(list(found.items())[:_MOST])


def _note(found: dict[str, str], short: str, words: list[str]) -> None:
    long = " ".join(tokenise(" ".join(words)).words)
    if long and sum(letter.isupper() for letter in short) >= 2 and short.lower() not in long.split():
        found.setdefault(short.lower(), long)


def _long_form(short: str, words: list[str], *, whole: bool = False) -> list[str]:
    """The fewest of the last words that the short form can stand for; none when there are none. `whole`: all of them."""
    letters = [letter for letter in short.lower() if letter.isalnum()]
    most = min(len(letters) + 5, len(letters) * 2)
    for count in [len(words)] if whole else range(2, min(most, len(words)) + 1):
        tail = words[len(words) - count :]
        if count <= most and tail[0][0].lower() == letters[0] and _stands_for(letters, " ".join(tail).lower()):
            return tail
    return []


def _stands_for(letters: list[str], long: str) -> bool:
    """Whether the letters stand in the long form in their order, from its first letter on, at starts of words where they can."""
    starts = [match.start() for match in re.finditer(r"(?<![^\W_])[^\W_]", long)]
    initials = [long[at] for at in starts]
    if len(letters) > len(long) or letters[0] != long[0]:
        return False
    at = matched = 0
    for letter in letters:
        at = long.find(letter, at) + 1
        if at == 0:
            return False
    for letter in letters:
        if letter in initials:
            initials = initials[initials.index(letter) + 1 :]
            matched += 1
    return matched * 2 > len(letters)  # most of them are initials
