"""Credentials that are told by their shape: private keys, whole, and the tokens that vendors document (`vendors`)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from ingest.redaction.keywords import Index
from ingest.redaction.marks import ALLOWED, Finding, blank, compiled, replace
from ingest.redaction.shapes import TokenRule
from ingest.redaction.values import hides, is_credential, is_mixed, is_random, stands_for_another
from ingest.redaction.vendors import TOKENS

# -- private keys -----------------------------------------------------------------------------------------------------

_BEGIN = re.compile(r"-----BEGIN (?:[A-Z0-9 ]+ )?PRIVATE KEY(?: BLOCK)?-----")
_END = re.compile(r"-----END (?:[A-Z0-9 ]+ )?PRIVATE KEY(?: BLOCK)?-----")
_KEY_LINE = re.compile(r"^[\s>#*/\"'|+-]*(?:[A-Za-z0-9+/=\\]+|[A-Z][A-Za-z-]+: .*)?[\"',\\\s]*$")


def private_keys(lines: list[str], found: set[Finding]) -> None:
    """Whole blocks. One without an end goes as far as its lines look like a key's: better too much than too little."""
    at = 0
    while at < len(lines):
        begin = _BEGIN.search(lines[at])
        if begin and _END.search(lines[at], begin.end()):
            _within(lines, at, found)
            begin = _BEGIN.search(lines[at])
        if not begin:
            at += 1
            continue
        last = at + 1
        while last < len(lines) and not _END.search(lines[last]) and _KEY_LINE.match(lines[last]):
            last += 1
        tail = _END.search(lines[last]) if last < len(lines) else None
        replace(lines, at, [(begin.start(), len(lines[at]))], "private-key", found)
        for row in range(at + 1, last):
            blank(lines, row, "private-key", found)
        if tail:
            indent = len(lines[last]) - len(lines[last].lstrip())
            replace(lines, last, [(min(indent, tail.start()), tail.end())], "private-key", found)
        at = last


def _within(lines: list[str], at: int, found: set[Finding]) -> None:
    """Keys that begin and end on one line, as in JSON."""
    spans, end = [], 0
    for stop in _END.finditer(lines[at]):
        if begin := _BEGIN.search(lines[at], end, stop.start()):
            spans.append((begin.start(), stop.end()))
        end = stop.end()
    replace(lines, at, spans, "private-key", found)


_PUBLIC = re.compile(r"(?i)^pk[_-]|[_-]pk[_-]|pub")  # what vendors call publishable
_GROUP = re.compile(r"\(\?P<\w+>")

# -- tokens of known shape --------------------------------------------------------------------------------------------


class _Ready(NamedTuple):
    """The rules with their patterns; which of them a keyword asks for; and those without one worth the name, all in one pattern."""

    rules: list[tuple[TokenRule, Any]]
    by_keyword: dict[str, list[int]]
    others: list[int]
    any_other: Any


@lru_cache(maxsize=1)
def _ready() -> _Ready:
    rules = [(rule, compiled(f"(?m){rule.pattern}")) for rule in TOKENS]
    others = [number for number, rule in enumerate(TOKENS) if _is_poor(rule)]
    by_keyword: dict[str, list[int]] = {}
    for number, rule in enumerate(TOKENS):
        for keyword in () if _is_poor(rule) else rule.keywords:
            by_keyword.setdefault(keyword, []).append(number)
    anything = "|".join(f"(?:{_GROUP.sub('(?:', TOKENS[number].pattern)})" for number in others)
    return _Ready(rules, by_keyword, others, compiled(f"(?m){anything}"))


def _is_poor(rule: TokenRule) -> bool:
    """Whether its keywords are so short that they stand in every text."""
    return min(map(len, rule.keywords)) < 3


_KEY_ID = re.compile(r"\b(?:AKIA|ASIA)[A-Z2-7]{16}\b")
_AWS_SECRET = compiled(r"(?:^|[^A-Za-z0-9/+])([A-Za-z0-9/+]{40})(?:[^A-Za-z0-9/+=]|$)")
_NEAR = 3  # lines beside an AWS key's id


def aws_pairs(lines: list[str], index: Index, found: set[Finding]) -> None:
    """AWS' secret keys, which have no prefix, on the line of a key's id and on those next to it."""
    for at in index.rows(("akia", "asia")):
        if not _KEY_ID.search(lines[at]):
            continue
        for row in range(max(0, at - 1), min(len(lines), at + _NEAR)):
            if not ALLOWED.search(lines[row]):
                spans = [m.span(1) for m in _AWS_SECRET.finditer(lines[row]) if is_mixed(m.group(1))]
                replace(lines, row, spans, "aws-secret-access-key", found)


def tokens(lines: list[str], index: Index, found: set[Finding]) -> None:
    """The tokens of vendors."""
    ready = _ready()
    asked = {number for word in ready.by_keyword.keys() & index.present for number in ready.by_keyword[word]}
    if ready.any_other.search(index.raw):
        asked.update(ready.others)
    for number in sorted(asked):
        rule, pattern = ready.rules[number]
        if index.has(rule.keywords) and pattern.search(index.raw):
            for at in index.rows(rule.keywords):
                if not ALLOWED.search(lines[at]):
                    replace(lines, at, list(_spans(rule, pattern, lines[at])), rule.name, found)


def _spans(rule: TokenRule, pattern: Any, line: str) -> Iterator[tuple[int, int]]:
    group = pattern.groupindex.get("secret", 0)
    for match in pattern.finditer(line):
        value = match.group(group)
        if _counts(value, rule) if group else _is_token(value, match, pattern.groupindex):
            yield match.span(group)


def _counts(value: str, rule: TokenRule) -> bool:
    """Whether what stands at the place where a rule has its secret is one."""
    if rule.sure and len(value) > 5:
        return not stands_for_another(value)
    return is_credential(value, strict=False, password=True)


def _is_token(value: str, match: Any, groups: Mapping[str, int]) -> bool:
    """Whether it is a token, and neither a placeholder nor words that stand behind a prefix by chance."""
    if ("random" in groups or "mixed" in groups) and _PUBLIC.search(value):
        return False
    if "random" in groups or "mixed" in groups:
        return (
            is_random(match.group(groups["random"])) if "random" in groups else is_mixed(match.group(groups["mixed"]))
        )
    return not hides(value) and (any(map(str.isdigit, value)) or not value.islower())
