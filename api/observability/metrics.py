"""What `/metrics` tells Prometheus: requests, answers, searches, models; of syncs and indexes what `figures` reads when it
is asked.

A registry for each application, so that two in one process don't mix. Labels have few values: routes by their template,
models as they are set, sources as `waypost.yaml` names them. It is for who runs Waypost (scope `metrics`): it names every
source, those that few may read too, and counts their documents.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Callable, Iterator, Mapping
from importlib import metadata
from typing import Any

import anyio.to_thread
from fastapi import FastAPI, Request
from fastapi.responses import Response
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector
from prometheus_client.core import CounterMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.concurrency import run_in_threadpool

from api.observability.figures import Figures
from api.observability.recorder import Recorder
from api.observability.watch import Served
from api.v1.problems import PROBLEMS
from rag.spans import Ending, Value

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_MODELS = 20  # names of models that are told apart; the rest are "other"
_VERDICTS = frozenset({"answered", "partial", "not_found", "broken off"})


class Metrics:
    """The metrics of one application."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry(auto_describe=True)
        self._models: set[str] = set()
        self._queues: dict[str, Callable[[], float]] = {}
        labels = ("method", "route", "status")
        self._requests = Counter("waypost_http_requests", "Requests answered.", labels, registry=registry)
        self._seconds = Histogram(
            "waypost_http_request_duration_seconds", "Time from a request to the end of its answer.", labels[:2],
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._under_way = Gauge("waypost_http_requests_in_progress", "Requests being answered.", registry=registry)
        self._answers = Counter(
            "waypost_answers", "Answers given; degraded: a lesser one, for want of a model or of vectors.",
            ("face", "verdict", "degraded", "model"), registry=registry,
        )  # fmt: skip
        self._tokens = Counter(
            "waypost_model_tokens", "Tokens that models counted.", ("model", "kind"), registry=registry
        )
        self._steps = Histogram(
            "waypost_step_duration_seconds", "Steps of an answer: retrieve, chat (a model's reply), verify.", ("step",),
            buckets=_SECONDS, registry=registry,
        )  # fmt: skip
        self._shown = Counter(
            "waypost_shown", "What was shown to somebody, as the audit has it.", ("face", "action"), registry=registry
        )
        self._failing = Counter(
            "waypost_step_failures", "Steps of an answer that failed.", ("step",), registry=registry
        )
        Info("waypost_build", "This Waypost.", registry=registry).info(
            {"version": metadata.version("waypost"), "python": platform.python_version()}
        )
        ProcessCollector(registry=registry)

    def begun(self) -> None:
        """A request came."""
        self._under_way.inc()

    def served(self, one: Served) -> None:
        """A request was answered."""
        self._under_way.dec()
        self._requests.labels(one.method, one.route, str(one.status)).inc()
        self._seconds.labels(one.method, one.route).observe(one.seconds)

    def shown(self, action: str, face: str, _query: str, view: Any) -> None:
        """Something was shown; of an answer its verdict, model and tokens are counted."""
        self._shown.labels(face, action).inc()
        if action != "ask" or not isinstance(view, Mapping):
            return
        verdict = view.get("verdict", "")
        model = self._model(str(view.get("model") or "none"))
        degraded = "yes" if view.get("degraded") else "no"
        self._answers.labels(face, verdict if verdict in _VERDICTS else "other", degraded, model).inc()
        for kind, count in (view.get("usage") or {}).items():
            if kind.endswith("_tokens") and count:
                self._tokens.labels(model, kind.removesuffix("_tokens")).inc(count)

    def step(self, name: str, _attributes: Mapping[str, Value]) -> Ending:
        """Listens to the steps of an answer (`rag.spans`)."""
        began = time.perf_counter()

        def end(_told: Mapping[str, Value], failed: BaseException | None) -> None:
            self._steps.labels(name).observe(time.perf_counter() - began)
            if isinstance(failed, Exception):
                self._failing.labels(name).inc()

        return end

    def follow(self, recorder: Recorder) -> None:
        """Tells of the audit's troubles, and of what waits for it."""
        self.queue("audit", recorder.waiting)
        self.registry.register(_Troubles(recorder))

    def queue(self, name: str, length: Callable[[], float]) -> None:
        """Tells how much waits in a queue."""
        if not self._queues:
            self._waiting = Gauge("waypost_queue_length", "How much waits.", ("queue",), registry=self.registry)
        self._queues[name] = length
        self._waiting.labels(name).set_function(length)

    def _model(self, name: str) -> str:
        if name not in self._models and len(self._models) >= _MODELS:
            return "other"
        self._models.add(name)
        return name


class _Troubles(Collector):
    """What went wrong with the audit."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def collect(self) -> Iterator[Metric]:
        counts = self._recorder.counts
        yield CounterMetricFamily("waypost_audit_failures", "Writes of the audit that failed.", counts.failures)
        yield CounterMetricFamily(
            "waypost_audit_lost", "Entries that the audit lost, for too many waited.", counts.lost
        )


def add_metrics(app: FastAPI, metrics: Metrics, figures: Figures) -> None:
    """Adds `/metrics`."""
    metrics.registry.register(figures)
    waiting = 0
    metrics.queue("requests", lambda: waiting)

    @app.get(
        "/metrics", response_class=Response, tags=["operations"],
        responses={200: {"content": {"text/plain": {}, "application/openmetrics-text": {}}}, 503: PROBLEMS[503]},
    )  # fmt: skip
    async def show_metrics(request: Request) -> Response:
        """Metrics for Prometheus: docs/observability.md lists them. They name every source, and are for who runs Waypost."""
        nonlocal waiting
        waiting = anyio.to_thread.current_default_thread_limiter().statistics().tasks_waiting
        encode, media_type = choose_encoder(request.headers.get("accept", ""))
        return Response(await run_in_threadpool(encode, metrics.registry), headers={"Content-Type": media_type})
