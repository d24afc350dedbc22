"""Whose a file is, by the repository's CODEOWNERS. The sources `git` and `folder` call this.

The last rule that matches a path decides; one without owners says that there is none. In each of GitLab's sections a last rule
decides, and the owners of all are named. Formats: docs.github.com, "About code owners"; docs.gitlab.com, "Code Owners syntax".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import re2
from codeowners import parse_owner, path_to_regex

# The first one there counts, for GitHub (which knows no .gitlab) as for GitLab (which knows no .github).
PLACES = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")
MOST_BYTES = 200_000  # of a longer one nothing is known: the rules that decide stand at its end
_SECTION = re.compile(r"\^?\[([^\]]+)\](?:\[\d+\])?(?:\s+(.*))?")
_SPACE = "\0"  # in the place of an escaped one, so that a pattern is one word
_Rule = tuple[Any, str]


def owners(data: bytes) -> Callable[[str], str]:
    """What gives a path's owners, joined by commas; "" where no rule matches. Rules that can't be understood are passed over."""
    sections: dict[str, list[_Rule]] = {}
    name, default = "", ""
    text = data.decode("utf-8", "replace") if len(data) <= MOST_BYTES else ""
    for line in text.splitlines():
        words = _words(line)
        if section := _SECTION.fullmatch(" ".join(words)):
            name, default = section[1].lower(), _named((section[2] or "").split())
        elif words and (rule := _rule(words, default)):
            sections.setdefault(name, []).append(rule)
    by_section = [rules[::-1] for rules in sections.values()]

    def owner_of(path: str) -> str:
        readable = path.encode("utf-8", "replace").decode()  # a name need not be UTF-8
        deciding = [next((names for pattern, names in rules if pattern.search(readable)), "") for rules in by_section]
        return ", ".join(dict.fromkeys(name for names in deciding for name in names.split(", ") if name))

    return owner_of


def _words(line: str) -> list[str]:
    """A line's words up to a comment."""
    words = line.replace("\\ ", _SPACE).split()
    return words[: next((at for at, word in enumerate(words) if word.startswith("#")), None)]


def _rule(words: list[str], default: str) -> _Rule | None:
    """A pattern and its owners; None when it can't be understood. It runs on RE2: `*a*a*a*b` would keep another engine for
    hours."""
    names = _named(words[1:])
    if len(words) > 1 and not names:
        return None
    try:
        pattern = path_to_regex(words[0]).pattern.replace(r"\Z", r"\z").replace(_SPACE, " ")
        return re2.compile(pattern), names or default
    except (ValueError, IndexError, re.error, re2.error):
        return None


def _named(words: list[str]) -> str:
    return ", ".join(word for word in words if parse_owner(word))
