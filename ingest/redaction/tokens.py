"""Credentials that are told by their shape: private keys, whole, and the tokens that vendors document (`vendors`)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from ingest.redaction.keywords import Index
from ingest.redaction.marks import ALLOWED, Finding, blank, compiled, replace
from ingest.redaction.values import is_credential, masked
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


# -- tokens of known shape --------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _token_patterns() -> tuple[tuple[str, tuple[str, ...], Any], ...]:
    return tuple((rule.name, rule.keywords, compiled(f"(?m){rule.pattern}")) for rule in TOKENS)


def tokens(lines: list[str], index: Index, found: set[Finding]) -> None:
    """The tokens of vendors."""
    for name, keywords, pattern in _token_patterns():
        if not index.has(keywords) or not pattern.search(index.text):
            continue
        group = pattern.groupindex.get("secret", 0)
        for at in index.rows(keywords):
            if not ALLOWED.search(lines[at]):
                values = ((m.group(group), m.span(group)) for m in pattern.finditer(lines[at]))
                spans = [span for value, span in values if _is_token(value, within=bool(group))]
                replace(lines, at, spans, name, found)


def _is_token(value: str, *, within: bool) -> bool:
    return is_credential(value, strict=False, password=True) if within else not masked(value)
