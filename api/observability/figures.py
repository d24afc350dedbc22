"""Figures of syncs, sources and indexes, read from the catalog when Prometheus asks: whoever synced, they are the same."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from rag.catalog import Catalog
from rag.errors import WaypostError

_FRESH = 5.0  # seconds for which figures are told again: counting is dear in a large catalog
_CONCERNS = {"lexical": ("put", "delete"), "documents": ("document",), "vectors": ("put", "delete", "embed")}
_STATES = ("new", "ok", "held", "partial", "stale")


class Figures(Collector):
    """A collector over one catalog. `watermarks` gives, by index, the last change that it has applied; `named` the sources
    of waypost.yaml, or None."""

    def __init__(
        self, catalog: Catalog, watermarks: Callable[[], Mapping[str, int]], named: Callable[[], Iterable[str] | None]
    ) -> None:  # fmt: skip
        self._catalog = catalog
        self._watermarks = watermarks
        self._named = named
        self._lock = threading.Lock()
        self._read_at = 0.0
        self._read: list[Metric] = []

    def describe(self) -> Iterable[Metric]:
        """Nothing is read when this is registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        with self._lock:
            if not self._read_at or time.monotonic() - self._read_at > _FRESH:
                try:
                    self._read, up = [*self._sources(), *self._runs(), *self._indexes()], 1
                except WaypostError:  # what the other metrics say is wanted most then
                    self._read, up = [], 0
                self._read.append(GaugeMetricFamily("waypost_catalog_up", "Whether the catalog can be read.", up))
                self._read_at = time.monotonic()
            yield from self._read

    def _sources(self) -> Iterator[Metric]:
        now = datetime.now(UTC)
        rows = {row.name: row for row in self._catalog.sources()}
        names = sorted({*rows, *(self._named() or ())})
        age = _gauge("waypost_source_age_seconds", "Since the last complete sync; none yet: no sample.", "source")
        never = _gauge("waypost_source_never_synced", "1: no sync of it was complete yet.", "source")
        state = _gauge("waypost_source_state", "1 for the state that it is in.", "source", "state")
        for name in names:
            synced = rows[name].synced_at if name in rows else ""
            never.add_metric([name], not synced)
            if synced:
                age.add_metric([name], (now - _time(synced)).total_seconds())
            for one in _STATES:
                state.add_metric([name, one], one == (rows[name].state if name in rows else "new"))
        documents: Counter[str] = Counter(dict.fromkeys(names, 0))
        for (source, _access), count in self._catalog.document_counts().items():
            documents[source] += count
        counted = _gauge("waypost_documents", "Documents that are stored.", "source")
        for name, count in documents.items():
            counted.add_metric([name], count)
        yield from (age, never, state, counted, *self._items(names))

    def _items(self, names: Iterable[str]) -> Iterator[Metric]:
        quarantined: Counter[str] = Counter(dict.fromkeys(names, 0))
        held = quarantined.copy()
        items: Counter[tuple[str, str]] = Counter()
        for source, outcome, _reason, kept, count in self._catalog.item_counts():
            items[source, outcome] += count
            held[source] += kept
            quarantined[source] += count if outcome == "quarantined" else 0
        for name, help_, counts in (
            (
                "waypost_held_deletions",
                "Documents that are gone at the source, and kept until a person approves.",
                held,
            ),
            ("waypost_quarantined_documents", "Documents that could not be read, and are tried again.", quarantined),
        ):
            one = _gauge(name, help_, "source")
            for source, count in counts.items():
                one.add_metric([source], count)
            yield one
        listed = _gauge("waypost_listed_items", "What sources listed, by what became of it.", "source", "outcome")
        for labels, count in items.items():
            listed.add_metric(list(labels), count)
        yield listed

    def _runs(self) -> Iterator[Metric]:
        total = CounterMetricFamily("waypost_sync_runs", "Syncs of a source, by outcome.", labels=["source", "outcome"])
        last = _gauge("waypost_sync_last_duration_seconds", "How long the last sync took that ended.", "source")
        ended = _gauge("waypost_sync_last_end_timestamp_seconds", "When the last sync ended.", "source")
        for source, outcome, count in self._catalog.run_counts():
            total.add_metric([source, outcome], count)
        for source, started, finished in self._catalog.last_runs():
            last.add_metric([source], (_time(finished) - _time(started)).total_seconds())
            ended.add_metric([source], _time(finished).timestamp())
        yield from (total, last, ended)

    def _indexes(self) -> Iterator[Metric]:
        lag = _gauge("waypost_index_lag_changes", "Changes of the catalog that an index has not applied.", "index")
        for index, mark in self._watermarks().items():
            lag.add_metric([index], self._catalog.changes_after(mark, _CONCERNS[index]))
        serving = self._catalog.serving()
        passages = GaugeMetricFamily("waypost_passages", "Passages of the generation that serves.")
        waiting = GaugeMetricFamily("waypost_passages_without_vector", "Passages that are found by words alone as yet.")
        if serving:
            total = self._catalog.count(serving)
            passages.add_metric([], total)
            waiting.add_metric([], total - self._catalog.count(serving, embedded_only=True))
        yield from (lag, passages, waiting)


def _gauge(name: str, help_: str, *labels: str) -> Any:
    return GaugeMetricFamily(name, help_, labels=labels)


def _time(told: str) -> datetime:
    at = datetime.fromisoformat(told)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
