"""Whether two statements of two pages are about one thing, and so can't both hold. `conflicts` asks `disagree`.

A false alarm costs more trust than a missed one: whatever one page says and the other does not, and that may tell two things
apart (a word that is part of a name, "for staging callers", another gateway in the title), makes for silence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rag.answers.caveats.quantities import stem
from rag.answers.caveats.statements import Statement, words_of
from rag.drift.typed import alike
from rag.environments import CANONICAL

_SHARED, _SOME = 1, 2  # words in common of two statements: that name the same thing, and that name none
_PLENTY = 3  # words in common that need nothing around them
_ALIKE, _ALIKE_UNNAMED = 0.5, 0.67  # and what share of the shorter one's words that must be
_APART = 50  # times that one number may be the other: beyond that they are about two things
_NEAR = 12  # lines of a page within which it may speak of the same thing
_TELLING = frozenset(
    ("port", "channel", "address", "region", "often", "by", "state", "host", "weekday", "cidr", "version", "instance")
)
_PLACES = frozenset(map(stem, CANONICAL))  # compared by themselves
_OF = re.compile(r"\bof\b|['’]s\b")
_FOR = r"\b(?:for|from|by|per|during|via|in|within|under|into|through) (?:(?:the|a|an|our|each|every|all|its) )?(?:[\w-]+ )?"


def disagree(one: Statement, two: Statement) -> bool:  # one return a reason for silence
    """Whether two statements give two values of one thing."""
    if (one.kind, one.qualifiers) != (two.kind, two.qualifiers) or not _differ(one, two):
        return False
    if one.environments != two.environments and one.environments | two.environments != {"prod"}:
        return False
    shared, shortest = len(one.words & two.words), min(len(one.words), len(two.words))
    if one.names and two.names:
        return bool(one.names & two.names) and shared >= _SHARED and shared >= _ALIKE * shortest
    if not _same_subject(one, two) or _told_apart(one, two):
        return False
    return shared >= _SHARED and shared >= _ALIKE_UNNAMED * shortest and _enough(one, two)


def _enough(one: Statement, two: Statement) -> bool:
    """Whether what two statements share says what they are about: much of it, or the same words with what stands around them;
    where only one says a word, the other's title or sentence must have it."""
    shared, every = one.words & two.words, one.words | two.words
    known = one.kind in _TELLING or one.kind.startswith("number ")
    if len(shared) >= _PLENTY or (known and shared == every and len(every) >= _SOME):
        return True
    around = words_of(one.document.title) & words_of(two.document.title) or (one.context & two.context) - shared
    return bool(around) and (known or len(every) >= _SOME) and every - _PLACES <= one.context & two.context


def _differ(one: Statement, two: Statement) -> bool:
    if one.value == two.value:
        return False
    if isinstance(one.value, int | float) and isinstance(two.value, int | float):
        small, large = sorted((one.value, two.value))
        if one.kind == "size" and alike(small, large):
            return False
        return one.kind == "state" or large <= _APART * small
    return True


def _told_apart(one: Statement, two: Statement) -> bool:
    """Whether something that one says and the other does not may tell two things apart."""
    mine = one.words - two.words - two.context - _PLACES
    other = two.words - one.words - one.context - _PLACES
    if (mine and other) or _implied(one, two):
        return True
    if any(_qualifies(word, said) for words, said in ((mine, one), (other, two)) for word in words):
        return True
    proper = _proper(one.document.title), _proper(two.document.title)
    return bool(all(proper) and not proper[0] & proper[1]) or _other_heads(one.document.title, two.document.title)


def _implied(one: Statement, two: Statement) -> bool:
    """Whether each page is about something of which the other says nothing, and what they state doesn't say of what it holds
    ("Mutual TLS is enabled." of payments, and of search)."""
    titles = [words_of(said.document.title) for said in (one, two)]
    apart = titles[0] - two.context - titles[1] and titles[1] - one.context - titles[0]
    named = any(said.words & title or _OF.search(said.text) for said, title in zip((one, two), titles, strict=True))
    return bool(apart) and not named


def _qualifies(word: str, said: Statement) -> bool:
    """Whether a word makes a name with its neighbour ("the Redis exporter") or says for which case it holds ("for guests")."""
    for match in re.finditer(rf"\b{re.escape(word)}\w*", said.text, re.I):
        if re.search(_FOR + "$", said.text[: match.start()], re.I):
            return True
        beside = re.search(r"([\w-]+) $", said.text[: match.start()]), re.match(r" ([\w-]+)", said.text[match.end() :])
        if any(near and words_of(near[1]) & said.words - {word} for near in beside):
            return True
    return False


def _other_heads(one: str, two: str) -> bool:
    """Whether two titles put another word before the same one: "the courier gateway", "the tracking gateway"."""
    before = [dict(_pairs(title)) for title in (one, two)]
    said = words_of(one), words_of(two)
    return any(
        first != before[1][head] and first not in said[1] and before[1][head] not in said[0]
        for head, first in before[0].items()
        if head in before[1]
    )


def _pairs(title: str) -> Iterator[tuple[str, str]]:
    """(word, the one right before it) of what means something."""
    for part in re.split(r"[^\w -]+", title):
        parts = part.split()
        for first, second in zip(parts, parts[1:], strict=False):
            yield from ((head, before) for head in words_of(second) for before in words_of(first))


def _same_subject(one: Statement, two: Statement) -> bool:
    """Whether one of two statements, where they name things, speaks of what the other names: of half of a name's words that the
    names of both don't share."""
    named = [(mine, other) for mine, other in ((one, two), (two, one)) if mine.subjects]
    return not named or any(
        2 * len(own & other.context) >= len(own) > 0
        for mine, other in named
        for name in mine.subjects
        if (own := words_of(name) - {word for one in other.subjects - {name} for word in words_of(one)})
    )


def _proper(title: str) -> set[str]:
    """The words that tell one page from its siblings ("Restart the Bristol gateway"): capitals behind the first word."""
    return {word for word in re.findall(r"[\w-]+", title)[1:] if word[0].isupper()}


def says_too(one: Statement, told: Sequence[Statement], other: Statement) -> bool:
    """Whether the document of one statement states the other's value as well, near by: then it speaks of two things."""
    return any(
        near.document.id == one.document.id
        and near.kind == other.kind
        and near.value == other.value
        and _akin(near, one)
        for near in told
    )


def _akin(near: Statement, one: Statement) -> bool:
    """Whether two statements of one page may be about the same thing."""
    if abs(near.line - one.line) > _NEAR or (near.names and one.names and not near.names & one.names):
        return False
    return bool(near.words & one.words)
