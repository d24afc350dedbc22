"""`MemoryIndex`: an index in a dictionary, for tests; exact by vector, by count of shared words for text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rag.indexes.lexical import glob_regex
from rag.indexes.tokens import tokenise
from rag.ports import Entry, Hit, Scope, Terms, Vectors


class MemoryIndex:
    """Holds entries in memory and forgets them at exit."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._watermark = 0

    def __len__(self) -> int:
        return len(self._entries)

    def watermark(self) -> int:
        return self._watermark

    def apply(self, puts: Sequence[Entry], deletes: Sequence[str], watermark: int) -> None:
        for passage_id in deletes:
            self._entries.pop(passage_id, None)
        self._entries.update({entry.id: entry for entry in puts})
        self._watermark = watermark

    def search(self, query: Terms | Vectors, k: int, scope: Scope) -> list[Hit]:
        hits = [Hit(entry.id, _score(query, entry)) for entry in self._entries.values() if _admitted(entry, scope)]
        return sorted((hit for hit in hits if hit.score > 0), key=lambda hit: -hit.score)[:k]

    def stamps(self) -> Mapping[str, str]:
        return {entry.id: entry.stamp for entry in self._entries.values()}


def _score(query: Terms | Vectors, entry: Entry) -> float:
    if isinstance(query, Terms):
        words = set(tokenise(f"{entry.title} {entry.heading} {entry.path} {entry.text}").words)
        return float(sum(word in words for word in query.words))
    return float(entry.vector @ query) if entry.vector is not None else 0.0


def _admitted(entry: Entry, scope: Scope) -> bool:
    return (
        entry.access in scope.access
        and (not scope.sources or entry.source in scope.sources)
        and (not scope.kinds or entry.kind in scope.kinds)
        and (not scope.paths or any(re.fullmatch(glob_regex(glob), entry.path) for glob in scope.paths))
    )
