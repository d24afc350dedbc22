"""Traces by OpenTelemetry: a span for each request, below it its steps (retrieve, chat, verify), by the conventions for
generative AI.

Only this module knows OpenTelemetry; without `WAYPOST_TRACES_URL` it is never imported. A `traceparent` that a caller sends
is followed. What was asked and answered stands in no span unless `WAYPOST_TRACES_CONTENT` says so, and then redacted.
Source: https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/ (in development there; the names are those of its
version 1.41).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import metadata
from typing import TYPE_CHECKING

from api.observability.watch import method_of, route_of
from rag.errors import SettingsError
from rag.spans import CONTENT, Ending, Value

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from starlette.types import Scope

_PROVIDERS = {"claude": "anthropic", "openai-compatible": "openai", "llama-index": "llama_index"}
_OPERATIONS = {"chat": "chat", "retrieve": "retrieval"}
_LONGEST = 4000  # characters of content in an attribute


def exporting(url: str) -> TracerProvider:
    """What sends spans to a collector, by OTLP over HTTP. Raises: SettingsError where it is not installed."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError as error:
        raise SettingsError(
            f"WAYPOST_TRACES_URL needs OpenTelemetry ({error}): pip install 'waypost[otel]', or unset it"
        ) from error
    resource = Resource.create({"service.name": "waypost", "service.version": metadata.version("waypost")})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=url)))
    return provider


class Tracing:
    """Spans of one application. `via` is through what a model answers (`ModelChoice.via`); with `content` questions and
    answers are told, as `clean` leaves them."""

    def __init__(
        self, provider: TracerProvider, via: str, clean: Callable[[str], str], *, content: bool = False
    ) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("waypost", metadata.version("waypost"))
        self._via = _PROVIDERS.get(via, via)
        self._clean = clean
        self._content = content

    @contextmanager
    def request(self, scope: Scope) -> Iterator[None]:
        """A request's span, below the one that its `traceparent` names; a search or answer in it comes below."""
        from opentelemetry.trace import SpanKind, Status, StatusCode
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        context = TraceContextTextMapPropagator().extract(headers)
        method = method_of(scope)
        with self._tracer.start_as_current_span(
            method, context, SpanKind.SERVER, {"http.request.method": method}, record_exception=False,
            set_status_on_exception=False,
        ) as span:  # fmt: skip
            try:
                yield
            except Exception as error:
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(Status(StatusCode.ERROR))
                raise
            finally:
                route, state = route_of(scope), scope.get("state", {})
                span.update_name(f"{method} {route}")
                span.set_attribute("http.route", route)
                if status := state.get("status"):
                    span.set_attribute("http.response.status_code", status)
                    if status >= 500:
                        span.set_status(Status(StatusCode.ERROR))
                if request_id := state.get("request_id"):
                    span.set_attribute("waypost.request_id", str(request_id))

    def step(self, name: str, attributes: Mapping[str, Value]) -> Ending:
        """Listens to the steps of an answer (`rag.spans`)."""
        from opentelemetry.trace import SpanKind, Status, StatusCode

        model = str(attributes.get("model", ""))
        kind = SpanKind.CLIENT if name == "chat" else SpanKind.INTERNAL
        span = self._tracer.start_span(f"{_OPERATIONS.get(name, name)} {model}".strip(), kind=kind)
        span.set_attributes(self._told(name, attributes))

        def end(told: Mapping[str, Value], failed: BaseException | None) -> None:
            span.set_attributes(self._told(name, told))
            if isinstance(failed, Exception):
                span.set_attribute("error.type", type(failed).__name__)  # its text may hold what was asked
                span.set_status(Status(StatusCode.ERROR))
            elif failed is not None:
                span.set_attribute("waypost.broken_off", True)
            span.end()

        return end

    def close(self) -> None:
        """Sends what is not sent yet."""
        self._provider.shutdown()

    def _told(self, step: str, attributes: Mapping[str, Value]) -> dict[str, Value | list[str]]:
        told: dict[str, Value | list[str]] = {}
        for name, value in attributes.items():
            if name.startswith(CONTENT):
                told |= self._said(name.removeprefix(CONTENT), str(value)) if self._content else {}
            elif step != "chat":
                told[f"waypost.{name}"] = value
        if step in _OPERATIONS:
            told["gen_ai.operation.name"] = _OPERATIONS[step]
        return told | (self._of_model(attributes) if step == "chat" else {})

    def _of_model(self, attributes: Mapping[str, Value]) -> dict[str, Value | list[str]]:
        """What the conventions say of a model's reply; its tokens of input count those of the cache too."""
        told: dict[str, Value | list[str]] = {"gen_ai.provider.name": self._via, "gen_ai.system": self._via}
        if "model" in attributes:
            told["gen_ai.request.model"] = attributes["model"]
        if "input_tokens" in attributes:
            read, written = int(attributes["cache_read_tokens"]), int(attributes["cache_write_tokens"])
            told |= {
                "gen_ai.usage.input_tokens": int(attributes["input_tokens"]) + read + written,
                "gen_ai.usage.output_tokens": attributes["output_tokens"],
                "gen_ai.usage.cache_read.input_tokens": read,
                "gen_ai.usage.cache_creation.input_tokens": written,
            }
        if "stop_reason" in attributes:
            told["gen_ai.response.finish_reasons"] = [str(attributes["stop_reason"])]
        return told

    def _said(self, what: str, text: str) -> dict[str, Value | list[str]]:
        text = self._clean(text)[:_LONGEST]
        if what == "query":
            return {"gen_ai.retrieval.query.text": text}
        role = "user" if what == "question" else "assistant"
        message = [{"role": role, "parts": [{"type": "text", "content": text}]}]
        return {f"gen_ai.{'input' if role == 'user' else 'output'}.messages": json.dumps(message, ensure_ascii=False)}
