"""What was read of the catalog and is costly to read again: kept for one viewer until the catalog or its
ledger changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from rag.catalog.reader import Catalog
from rag.records import Viewer

Read = TypeVar("Read")


class Kept(Generic[Read]):
    """The last thing that `read` gave for a viewer."""

    def __init__(self, catalog: Catalog, read: Callable[[Viewer], Read]) -> None:
        self._catalog = catalog
        self._read = read
        self._last: tuple[object, Read] | None = None

    def of(self, viewer: Viewer) -> Read:
        key = (self._catalog.state(), self._catalog.access_keys(viewer))
        last = self._last
        if last is None or last[0] != key:
            last = self._last = (key, self._read(viewer))
        return last[1]
