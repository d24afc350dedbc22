"""Claude through the real SDK, against a small server that speaks the real wire format."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from rag.errors import ModelError
from rag.models.claude import AnthropicModel
from rag.ports import ModelEvent, Prompt
from rag.records import AccessRule, Document, Passage, ScoredPassage, Usage

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:anthropic.*")

TEXT = "# Locks\n\nA stuck lock is cleared so:\n\n```bash\nterraform force-unlock ID\n```\n\nTell #ops."


def evidence() -> tuple[ScoredPassage, ...]:
    document = Document(
        "d", "wiki", "locks.md", "Locks", "page", TEXT, "v1", "u", "", "2026-01-02T00:00:00Z", "", AccessRule(), ""
    )
    return (ScoredPassage(Passage("p", "d", 0, ("Locks",), TEXT, 11, 19, "section"), document, 1.0),)


PROMPT = Prompt("be brief", evidence(), "How?")


def message(*events: Mapping[str, Any], end: str = "end_turn") -> list[Mapping[str, Any]]:
    start = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None,
        "stop_sequence": None, "usage": {"input_tokens": 25, "output_tokens": 1},
    }  # fmt: skip
    return [
        {"type": "message_start", "message": start},
        *events,
        {"type": "message_delta", "delta": {"stop_reason": end, "stop_sequence": None}, "usage": {"output_tokens": 15}},
        {"type": "message_stop"},
    ]


def block(index: int, text: str, *citations: tuple[int, int, int, str]) -> list[Mapping[str, Any]]:
    start = {
        "type": "content_block_start",
        "index": index,
        "content_block": {"type": "text", "text": "", "citations": []},
    }
    deltas: list[dict[str, Any]] = [{"type": "text_delta", "text": part} for part in (text[:3], text[3:])]
    for result, first, last, quote in citations:
        where = {
            "type": "search_result_location", "cited_text": quote, "search_result_index": result,
            "start_block_index": first, "end_block_index": last, "source": "wiki/locks.md", "title": "Locks",
        }  # fmt: skip
        deltas.append({"type": "citations_delta", "citation": where})
    return [
        start,
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


class Server:
    """Answers every request with `events` as server-sent events, or with `status`; keeps the requests."""

    def __init__(self) -> None:
        self.events: list[Mapping[str, Any]] = []
        self.status = 200
        self.cut_after: int | None = None
        self.requests: list[dict[str, Any]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                outer.requests.append({"path": self.path, "headers": dict(self.headers), "body": json.loads(body)})
                self.send_response(outer.status)
                ok = outer.status == 200
                self.send_header("content-type", "text/event-stream" if ok else "application/json")
                self.end_headers()
                if not ok:
                    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
                    self.wfile.write(json.dumps(error).encode())
                    return
                stream = "".join(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in outer.events).encode()
                self.wfile.write(stream[: outer.cut_after])

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture
def ask(server: Server) -> Callable[[], list[ModelEvent]]:
    model = AnthropicModel("sk-test", base_url=server.url, timeout=5, retries=0)
    return lambda: list(model.stream(PROMPT))


def test_the_request_has_search_results_with_citations(server: Server, ask: Callable[[], list[ModelEvent]]) -> None:
    server.events = message(*block(0, "Hello."))
    ask()
    sent = server.requests[0]
    assert sent["path"].startswith("/v1/messages")
    assert {key.lower(): value for key, value in sent["headers"].items()}["authorization"] == "Bearer sk-test"
    body = sent["body"]
    assert body["stream"] is True
    assert body["system"][0]["text"] == "be brief"
    result, question = body["messages"][0]["content"]
    assert question == {"type": "text", "text": "How?"}
    assert (result["type"], result["source"], result["citations"]) == (
        "search_result",
        "wiki/locks.md",
        {"enabled": True},
    )
    texts = [part["text"] for part in result["content"]]
    assert "".join(texts) == TEXT + "\n"  # neighbouring blocks joined are the document's own text
    assert any("force-unlock" in text for text in texts)


def test_text_streams_and_citations_become_lines(server: Server, ask: Callable[[], list[ModelEvent]]) -> None:
    quote = "```bash\nterraform force-unlock ID\n```\n\n"
    server.events = message(*block(0, "Unlock it.", (0, 2, 3, quote)), *block(1, " Done."))
    events = ask()
    assert "".join(event.text for event in events) == "Unlock it. Done."
    claims = [event.claim for event in events if event.claim]
    assert [claim.text for claim in claims] == ["Unlock it.", " Done."]
    assert claims[0].spans == ((0, 15, 18, quote),)
    assert claims[1].spans == ()
    assert (events[-1].usage, events[-1].stop_reason) == (Usage(25, 15), "end_turn")


@pytest.mark.parametrize("place", [(5, 0, 1), (0, 40, 41), (-1, 0, 1), (0, 2, 2)])
def test_places_that_are_not_there_cite_nothing(
    server: Server, ask: Callable[[], list[ModelEvent]], place: tuple[int, int, int]
) -> None:
    server.events = message(*block(0, "Unlock it.", (*place, "anything")))
    claim = next(event.claim for event in ask() if event.claim)
    assert claim.spans[0][0] == -1


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 429, 500, 529])
def test_http_errors_are_model_errors(server: Server, ask: Callable[[], list[ModelEvent]], status: int) -> None:
    server.status = status
    with pytest.raises(ModelError, match=str(status)):
        ask()


def test_a_cut_stream_is_an_error_wherever_it_is_cut(server: Server, ask: Callable[[], list[ModelEvent]]) -> None:
    server.events = message(*block(0, "Unlock it.", (0, 2, 3, "x")))
    whole = sum(len(f"event: {e['type']}\ndata: {json.dumps(e)}\n\n") for e in server.events)
    for cut in range(0, whole - 60, 97):
        server.cut_after = cut
        with pytest.raises(ModelError):
            ask()
    server.cut_after = None
    assert ask()[-1].stop_reason == "end_turn"


def test_an_error_inside_the_stream_is_a_model_error(server: Server, ask: Callable[[], list[ModelEvent]]) -> None:
    error = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    server.events = [*message(*block(0, "Half"))[:4], error]
    with pytest.raises(ModelError):
        ask()


def test_a_refusal_is_a_model_error(server: Server, ask: Callable[[], list[ModelEvent]]) -> None:
    server.events = message(*block(0, "No."), end="refusal")
    with pytest.raises(ModelError, match="refused"):
        ask()


def test_an_unreachable_api_is_a_model_error() -> None:
    model = AnthropicModel("sk-test", base_url="http://127.0.0.1:9", timeout=2, retries=0)
    with pytest.raises(ModelError, match="reached"):
        list(model.stream(PROMPT))
