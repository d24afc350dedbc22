"""Knowing a text again by what it says, though it was moved and edited, without keeping it.

A text is known by its shingles (Broder, 1997): every three words that follow each other, however its lines are broken. Of each a
hash under a secret key is kept, cut to 24 bits, and of a long text a sample of them: enough to tell that another text has half of
them, too little to tell what any of them said. `rag.purged` keeps sketches of purged documents.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

_WIDTH = 3  # words of a shingle
_BYTES = 3  # of a hash: by chance one of a text of 10,000 words is that of a given shingle once in 1,700 times
_SAMPLE = 300  # hashes kept of a text
_SHARE = (
    0.5  # of the purged text's own shingles that another must have, or of the other's that must be the purged one's
)
_FEWEST = 8  # shingles, of either text, to tell anything by
_WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]|[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3]+")


@dataclass(frozen=True)
class Sketch:
    """What is kept of a text: `size` counts its own shingles, of which `sample` holds the hashes of some, in hex, joined."""

    size: int
    sample: str

    @property
    def hashes(self) -> frozenset[str]:
        step = 2 * _BYTES
        return frozenset(self.sample[at : at + step] for at in range(0, len(self.sample), step))


def shingles(text: str) -> set[str]:
    """The text's shingles, in small letters."""
    words = _WORD.findall(text.casefold())
    return {" ".join(words[at : at + _WIDTH]) for at in range(len(words) - _WIDTH + 1)}


def sketches(texts: Iterable[str], others: Iterable[str], key: bytes) -> list[Sketch]:
    """The versions of a text by the shingles that none of the other texts has; not those of which too few are left to know them
    by. `others` is gone through once."""
    own = [found for found in map(shingles, dict.fromkeys(texts)) if len(found) >= _FEWEST]
    every = set[str]().union(*own)
    for other in others if own else ():
        common = every & shingles(other)
        every -= common
        for one in own if common else ():
            one.difference_update(common)
    return [
        Sketch(len(one), "".join(sorted({_hash(s, key) for s in one})[:_SAMPLE])) for one in own if len(one) >= _FEWEST
    ]


class Likeness:
    """A text, to be compared with sketches that were made under one key."""

    def __init__(self, text: str, key: bytes) -> None:
        self._hashes = {_hash(one, key) for one in shingles(text)}

    def __call__(self, known: Sketch) -> bool:
        """Whether it holds half of what was the other text's own, or half of what it says itself is the other's."""
        if len(self._hashes) < _FEWEST:
            return False
        sample = known.hashes
        shared = len(sample & self._hashes) / len(sample)
        return shared >= _SHARE or shared * known.size >= max(_FEWEST, _SHARE * len(self._hashes))


def _hash(shingle: str, key: bytes) -> str:
    return hashlib.blake2b(shingle.encode("utf-8", "surrogatepass"), digest_size=_BYTES, key=key).hexdigest()
