"""`ScrubbedSource`: a source as it is read after a purge. What was purged does not come back, though the source still has it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from ingest.refusals import decode
from ingest.rendering import Rendered, from_rows, is_rendered, rendered_rows
from ingest.sandbox import shared
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

    def fetch(self, items: Sequence[Listed]) -> Iterator[tuple[Listed, bytes | Rendered | Exception]]:
        for item, data in self._source.fetch(items):
            try:
                yield item, data if isinstance(data, Exception) else self._scrubbed(item.path, data)
            except DocumentError as error:
                yield item, error

    def _scrubbed(self, path: str, data: bytes | Rendered) -> bytes | Rendered:
        """What is rendered is rendered here already: in the bytes of a PDF no value is seen."""
        if isinstance(data, bytes) and is_rendered(path, data):
            rows: Sequence[Any] | None = shared().run(rendered_rows, path, data)
            data = from_rows(rows) if rows else data
        if isinstance(data, Rendered):
            return data.changed(self._purged.scrub)
        try:
            text, _ = decode(data)
        except DocumentError:
            return data  # it is refused anyway
        clean = self._purged.scrub(text)
        return data if clean == text else clean.encode("utf-8", "surrogatepass")

    def link(self, item: Listed, version: str) -> Link:
        return self._source.link(item, version)

    def close(self) -> None:
        self._source.close()
