"""What a sentence says that must be right to the letter: numbers, commands, hosts, addresses, paths, identifiers.

`missing` names those that do not stand in the text that the sentence cites. `claims` flags the sentence then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_FENCED = re.compile(r"^[ \t]*(```+|~~~+)[^\n]*\n(.*?)(?:^[ \t]*\1[`~]*[ \t]*$|\Z)", re.M | re.S)
_SPAN = re.compile(r"(`+)(.+?)\1", re.S)
_ITEM = re.compile(r"^\s*\d+[.)]\s", re.M)
_TOKEN = re.compile(r"[^\s,;()\[\]{}\"'“”‘’<>|`…]+")
_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_QUANTITY = re.compile(r"[~≈±=$€£#+v-]*(\d+(?:[.,:]\d+)*)(?:[%°]|[A-Za-z]{0,3}|-?[A-Za-z]{3,})(?:[-–](?=\d))?", re.I)
_RANGE = re.compile(r"\d+(?:[.,:]\d+)*(?:[-–/]\d+(?:[.,:]\d+)*)+")
_HUMPS = re.compile(r"[A-Z]+[a-z0-9]*")
_WORDS = dict(
    zip(
        "one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty sixty".split(),
        "1 2 3 4 5 6 7 8 9 10 11 12 15 20 30 60".split(),
        strict=True,
    )
) | {"once": "1", "twice": "2", "half": "0.5", "hundred": "100", "zero": "0", "first": "1", "second": "2", "third": "3"}


def missing(sentence: str, cited: str) -> list[str]:
    """What of the sentence's particulars does not stand in the cited text, in the order in which it is said."""
    flat = _flat(cited)
    numbers = _numbers(cited)
    lacking = [code for code in _commands(sentence) if not _stands(code, flat)]
    lacking += [token for token in _tokens(sentence) if not _found(token, flat.lower(), numbers)]
    return list(dict.fromkeys(lacking))


def _commands(sentence: str) -> Iterator[str]:
    """Code spans, and the lines of fenced blocks that are no comment."""
    for block in _FENCED.finditer(sentence):
        for line in _flat_lines(block[2]):
            command = line.strip().removeprefix("$ ")
            if command and not command.startswith(("#", "//")):
                yield " ".join(command.split())
    for span in _SPAN.finditer(_FENCED.sub("", sentence)):
        yield " ".join(span[2].split()).removeprefix("$ ")


def _tokens(sentence: str) -> Iterator[str]:
    """Words outside of code that can be right or wrong to the letter."""
    prose = _ITEM.sub("", _SPAN.sub(" ", _FENCED.sub(" ", sentence))).replace("**", "").replace("__", "")
    for token in _TOKEN.findall(prose):
        word = token.strip(".:!?*_")
        if _telling(word):
            yield word


def _telling(word: str) -> bool:
    if any(letter.isdigit() for letter in word) or word.startswith(("--", "~/", "./")):
        return True
    if "_" in word or "@" in word or word.count("/") > 1 or re.match(r"/\w", word):
        return True
    if re.search(r"\w\.\w{2,}", word):
        return True
    return len(_HUMPS.findall(word)) >= 3 and word.isalnum() and not word.isupper()


def _found(token: str, flat: str, numbers: frozenset[str]) -> bool:
    if _stands(token.lower(), flat):
        return True
    if (quantity := _QUANTITY.fullmatch(token)) or _RANGE.fullmatch(token):
        said = [quantity[1]] if quantity else _NUMBER.findall(token)
        return all(_bare(number) in numbers for number in said)
    return False


def _stands(wanted: str, flat: str) -> bool:
    """Whether it stands there whole, not as a part of a longer word or number."""
    before = r"(?<![\w])" if wanted[:1].isalnum() else ""
    before += r"(?<!\d\.)" if wanted[:1].isdigit() else ""
    after = r"(?!\w|[.,]\d)" if wanted[-1:].isalnum() else ""
    return re.search(before + re.escape(wanted) + after, flat) is not None


def _numbers(text: str) -> frozenset[str]:
    """Every number of a text, also of those written in words, and the parts of dates and addresses."""
    found = {_bare(number) for number in _NUMBER.findall(text)}
    found |= {_WORDS[word] for word in re.findall(r"[a-z]+", text.lower()) if word in _WORDS}
    return frozenset(found)


def _bare(number: str) -> str:
    """Without thousands' commas and leading zeros, so that 01 is 1 and 10,000 is 10000."""
    plain = re.sub(r",(?=\d{3}(?!\d))", "", number)
    return plain if re.search(r"[.:,]", plain) else plain.lstrip("0") or "0"


def _flat(text: str) -> str:
    return " ".join(text.replace("\\\n", " ").split())


def _flat_lines(text: str) -> list[str]:
    return text.replace("\\\n", " ").split("\n")
