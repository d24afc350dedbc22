"""`ScrubbedSource`: a source as it is read after a purge. What was purged does not come back, though the source still has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ingest.refusals import decode
from ingest.sources import Link, Listed, Listing, Previous, Source
from rag.errors import DocumentError
from rag.purged import Purged


class ScrubbedSource:
    """Another source's documents: purged ones are refused, and out of the others every purged value is taken before anything else
    sees them. `moved` are the new paths of purged documents that moved: those are purged too."""

    def __init__(self, source: Source, name: str, purged: Purged) -> None:
        self._source = source
        self._purged = purged
        self._refused = purged.paths(name)
        self.moved: dict[str, str] = {}

    def listing(self, previous: Previous) -> Listing:
        listing = self._source.listing(previous)
        self.moved = {new: self._refused[old] for new, old in listing.moved.items() if old in self._refused}
        refused = {**self._refused, **self.moved}
        items = tuple(
            replace(item, refusal=item.refusal or f"purged on {refused[item.path][:10]}")
            if item.path in refused
            else item
            for item in listing.items
        )
        return replace(listing, items=items)

    def fetch(self, items: Sequence[Listed]) -> Iterator[tuple[Listed, bytes | Exception]]:
        for item, data in self._source.fetch(items):
            yield item, self._scrubbed(data) if isinstance(data, bytes) else data

    def _scrubbed(self, data: bytes) -> bytes:
        try:
            text, _ = decode(data)
        except DocumentError:
            return data  # it is refused anyway
        clean = self._purged.scrub(text)
        return data if clean == text else clean.encode("utf-8", "surrogatepass")

    def link(self, item: Listed, version: str) -> Link:
        return self._source.link(item, version)
