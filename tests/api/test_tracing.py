"""Traces: request → retrieve → chat → verify, by the conventions for generative AI, without content unless it is wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from api.compose import Reader
from api.http import make_app
from api.observability.seen import seen_by
from api.observability.tracing import Tracing
from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.errors import ModelError
from rag.models.scripted import ScriptedModel
from rag.ports import Claim, ModelEvent
from rag.records import Usage
from rag.spans import Spans
from tests.api.conftest import LOOPBACK
from tests.conftest import configure, write

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
QUESTION = "How do I force-unlock terraform? password=hunter2secretvalue99"


@pytest.fixture
def spans() -> Iterator[tuple[TracerProvider, InMemorySpanExporter]]:
    provider, exporter = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield provider, exporter
    provider.shutdown()


@pytest.fixture
def reader(owner: Owner, sync: Callable[..., SyncReport], tmp_path: Path, settings: Settings) -> Reader:
    write(tmp_path / "wiki", {"unlock.md": "# Unlock\n\nRun `terraform force-unlock` with the lock id.\n"})
    configure(settings, {"name": "wiki", "type": "folder", "path": str(tmp_path / "wiki")})
    sync()
    return owner.reader()


def finished(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_is_one_trace_that_goes_on_with_the_callers(
    reader: Reader, settings: Settings, spans: tuple[TracerProvider, InMemorySpanExporter], stream: bool
) -> None:
    seen = seen_by(settings, reader, spans[0])
    headers = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
    if stream:
        headers["Accept"] = "text/event-stream"
    with TestClient(make_app(settings, reader, seen=seen), base_url="http://127.0.0.1:8765", client=LOOPBACK) as client:
        assert (
            client.post("/v1/ask", json={"question": QUESTION.partition(" pass")[0]}, headers=headers).status_code
            == 200
        )
    found = finished(spans[1])
    request = found["POST /v1/ask"]
    assert set(found) == {"POST /v1/ask", "retrieval", "extract", "verify"}
    assert request.context and request.parent and request.attributes
    assert (format(request.context.trace_id, "032x"), format(request.parent.span_id, "016x")) == (
        "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331",
    )  # fmt: skip
    assert (request.attributes["http.route"], request.attributes["http.response.status_code"]) == ("/v1/ask", 200)
    for name in ("retrieval", "verify"):
        parent = found[name].parent
        assert parent and parent.span_id == request.context.span_id, name
    assert "unlock" not in str([dict(span.attributes or {}) for span in found.values()])


def told(spans: tuple[TracerProvider, InMemorySpanExporter], content: bool, fails: bool = False) -> Any:
    listened = Spans()
    from api.compose import without_secrets

    listened.listen(Tracing(spans[0], "claude", without_secrets, content=content).step)
    try:
        with listened.span("chat", {"model": "claude-x", "content.question": QUESTION}) as step:
            step.update(input_tokens=10, output_tokens=5, cache_read_tokens=3, cache_write_tokens=2, requests=1)
            step["stop_reason"] = "end_turn"
            if fails:
                raise ModelError(QUESTION)
    except ModelError:
        pass
    return finished(spans[1])["chat claude-x"]


def test_a_models_reply_by_the_conventions(spans: tuple[TracerProvider, InMemorySpanExporter]) -> None:
    assert dict(told(spans, content=False).attributes) == {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "anthropic", "gen_ai.system": "anthropic",
        "gen_ai.request.model": "claude-x", "gen_ai.usage.input_tokens": 15, "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.cache_read.input_tokens": 3, "gen_ai.usage.cache_creation.input_tokens": 2,
        "gen_ai.response.finish_reasons": ("end_turn",),
    }  # fmt: skip


def test_content_where_it_is_wanted_without_secrets(spans: tuple[TracerProvider, InMemorySpanExporter]) -> None:
    said = told(spans, content=True).attributes["gen_ai.input.messages"]
    assert "force-unlock" in said
    assert "hunter2secretvalue99" not in said


def test_a_step_that_fails_says_of_what_sort_and_not_what(spans: tuple[TracerProvider, InMemorySpanExporter]) -> None:
    span = told(spans, content=False, fails=True)
    assert (span.attributes["error.type"], span.status.is_ok, span.status.description) == ("ModelError", False, None)
    assert not span.events
    assert "unlock" not in str(dict(span.attributes))


def test_an_asker_tells_of_its_model(reader: Reader) -> None:
    found: list[tuple[str, dict[str, Any]]] = []

    def listen(name: str, attributes: Any) -> Any:
        return lambda more, failed: found.append((name, {**attributes, **more}))

    reader.spans.listen(listen)
    asker = reader.asker()
    usage = ModelEvent(usage=replace(Usage(), input_tokens=7), stop_reason="end_turn")
    asker._model = ScriptedModel(
        [
            ModelEvent(
                claim=Claim("Run it with the lock id.", ((0, 3, 3, "Run `terraform force-unlock` with the lock id."),))
            ),
            usage,
        ]
    )
    asker.answer("How do I force-unlock terraform?", viewer())
    names = [name for name, _ in found]
    assert names == ["retrieve", "chat", "verify"]
    assert (found[1][1]["input_tokens"], found[1][1]["stop_reason"]) == (7, "end_turn")


def viewer() -> Any:
    from rag.records import Viewer

    return Viewer()
