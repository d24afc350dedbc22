"""Which lines of a text are worth a rule's look: those with one of its keywords. Most rules are done with most texts here."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable
from functools import lru_cache
from typing import Any

import re2

from ingest.redaction.marks import options


@lru_cache(maxsize=4)
def _searcher(keywords: tuple[str, ...]) -> Any:
    """All keywords in one automaton (RE2::Set), which goes through a text once. Words alone make few states, so it never runs out
    of memory, where it would tell nothing."""
    searcher = re2.Set.SearchSet(options())
    for keyword in keywords:
        searcher.Add(re2.escape(keyword))
    searcher.Compile()
    return searcher


class Index:
    """The lines of a text by the keywords, in lower case, that stand in them."""

    def __init__(self, lines: list[str], keywords: Iterable[str]) -> None:
        self.text = "\n".join(lines)
        self.raw = self.text.encode("utf-8", "replace")  # so that no rule has to encode it again
        self._lowered = "\n".join(line.lower() for line in lines)
        known = tuple(keywords)
        self.present = {known[i] for i in _searcher(known).Match(self._lowered) or ()}
        self._starts: list[int] = []
        self._rows: dict[str, list[int]] = {}

    def has(self, keywords: Iterable[str]) -> bool:
        return not self.present.isdisjoint(keywords)

    def rows(self, keywords: Collection[str]) -> list[int]:
        """The lines, from 0 and in order, with one of the keywords."""
        present = [keyword for keyword in keywords if keyword in self.present]
        return sorted({row for keyword in present for row in self._of(keyword)})

    def _of(self, keyword: str) -> list[int]:
        if keyword not in self._rows:
            self._rows[keyword] = list(self._found(keyword))
        return self._rows[keyword]

    def _found(self, keyword: str) -> Iterable[int]:
        if not self._starts:
            at = 0
            for line in self._lowered.split("\n"):
                self._starts.append(at)
                at += len(line) + 1
            self._starts.append(at)
        at = self._lowered.find(keyword)
        while at >= 0:
            row = bisect_right(self._starts, at) - 1
            yield row
            at = self._lowered.find(keyword, self._starts[row + 1])
