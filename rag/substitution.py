"""What a follow-up puts in the place of something ("and bristol?" after "how do I restart the leyland gateway?").

An environment stands for an environment, a phrase for one that ends in the same word, a name for the one name of its shape, a
single word for what says which of several things is meant. Where two things could be meant, nothing is replaced; and where a
word may be a name or none, the pages are asked whether they speak of such a thing. `rag.conversation` calls `put_in_place`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from rag.environments import NAMED, PLACED, PLAIN
from rag.indexes.tokens import STOP_WORDS
from rag.leaning import VAGUE, Other, names, shape
from rag.shorthand import alike

Together = Callable[[str, str], bool]  # whether two words stand beside each other in what the asker may read

_DETERMINER = re.compile(r"^(?:the|a|an|in|on|for|at|our|my|just)\s+", re.I)
_ONE = re.compile(r"(?P<name>[\w./-]+)(?:'s)? ones?", re.I)
_NO_STOP_WORD = rf"(?!(?:{'|'.join(sorted(STOP_WORDS))})\b)"
_SOME = re.compile(rf"\ban?\s+[\w-]+(?: {_NO_STOP_WORD}[\w-]+)*", re.I)
_COUNTED = re.compile(rf"\b(?:how many|which|what)\s+{_NO_STOP_WORD}(?P<noun>[a-z][\w-]*s)\b(?!-)", re.I)
_WHOSE = re.compile(
    rf"\bof (?:(?:the|our) )?{_NO_STOP_WORD}(?P<whose>[a-z][\w-]*[^is\W]s)\b(?=\W*$| (?:kept|stored|sent|set)\b)"
)
_MODIFIED = re.compile(r"\b(?:the|our|my|your|their|this|an?)\s+(?P<which>[\w./-]+)\s+(?P<thing>[\w-]+)", re.I)
_ENDS_BARE = re.compile(r"\b(?P<before>(?:[\w./-]+ ){0,3})(?P<name>[a-z][\w-]*)\W*$")
_OF_A_PHRASE = re.compile(r"\b(?:the|our|my|your|their|this|an?) (?:[\w./-]+ )*$", re.I)  # "the node ", before "group"
_NO_NAMES = STOP_WORDS | VAGUE
_WORDS = ("word", "Name", "ACRONYM")
_QUALITY = re.compile(r"\w(?:tion|sion|ment|ity|ness|ance|ence|age|ly)$|^(?:why|how|what|who|when|where)$", re.I)


@dataclass(frozen=True)
class Put:
    """An earlier question about something else: `whole`, or with what was to be replaced left out, since nothing tells that
    the other word is of its kind."""

    question: str
    whole: bool = True


@dataclass(frozen=True)
class Slot:
    """A stretch of a question that may be replaced. `sure`: whatever stands for it is of its kind."""

    start: int
    end: int
    sure: bool = True


def put_in_place(before: str, other: Other, earlier: Sequence[str], together: Together | None) -> Put | None:
    """The earlier question about something else; None where nothing in it is of that kind, or several things are."""
    bare = _DETERMINER.sub("", other.phrase)
    if len(bare.split()) <= 2 and _is_environment(bare.split()[0].strip(","), before, other):
        return Put(_in_environment(before, bare))
    one = _ONE.fullmatch(bare)
    name = one["name"] if one else bare
    if " " in name:
        return _same_thing(before, other.phrase, name)
    if name.lower() in _NO_NAMES or _QUALITY.search(name):
        return None
    known = not one and name != other.phrase and shape(name) == "word"  # "the pods" are a thing, and no name of one
    for slots in _slots(before, name, other.where, earlier, thing=known):
        if len({before[slot.start : slot.end].lower() for slot in slots}) > 1:
            return None
        if slots:
            return _filled(before, slots[0], name, together)
    return None


def _is_environment(name: str, before: str, other: Other) -> bool:
    """Whether a word names an environment: it is called as these usually are, or stands where one is asked for."""
    placed = other.where.lower() == "in" or bool(NAMED.search(before) or PLACED.search(before))
    return bool(NAMED.fullmatch(name) or (placed and PLAIN.fullmatch(name)))


def _in_environment(before: str, bare: str) -> str:
    """The earlier question of this environment: in the place of the one that it names, or behind it."""
    name = bare.split(maxsplit=1)[0].strip(",")
    if not NAMED.search(before) and PLACED.search(before):
        return PLACED.sub(name, before)
    return NAMED.sub(name, before) if NAMED.search(before) else f"{before.rstrip('?!. ')} in {bare}?"


def _same_thing(before: str, phrase: str, bare: str) -> Put | None:
    """ "the tracking database" → "the ledger database": the words before the same head replaced; "a bucket" → "a topic"."""
    if any(word.lower() in STOP_WORDS for word in bare.split()):
        return None
    *which, head = bare.split()
    heads = "|".join(re.escape(word) for word in re.findall(r"[\w-]+", before) if alike(word, head))
    if heads and (found := re.search(rf"\b(?P<before>(?:[\w-]+ ){{1,3}})(?P<head>{heads})\b", before, re.I)):
        words = found["before"].split()
        kept = [at for at, word in enumerate(words, 1) if word.lower() in STOP_WORDS]
        replaced = " ".join([*words[: max(kept, default=0)], *which, found["head"]])
        return Put(before[: found.start()] + replaced + before[found.end() :])
    some = [*_SOME.finditer(before)]
    if len(some) == 1 and re.match(r"an?\s", phrase, re.I):
        return Put(before[: some[0].start()] + phrase + before[some[0].end() :])
    return None


def _slots(before: str, name: str, where: str, earlier: Sequence[str], *, thing: bool) -> Iterator[list[Slot]]:
    """What a name may stand for, likeliest first."""
    alike = shape(name) in _WORDS
    plural = alike and name.islower() and bool(re.search(r"[^isu]s$", name))
    if put := _put_last(earlier):
        same = re.finditer(rf"(?<![\w-]){re.escape(put)}(?![\w-])", before)
        yield [Slot(*match.span()) for match in same if (shape(put) in _WORDS) == alike]
    if not alike or name.isupper():
        yield [Slot(*match.span()) for match in names(before) if shape(match[0]) == shape(name)]
    if not alike:
        return
    if where:
        yield [Slot(*m.span(1)) for m in re.finditer(rf"\b{where}\s+(?:(?:the|our|an?)\s+)?([\w./-]+)", before, re.I)]
    if thing:
        return
    if not plural:
        yield [Slot(*m.span(), name[0].isupper()) for m in names(before) if shape(m[0]) == "Name"]
    modified = [match for match in _MODIFIED.finditer(before) if _says_which(match)]
    yield [Slot(*m.span("which"), sure=False) for m in modified if not plural or m["which"].endswith("s")]
    if plural:
        yield [Slot(*match.span("noun")) for match in _COUNTED.finditer(before)]
        yield [Slot(*match.span("whose")) for match in _WHOSE.finditer(before)]
    if (bare := _ENDS_BARE.search(before)) and not plural and bare["name"] not in _NO_NAMES:
        yield [] if _OF_A_PHRASE.search(bare["before"]) else [Slot(*bare.span("name"), sure=False)]


def _says_which(match: re.Match[str]) -> bool:
    return match["which"].lower() not in _NO_NAMES - {"default"} and match["thing"].lower() not in _NO_NAMES


def _put_last(earlier: Sequence[str]) -> str:
    """What the last question put in the place of something in the one before: where the two differ, in one stretch."""
    if len(earlier) < 2:
        return ""
    was, now = earlier[-2].rstrip("?!. ").split(), earlier[-1].rstrip("?!. ").split()
    first = next((at for at, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), min(len(was), len(now)))
    rest = next(
        (at for at, (a, b) in enumerate(zip(was[first:][::-1], now[first:][::-1], strict=False)) if a != b),
        min(len(was), len(now)) - first,
    )
    replaced, put = was[first : len(was) - rest], now[first : len(now) - rest]
    named = len(put) == 1 == len(replaced) and first + rest > 0 and not NAMED.fullmatch(put[0])
    return put[0] if named else ""


def _filled(before: str, slot: Slot, name: str, together: Together | None) -> Put | None:
    """A question with a name in the place of another; without either where no page speaks of such a thing."""
    after = re.match(r"\s+([\w-]+)", before[slot.end :])
    if not slot.sure and together and after and after[1].lower() not in STOP_WORDS:
        thing = after[1].lower()
        if together(before[slot.start : slot.end].lower(), thing) and not together(name.lower(), thing):
            return Put(before[: slot.start] + before[slot.end :].lstrip(), whole=False)
    return Put(before[: slot.start] + name + before[slot.end :])
