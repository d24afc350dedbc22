"""How alike two texts are, told by sketches of them that hold no text: the least of the hashes of their words (bottom-k sketches,
https://en.wikipedia.org/wiki/MinHash). What differs from one showing of a page to the next is no word: numbers, dates, ids,
tokens, and the page's own address.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

_LEAST = 32  # hashes that are kept: likeness is exact for texts of fewer words, and 0.09 off for others
_HEX = 6  # digits of one hash
_LONG = 20  # letters; what is longer is a token, or is written without spaces
_WORD = re.compile(r"\w+")


def sketch(text: str, url: str) -> str:
    """The sketch of a text that stands at an address, in hexadecimal digits; "" where it has no words."""
    own = set(_words(unquote(urlsplit(url).path)))
    names = (hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=_HEX // 2) for word in {*_words(text)} - own)
    return "".join(sorted(name.hexdigest() for name in names)[:_LEAST])


def likeness(one: str, other: str) -> float:
    """Which share of the words of two sketched texts, from 0 to 1, stands in both."""
    first, second = _hashes(one), _hashes(other)
    both = sorted(first | second)
    if len(first) >= _LEAST or len(second) >= _LEAST:
        both = both[:_LEAST]
    return sum(name in first and name in second for name in both) / len(both) if both else 0.0


def _hashes(told: str) -> set[str]:
    return {told[at : at + _HEX] for at in range(0, len(told), _HEX)}


def _words(text: str) -> Iterator[str]:
    for match in _WORD.finditer(text.casefold()):
        for word in match[0].split("_"):
            if not word.isalpha():
                continue
            if len(word) <= _LONG and not (len(word) > 2 and word[0] >= "\u2e80"):
                yield word
            elif not word.isascii():
                yield from (word[at : at + 2] for at in range(len(word) - 1))
