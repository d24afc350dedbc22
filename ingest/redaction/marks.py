"""How a secret is taken out of a line, and what is said of it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import re2

_MEMORY = 64 << 20  # bytes that one pattern's automaton may take before RE2 falls back to a slower way
ALLOWED = re.compile(r"pragma: ?allowlist secret|gitleaks:allow", re.I)  # a person says that the line holds none
MARK = re.compile(r"\[REDACTED:[\w-]+\]")


def compiled(pattern: str) -> Any:
    """A pattern on RE2, whose time is linear in the text."""
    options = re2.Options()
    options.max_mem = _MEMORY
    return re2.compile(pattern, options)


@dataclass(frozen=True)
class Finding:
    """Where something was redacted, and by which rule; never what."""

    line: int
    rule: str


def replace(lines: list[str], at: int, start: int, end: int, rule: str, found: set[Finding]) -> None:
    """Puts the mark in the place of columns start to end of a line (0-based)."""
    lines[at] = f"{lines[at][:start]}[REDACTED:{rule}]{lines[at][end:]}"
    found.add(Finding(at + 1, rule))
