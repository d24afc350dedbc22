"""Credentials that are told by their shape: private keys, whole, and the tokens that vendors document (`vendors`)."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from ingest.redaction.marks import ALLOWED, Finding, compiled, replace
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
        if not begin:
            at += 1
            continue
        end = _END.search(lines[at], begin.end())
        if end:
            replace(lines, at, begin.start(), end.end(), "private-key", found)
            continue
        last = at + 1
        while last < len(lines) and not _END.search(lines[last]) and _KEY_LINE.match(lines[last]):
            last += 1
        tail = _END.search(lines[last]) if last < len(lines) else None
        replace(lines, at, begin.start(), len(lines[at]), "private-key", found)
        for row in range(at + 1, last):
            if lines[row].strip():
                indent = len(lines[row]) - len(lines[row].lstrip())
                replace(lines, row, indent, len(lines[row]), "private-key", found)
        if tail:
            indent = len(lines[last]) - len(lines[last].lstrip())
            replace(lines, last, min(indent, tail.start()), tail.end(), "private-key", found)
        at = last


# -- tokens of known shape --------------------------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _token_patterns() -> tuple[tuple[str, tuple[str, ...], Any], ...]:
    return tuple((rule.name, rule.keywords, compiled(f"(?m){rule.pattern}")) for rule in TOKENS)


def tokens(lines: list[str], lows: list[str], found: set[Finding]) -> None:
    """The tokens of vendors. `lows` are the lines in lower case."""
    lowered, text = "\n".join(lows), "\n".join(lines)
    for name, keywords, pattern in _token_patterns():
        if not any(keyword in lowered for keyword in keywords) or not pattern.search(text):
            continue
        for at, low in enumerate(lows):
            if not any(keyword in low for keyword in keywords) or ALLOWED.search(lines[at]):
                continue
            for match in reversed(list(pattern.finditer(lines[at]))):
                group = pattern.groupindex.get("secret", 0)
                value = match.group(group)
                if is_credential(value, strict=False) if group else not masked(value):
                    replace(lines, at, match.start(group), match.end(group), name, found)
