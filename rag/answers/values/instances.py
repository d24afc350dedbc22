"""Which one of several a question names: an instance of a block (`for_each`), an entry of a map, a resource or a call by name.

One that is named is a filter: the value of another is none for it, however alike it is called (`dkim2` for `dkim7`). `asked`
calls this; `settled` says that there is no such one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from rag.answers.values.subject import Candidate
from rag.environments import CANONICAL
from rag.terraform.standings import plain
from rag.terraform.values import EffectiveValue

Hit = TypeVar("Hit")
_NAME = re.compile(r"(?<![\w.-])[a-z0-9]+(?:[_-][a-z0-9]+)+(?![\w-])|(?<![\w.-])[a-z]{2,}\d+(?![\w-])", re.I)
KEY = re.compile(r"\[\"([^\"]+)\"\]")
_CALL = re.compile(r"module\.([\w-]+)")
_SEGMENT = re.compile(r"[a-z]+|\d+")
_ALIKE = 0.5  # of the segments of two names, where they are called after one pattern


@dataclass(frozen=True)
class Absent:
    """A name that the question has, and the names after one pattern with it that there are."""

    name: str
    there: tuple[str, ...]


class Instances:
    """The names in a question that may be those of one among several; names of environments (`apart`) are none."""

    def __init__(self, question: str, apart: Collection[str] = ()) -> None:
        found = (plain(match[0]) for match in _NAME.finditer(question))
        self.names = tuple(dict.fromkeys(name for name in found if name not in apart))
        self._capitals = {word.lower() for word in re.findall(r"\b[A-Z]{2,}\b", question)}
        self._words = set(_SEGMENT.findall(question.lower())) - {"us", "it", "in", "on"} | self._capitals

    def speak_of(self, candidate: Candidate, value: EffectiveValue) -> bool | None:
        """Whether this one is named, or another after the same pattern; None where the question names none of the sort."""
        own = _keys(candidate, value)
        if set(own) & set(self.names):
            return True
        return False if any(_is_another(name, key) for name in self.names for key in own) else None

    def narrowed(
        self, hits: Sequence[Hit], of: Callable[[Hit], tuple[Candidate, EffectiveValue, str]]
    ) -> tuple[list[Hit], list[Absent]]:
        """The hits, without those of another than the one that is named; and the names of which there is none. `of` gives what
        is set, the value, and the folder in which it is called first."""
        keys = [(hit, _keys(*of(hit)[:2]), _speaking(of(hit)[2])) for hit in hits]
        if exact := [hit for hit, own, around in keys if {*own, *around} & set(self.names)]:
            return exact, []
        absent: list[Absent] = []
        for name in self.names:
            like = {of(hit)[0].block.id for hit, own, _ in keys if any(_is_another(name, key) for key in own)}
            others = [(hit, own[:1]) for hit, own, _ in keys if of(hit)[0].block.id in like]
            if others:  # of whatever stands beside it under another name
                absent.append(Absent(name, tuple(sorted({key for _, own in others for key in own}))))
                keys = [one for one in keys if of(one[0])[0].block.id not in like]
        return self._told_apart([(hit, of(hit)[0].block.id, _instance(of(hit)[1])) for hit, _, _ in keys]), absent

    def _told_apart(self, instances: Sequence[tuple[Hit, str, Collection[str]]]) -> list[Hit]:
        """Those whose key has a word of the question that others' of the block lack: of `shop-eu-1` and `shop-us-1` the one of
        "the EU shops"."""
        of_block: dict[str, set[str]] = {}
        for _, block, own in instances:
            of_block.setdefault(block, set()).update(own)
        return [
            hit
            for hit, block, own in instances
            if not any(self._fits_better(other, key) for key in own for other in of_block[block])
        ]

    def _fits_better(self, other: str, key: str) -> bool:
        theirs, own = (set(_SEGMENT.findall(name)) for name in (other, key))
        return bool(self._words & (theirs - own)) and not self._words & (own - theirs)


def _keys(candidate: Candidate, value: EffectiveValue) -> tuple[str, ...]:
    """What one among several is called: its key, that of its call, its entry's, its own name and its call's. What is a setting
    itself, a variable say, is none."""
    symbol = candidate.block.symbol
    entries = candidate.told.path.split(".")[:-1] if symbol.kind in ("local", "variable", "value") else []
    called = [found for call in value.calls for found in _CALL.findall(call)]
    own = [symbol.name] if candidate.attribute else []
    return tuple(map(plain, (*_instance(value), *entries, *called, *own)))


def _instance(value: EffectiveValue) -> tuple[str, ...]:
    """The keys of a value's instance and of the calls that lead to it."""
    return tuple(map(plain, KEY.findall(" ".join((*value.calls, value.instance)))))


def _speaking(root: str) -> Iterator[str]:
    """The names of the folders above that say whose it is: `shop-prod`."""
    return (name for name in map(plain, root.split("/")) if set(name.split("-")) & CANONICAL.keys())


def _is_another(name: str, key: str) -> bool:
    """Whether a key is another one's after the same pattern: words and numbers stand alike in both, or half of them are the same;
    each has one of its own, or the name has a number more."""
    own, theirs = _SEGMENT.findall(name), _SEGMENT.findall(key)
    more, others = Counter(own) - Counter(theirs), Counter(theirs) - Counter(own)
    common = len(own) - more.total()
    alike = own[:1] == theirs[:1] and [one.isdigit() for one in own] == [one.isdigit() for one in theirs]
    if not common or not (alike or common >= _ALIKE * max(len(own), len(theirs))):
        return False
    return bool(more and others) or (bool(more) and all(part.isdigit() for part in more))
