"""Keeping an index in step with the catalog: read the change log from the index's watermark on, and apply it."""

from __future__ import annotations

from collections.abc import Callable

from rag.catalog import Catalog
from rag.ports import Index

_BATCH = 2000  # changes applied between two watermarks


class Projection:
    """One index and the catalog that it follows. `model` names the embedder for a vector index, "" for a lexical one."""

    def __init__(self, catalog: Catalog, index: Index, model: str = "") -> None:
        self._catalog = catalog
        self.index = index
        self._model = model

    def catch_up(self, progress: Callable[[int, int], None] = lambda done, total: None) -> int:
        """Applies every change that the index has not seen, and gives their number."""
        start, last = self.index.watermark(), self._catalog.last_change()
        mark = start
        if mark > last:  # the catalog is older than the index: it was restored or replaced
            self._reset()
            mark = start = 0
        while mark < last:
            changes = self._catalog.changes(mark, _BATCH)
            mark = changes[-1].seq
            # Only the last word on a passage counts, and what it means is what the catalog says of it now.
            last_word = {change.passage_id: change.op for change in changes}
            changed = {change.passage_id for change in changes if self._model or change.op == "put"}
            entries = self._catalog.entries(sorted(changed), self._model)
            deletes = [passage_id for passage_id, op in last_word.items() if op == "delete"]
            self.index.apply(entries, deletes, mark)
            progress(mark - start, last - start)
        return last - start

    def _reset(self) -> None:
        self.index.apply([], list(self.index.stamps()), 0)
