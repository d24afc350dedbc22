"""Claude through the real SDK, against a small server that speaks the real wire format."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import anthropic  # noqa: F401  # here, since importing it takes seconds that are no test's
import pytest

from rag.errors import ModelError
from rag.models.claude import AnthropicModel
from rag.ports import ModelEvent, Prompt
from rag.records import AccessRule, Document, Passage, ScoredPassage, Usage
from tests.model_server import ModelServer, cite, claude, json_reply, message, reachable_never, refused, stream, text

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:anthropic.*")

TEXT = "# Locks\n\nA stuck lock is cleared so:\n\n```bash\nterraform force-unlock ID\n```\n\nTell #ops."


def evidence() -> tuple[ScoredPassage, ...]:
    document = Document(
        "d", "wiki", "locks.md", "Locks", "page", TEXT, "v1", "u", "", "2026-01-02T00:00:00Z", "", AccessRule(), ""
    )
    return (ScoredPassage(Passage("p", "d", 0, ("Locks",), TEXT, 11, 19, "section"), document, 1.0),)


PROMPT = Prompt("be brief", evidence(), "How?")


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture
def model(server: ModelServer) -> AnthropicModel:
    return AnthropicModel("sk-test", base_url=server.url, timeout=3)


@pytest.fixture
def ask(model: AnthropicModel) -> Callable[[], list[ModelEvent]]:
    return lambda: list(model.stream(PROMPT))


def test_the_request_has_search_results_with_citations(
    server: ModelServer, ask: Callable[[], list[ModelEvent]]
) -> None:
    server.replies(claude(text("Hello.")))
    ask()
    sent = server.requests[0]
    assert sent.path.startswith("/v1/messages")
    assert sent.headers["authorization"] == "Bearer sk-test"
    assert sent.body["stream"] is True
    assert sent.body["system"] == [{"type": "text", "text": "be brief", "cache_control": {"type": "ephemeral"}}]
    assert not {"tools", "tool_choice", "output_config"} & set(sent.body)
    result, question = sent.body["messages"][0]["content"]
    assert question == {"type": "text", "text": "How?"}
    assert (result["type"], result["source"], result["citations"]) == (
        "search_result",
        "wiki/locks.md",
        {"enabled": True},
    )
    assert result["title"] == "Locks (page, lines 11-19, updated 2026-01-02)"
    texts = [part["text"] for part in result["content"]]
    assert "".join(texts) == TEXT + "\n"  # neighbouring blocks joined are the document's own text
    assert any("force-unlock" in text for text in texts)


def test_text_streams_and_citations_become_lines(server: ModelServer, ask: Callable[[], list[ModelEvent]]) -> None:
    quote = "```bash\nterraform force-unlock ID\n```\n\n"
    server.replies(claude(text("Unlock it.", cite(0, 2, 3, quote)), text(" Done.")))
    events = ask()
    assert "".join(event.text for event in events) == "Unlock it. Done."
    claims = [event.claim for event in events if event.claim]
    assert [claim.text for claim in claims] == ["Unlock it.", " Done."]
    assert claims[0].spans == ((0, 15, 18, quote),)
    assert claims[1].spans == ()
    assert (events[-1].usage, events[-1].stop_reason) == (Usage(25, 15, requests=1), "end_turn")


def test_usage_counts_what_the_cache_gave_and_took(server: ModelServer, ask: Callable[[], list[ModelEvent]]) -> None:
    server.replies(
        claude(text("Yes."), usage={"cache_read_input_tokens": 900, "cache_creation_input_tokens": 40}, output=7)
    )
    assert ask()[-1].usage == Usage(25, 7, 900, 40, 1)


@pytest.mark.parametrize("place", [(5, 0, 1), (0, 40, 41), (-1, 0, 1), (0, 2, 2), (0, -2, 1), (0, 3, 1), (0, 0, 99)])
def test_places_that_are_not_there_cite_nothing(
    server: ModelServer, ask: Callable[[], list[ModelEvent]], place: tuple[int, int, int]
) -> None:
    server.replies(claude(text("Unlock it.", cite(*place, "anything"))))
    claim = next(event.claim for event in ask() if event.claim)
    assert claim.spans[0][0] == -1


def test_history_and_guidance_are_sent_in_their_places(server: ModelServer, model: AnthropicModel) -> None:
    server.replies(claude(text("Yes.")))
    turns = tuple((f"q{n} " + "x" * 5000, f"answer {n} [3].") for n in range(9))
    list(model.stream(replace(PROMPT, history=turns, guidance="Quote the command.")))
    messages = server.requests[0].body["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant"] * 4 + ["user"]
    assert messages[0]["content"][0]["text"].startswith("q5 x")
    assert max(len(part["text"]) for message in messages[:-1] for part in message["content"]) < 1600
    assert messages[1]["content"][0]["text"] == "answer 5."  # marks of another answer mean nothing here
    assert [part["type"] for part in messages[-1]["content"]] == ["search_result", "text", "text"]
    assert [part["text"] for part in messages[-1]["content"][1:]] == ["Quote the command.", "How?"]
    assert server.requests[0].body["system"][0]["text"] == "be brief"


def test_effort_is_sent_when_it_is_set(server: ModelServer) -> None:
    server.replies(claude(text("Yes.")))
    list(AnthropicModel("sk-test", base_url=server.url, timeout=5, effort="low").stream(PROMPT))
    assert server.requests[0].body["output_config"] == {"effort": "low"}


@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 413])
def test_what_will_not_get_better_is_asked_once(
    server: ModelServer, ask: Callable[[], list[ModelEvent]], status: int
) -> None:
    server.replies(refused(status, "invalid_request_error"))
    with pytest.raises(ModelError, match=str(status)):
        ask()
    assert len(server.requests) == 1


def test_a_spend_limit_is_not_tried_again(server: ModelServer, ask: Callable[[], list[ModelEvent]]) -> None:
    details = {"error_code": "enforced_spend_limit_reached"}
    error = {"type": "rate_limit_error", "message": "no", "details": details}
    server.replies(json_reply({"type": "error", "error": error}, 429))
    with pytest.raises(ModelError, match="money"):
        ask()
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 529])
def test_what_may_get_better_is_asked_thrice(
    server: ModelServer, ask: Callable[[], list[ModelEvent]], status: int
) -> None:
    server.replies(refused(status, "overloaded_error"))
    with pytest.raises(ModelError, match=str(status)):
        ask()
    assert len(server.requests) == 3
    server.replies(refused(status, "overloaded_error"), claude(text("Yes.")))
    assert ask()[-1].usage == Usage(25, 15, requests=2)


def test_an_unreachable_api_is_a_model_error() -> None:
    model = AnthropicModel("sk-test", base_url=reachable_never(), timeout=0.5)
    with pytest.raises(ModelError, match="reached"):
        list(model.stream(PROMPT))


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_a_reply_without_its_end_is_cut_off(
    server: ModelServer, ask: Callable[[], list[ModelEvent]], missing: int
) -> None:
    server.replies(stream(message(text("Unlock it."))[:-missing]))
    with pytest.raises(ModelError, match="cut off"):
        ask()


def test_a_reply_that_goes_on_and_on_is_an_error(server: ModelServer, ask: Callable[[], list[ModelEvent]]) -> None:
    server.replies(stream(message((text("")[0], [{"type": "text_delta", "text": "la " * 20_000}]))))
    with pytest.raises(ModelError, match="no end"):
        ask()


def test_no_thread_outlives_an_answer_by_much(server: ModelServer) -> None:
    server.replies(replace(refused(500, "api_error"), piece=1, pace=0.02, forever=True))
    model = AnthropicModel("sk-test", base_url=server.url, timeout=0.5)
    with pytest.raises(ModelError):
        list(model.stream(PROMPT))
    end = time.monotonic() + 3
    while reading() and time.monotonic() < end:
        time.sleep(0.02)
    assert reading() == []


def reading() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == "waypost-model"]
