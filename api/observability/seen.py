"""All that watches over one application, put together: audit, metrics, the log of requests, traces."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.types import Scope

from api.compose import Reader, audit_of, model_choice, without_secrets
from api.observability.audit import Audit
from api.observability.figures import Figures
from api.observability.logs import log_question, log_request
from api.observability.metrics import Metrics
from api.observability.tracing import Tracing, exporting
from api.observability.watch import Served
from api.settings import Settings
from api.status import named_sources

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider


@dataclass
class Seen:
    """What is told of requests, answers and their steps; `listeners` are told of every request that was served."""

    audit: Audit
    metrics: Metrics
    figures: Figures
    tracing: Tracing | None = None
    listeners: list[Callable[[Served], None]] = field(default_factory=list)

    def around(self, scope: Scope) -> AbstractContextManager[None]:
        """What a request runs in."""
        return self.tracing.request(scope) if self.tracing else nullcontext()

    def served(self, one: Served) -> None:
        """A request was answered."""
        for listener in self.listeners:
            listener(one)

    def close(self) -> None:
        """Writes and sends what is not yet."""
        self.audit.flush()
        if self.tracing:
            self.tracing.close()


def seen_by(settings: Settings, reader: Reader, provider: TracerProvider | None = None) -> Seen:
    """Everything that the settings ask for, over one reader, whose steps it listens to. `provider` takes the spans in place
    of the collector that the settings name. Raises: SettingsError."""
    metrics, audit = Metrics(), audit_of(settings, reader.catalog)
    figures = Figures(reader.catalog, reader.watermarks, lambda: named_sources(settings))
    reader.spans.listen(metrics.step)
    audit.listeners.append(metrics.shown)
    if settings.log_questions:
        audit.listeners.append(log_question)
    if audit.recorder:
        metrics.follow(audit.recorder)
    tracing = None
    if provider or settings.traces_url:
        provider = provider or exporting(settings.traces_url)
        tracing = Tracing(provider, model_choice(settings).via, without_secrets, content=settings.traces_content)
        reader.spans.listen(tracing.step)
    return Seen(audit, metrics, figures, tracing, [metrics.served, log_request])
