"""How secrets are taken out of a line, and what is said of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import re2

_MEMORY = 64 << 20  # bytes that one pattern's automaton may take before RE2 falls back to a slower way
ALLOWED = re.compile(r"pragma: ?allowlist secret|gitleaks:allow", re.I)  # a person says that the line holds none
MARK = re.compile(r"\[REDACTED:[\w-]+\]")


def options() -> Any:
    """How RE2 is asked to work."""
    result = re2.Options()
    result.max_mem = _MEMORY
    return result


def compiled(pattern: str) -> Any:
    """A pattern on RE2, whose time is linear in the text."""
    return re2.compile(pattern, options())


@dataclass(frozen=True)
class Finding:
    """Where something was redacted, and by which rule; never what."""

    line: int
    rule: str


def replace(lines: list[str], at: int, spans: Iterable[tuple[int, int]], rule: str, found: set[Finding]) -> None:
    """Puts the mark in the place of each stretch of columns (0-based, in order) of a line, which is written once."""
    line, kept, end = lines[at], [], 0
    for start, stop in spans:
        if start >= end:
            kept.append(line[end:start])
            end = stop
    if kept:
        lines[at] = f"[REDACTED:{rule}]".join([*kept, line[end:]])
        found.add(Finding(at + 1, rule))


def blank(lines: list[str], at: int, rule: str, found: set[Finding]) -> None:
    """Takes a whole line out, but for its indentation."""
    line = lines[at]
    if line.strip() and not MARK.search(line):
        replace(lines, at, [(len(line) - len(line.lstrip()), len(line))], rule, found)
