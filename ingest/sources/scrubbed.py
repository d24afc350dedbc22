"""`ScrubbedSource`: a source as it is read after a purge. What was purged does not come back, though the source still has it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ingest.refusals import decode
from ingest.rendering import Rendered, is_rendered, render
from ingest.sandbox import shared
from ingest.sources import Link, Listed, Listing, Previous, Source
from ingest.sources.hiding import hidden
from rag.errors import DocumentError
from rag.purged import Purged, PurgedDocument


class ScrubbedSource:
    """Another source's documents: purged ones are refused, and out of the others every purged value is taken before anything else
    sees them. What purged documents are found as now is purged too: `remember` is told of it before it is refused."""

    def __init__(self, source: Source, name: str, purged: Purged, remember: Callable[[PurgedDocument], None]) -> None:
        self._source = source
        self._name = name
        self._purged = purged
        self._remember = remember
        self._refused = purged.at(name)
        self._new: frozenset[str] = frozenset()

    def listing(self, previous: Previous) -> Listing:
        listing = self._named(self._source.listing(previous))
        for new, old in listing.moved.items():
            if old in self._refused and new not in self._refused:
                self._refuse(replace(self._refused[old], path=new))
        self._new = frozenset(item.path for item in listing.items) - previous.signatures.keys() - listing.moved.keys()
        items = tuple(
            replace(item, refusal=item.refusal or self._refused[item.path].reason)
            if item.path in self._refused
            else item
            for item in listing.items
        )
        return replace(listing, items=items)

    def _refuse(self, document: PurgedDocument) -> None:
        self._refused = {**self._refused, document.path: document}
        self._remember(document)

    def recognised(self, path: str, text: str) -> str:
        """Why a new document, as it would be stored, is not: it says what a purged one said. "" where it does not."""
        if path not in self._new:
            return ""
        like = self._purged.like(self._name, text)
        if like is None:
            return ""
        found = replace(like, path=path, like=like.like or like.path, key="", texts=())
        self._refuse(found)
        return found.reason

    def _named(self, listing: Listing) -> Listing:
        """The listing; what has a purged value in its name is refused, and shown without it."""
        paths = [item.path for item in listing.items]
        clean = self._purged.scrub("\0".join(paths)).split("\0")
        message = self._purged.scrub(listing.message)
        if clean == paths:
            return replace(listing, message=message)
        shown = {path: name for path in paths if (name := self._purged.scrub(path)) != path}
        items = hidden(listing.items, shown, "its name holds a value that was purged; rename it")
        moved = {new: old for new, old in listing.moved.items() if new not in shown}
        return replace(listing, items=items, moved=moved, message=message)

    def fetch(self, items: Sequence[Listed]) -> Iterator[tuple[Listed, bytes | Rendered | Exception]]:
        for item, data in self._source.fetch(items):
            try:
                yield item, data if isinstance(data, Exception) else self._scrubbed(item.path, data)
            except DocumentError as error:
                yield item, error

    def _scrubbed(self, path: str, data: bytes | Rendered) -> bytes | Rendered:
        """What is rendered is rendered here already: in the bytes of a PDF no value is seen."""
        if isinstance(data, bytes) and is_rendered(path, data):
            data = shared().run(render, path, data) or data
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
