"""Whose a file is, by the repository's CODEOWNERS. The sources `git` and `folder` call this.

Format: GitHub's and GitLab's documentation of code owners; the last rule that matches a path decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from codeowners import CodeOwners

PLACES = (".github/CODEOWNERS", ".gitlab/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")  # the first one there counts
MOST_BYTES = 200_000


def owners(data: bytes) -> Callable[[str], str]:
    """What gives a path's owners, joined by commas; "" where no rule matches. Rules that can't be understood are passed over."""
    lines = data[:MOST_BYTES].decode("utf-8", "replace").splitlines()
    rules = CodeOwners("\n".join(line for line in lines if _valid(line)))
    return lambda path: ", ".join(name for _, name in rules.of(path))


def _valid(line: str) -> bool:
    try:
        CodeOwners(line)
    except (ValueError, re.error):
        return False
    return True
