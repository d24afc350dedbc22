"""A secret that was taken out of one place of a text is one wherever it stands in it: `redact` calls `repeats` last."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import re2

from ingest.redaction.marks import MARK, Finding, compiled, replace
from ingest.redaction.values import is_chance, is_opaque

_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)+(?::\d+)?")
_EDGES = " \t\"'`,;"
_MOST = 500  # secrets of one text that are looked for again
_RULE = re.compile(r"\[REDACTED:([\w-]+)\]")


def repeats(before: Sequence[str], lines: list[str], found: set[Finding]) -> None:
    """Takes the secrets of `before` that `lines` lack out of the rest of `lines`. A secret is looked for that is random: a word
    that serves as a password is a word elsewhere."""
    rules: dict[str, str] = {}
    for number in sorted({finding.line - 1 for finding in found}):
        for value, rule in _taken(before[number], lines[number]):
            if len(rules) < _MOST and not _HOST.fullmatch(value) and (is_opaque(value) or is_chance(value)):
                rules.setdefault(value, rule)
    if not rules:
        return
    pattern = compiled("|".join(re2.escape(value) for value in sorted(rules, key=len, reverse=True)))
    if not pattern.search("\n".join(lines)):
        return
    for at, line in enumerate(lines):
        for match in [*pattern.finditer(line)][::-1]:  # from the end, so that columns hold
            start, end = match.span()
            if not (line[start - 1 : start].isalnum() or line[end : end + 1].isalnum()):
                replace(lines, at, [(start, end)], rules[match[0]], found)


def _taken(before: str, after: str) -> Iterator[tuple[str, str]]:
    """What stood where a line has marks now, and their rules; nothing where the rest of the line is not as it was."""
    kept, rules = MARK.split(after), _RULE.findall(after)
    if before == after or not before.startswith(kept[0]):
        return
    at = len(kept[0])
    for rule, part in zip(rules, kept[1:], strict=True):
        end = before.find(part, at) if part else len(before)
        if end < 0:
            return
        yield before[at:end].strip(_EDGES), rule
        at = end + len(part)
