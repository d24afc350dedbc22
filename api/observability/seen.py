"""All that watches over one application, put together: audit, metrics, the log of requests, traces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from api.compose import Reader, audit_of
from api.observability.audit import Audit
from api.observability.figures import Figures
from api.observability.metrics import Metrics
from api.observability.watch import Served
from api.settings import Settings
from api.status import named_sources


@dataclass
class Seen:
    """What is told of requests, answers and their steps; `listeners` are told of every request that was served."""

    audit: Audit
    metrics: Metrics
    figures: Figures
    listeners: list[Callable[[Served], None]] = field(default_factory=list)

    def begun(self) -> None:
        """A request came."""
        self.metrics.begun()

    def served(self, one: Served) -> None:
        """A request was answered."""
        for listener in self.listeners:
            listener(one)

    def close(self) -> None:
        """Writes what is not written yet."""
        self.audit.flush()


def seen_by(settings: Settings, reader: Reader) -> Seen:
    """Everything that the settings ask for, over one reader, whose steps it listens to."""
    metrics, audit = Metrics(), audit_of(settings, reader.catalog)
    figures = Figures(reader.catalog, reader.watermarks, lambda: named_sources(settings))
    reader.spans.listen(metrics.step)
    audit.listeners.append(metrics.shown)
    if audit.recorder:
        metrics.follow(audit.recorder)
    return Seen(audit, metrics, figures, [metrics.served])
