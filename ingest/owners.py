"""Whose a file is, by the repository's CODEOWNERS. The sources `git` and `folder` call this.

Format: GitHub's and GitLab's documentation of code owners; the last rule that matches a path decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import re2
from codeowners import MASK, CodeOwners

PLACES = (".github/CODEOWNERS", ".gitlab/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")  # the first one there counts
MOST_BYTES = 200_000


def owners(data: bytes) -> Callable[[str], str]:
    """What gives a path's owners, joined by commas; "" where no rule matches. Rules that can't be understood are passed over."""
    lines = data[:MOST_BYTES].decode("utf-8", "replace").splitlines()
    rules = [rule for line in reversed(lines) if (rule := _rule(line))]

    def owner_of(path: str) -> str:
        readable = path.encode("utf-8", "replace").decode().replace(" ", MASK)  # a name need not be UTF-8
        return next((names for pattern, names in rules if pattern.search(readable)), "")

    return owner_of


def _rule(line: str) -> tuple[Any, str] | None:
    """The pattern of a line and its owners. It runs on RE2: `*a*a*a*b` would keep another engine for hours."""
    try:
        for pattern, _, names, _, _ in CodeOwners(line).paths:
            return re2.compile(pattern.pattern.replace(r"\Z", r"\z")), ", ".join(name for _, name in names)
    except (ValueError, IndexError, re.error, re2.error):
        pass
    return None
