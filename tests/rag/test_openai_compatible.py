"""A server of OpenAI's kind over real HTTP: what is asked of it, and what becomes of each thing that it does wrong."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from rag.errors import ModelError, SettingsError
from rag.models.openai_compatible import OpenAICompatibleModel
from rag.models.server_events import payloads
from rag.ports import ModelEvent, Prompt
from rag.records import AccessRule, Document, Passage, ScoredPassage, Usage
from tests.openai_server import OpenAIServer, Reply, key_of, serving

TEXT = "# Locks\n\nA stuck lock is cleared so:\n\n```bash\nterraform force-unlock ID\n```\n\nTell #ops."
DOCUMENT = Document("d", "wiki", "locks.md", "Locks", "page", TEXT, "v1", "u", "", "2026-01-02", "", AccessRule(), "")
EVIDENCE = (ScoredPassage(Passage("p", "d", 0, ("Locks",), TEXT, 11, 19, "section"), DOCUMENT, 1.0),)
PROMPT = Prompt("be brief", EVIDENCE, "How?", 300, (("Why?", "Because. [1]"),), "In steps.")
SECRET = "sk-secret-123"
Ask = Callable[..., list[ModelEvent]]


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with serving() as running:
        yield running


@pytest.fixture
def ask(server: OpenAIServer) -> Ask:
    model = OpenAICompatibleModel(server.url, "tiny", SECRET, timeout=5)

    def run(*replies: Reply, prompt: Prompt = PROMPT) -> list[ModelEvent]:
        server.replies = [*replies] or server.replies
        return list(model.stream(prompt))

    return run


def said(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events)


def test_the_request(server: OpenAIServer, ask: Ask) -> None:
    ask()
    path, headers, body = server.seen[0]
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == f"Bearer {SECRET}"
    assert {name: body[name] for name in ("model", "max_tokens", "temperature", "stream")} == {
        "model": "tiny", "max_tokens": 300, "temperature": 0, "stream": True,
    }  # fmt: skip
    assert [message["role"] for message in body["messages"]] == ["system", "user", "assistant", "user"]
    assert body["messages"][0]["content"].startswith("be brief")
    assert [message["content"] for message in body["messages"][1:3]] == ["Why?", "Because."]
    last = body["messages"][-1]["content"]
    assert last.index("terraform force-unlock") < last.index("In steps.") < last.index("How?")


def test_text_streams_and_keys_become_lines(ask: Ask) -> None:
    events = ask(Reply(lambda asked: f"Unlock it. ⟦{key_of(asked, 'terraform force')}⟧ Tell ops."))
    assert said(events) == "Unlock it. Tell ops."
    claims = [event.claim for event in events if event.claim]
    assert [(claim.text, claim.spans) for claim in claims] == [
        ("Unlock it.", ((0, 15, 18, "```bash\nterraform force-unlock ID\n```\n"),)),
        (" Tell ops.", ()),
    ]
    assert (events[-1].usage, events[-1].stop_reason) == (Usage(25, 15, requests=1), "end_turn")


def test_a_server_that_does_not_stream(ask: Ask) -> None:
    events = ask(Reply("Whole.", streams=False))
    assert (said(events), events[-1].usage) == ("Whole.", Usage(25, 15, requests=1))


@pytest.mark.parametrize("refusal", ["Unrecognized request argument supplied: {}", "bad request"])
def test_what_is_refused_is_left_out(server: OpenAIServer, ask: Ask, refusal: str) -> None:
    server.unknown, server.refusal = ["stream_options"], refusal
    events = ask()
    assert (said(events), events[-1].usage) == ("Hello.", Usage(requests=1))  # nobody told
    ask()
    assert ["stream_options" in body for _, _, body in server.seen] == [True, False, False]


def test_the_newer_name_of_a_limit(server: OpenAIServer, ask: Ask) -> None:
    server.unknown = ["max_tokens", "temperature"]
    assert said(ask()) == "Hello."
    assert server.seen[-1][2]["max_completion_tokens"] == 300


def test_a_reply_that_reached_its_length_is_said_to_be_cut(ask: Ask) -> None:
    events = ask(Reply("Half an answer ⟦k", finish="length"))
    assert (said(events), events[-1].stop_reason) == ("Half an answer", "max_tokens")


def test_reasoning_is_no_answer(ask: Ask) -> None:
    apart = 'data: {"choices": [{"delta": {"reasoning_content": "hmm", "content": null}}]}\r\n\r\n'
    assert said(ask(Reply("<think>so\n\nand so</think>\n\nYes.", size=3, extra=[apart]))) == "Yes."
    assert said(ask(Reply("No.<think>never closed"))) == "No."
    with pytest.raises(ModelError, match="thoughts stand in its answer"):
        ask(Reply("I think that…</think>Yes."))


@pytest.mark.parametrize(
    ("reply", "match"),
    [
        (Reply(status=401, body=b'{"error": {"message": "Incorrect API key: sk-secret-123"}}'), "WAYPOST_MODEL_KEY was not"),
        (Reply(status=429, headers={"Retry-After": "7"}), r"HTTP 429.*trouble; it asks to wait 7 s"),
        (Reply(status=500, body=b"boom sk-secret-123\x1b[2J"), r"HTTP 500\): boom \*\*\* \[2J"),
        (Reply(status=503, body=b"<!doctype html><h1>Busy</h1>"), "a web page"),
        (Reply(body=b"<html>welcome</html>"), "a web page"),
        (Reply(body=b"data: {nonsense}\n\n"), "no reply"),
        (Reply(body=b"data: [1]\n\ndata: [DONE]\n\n"), "no reply"),
        (Reply(body=b"{" * 100_000), "no reply"),
        (Reply(body=b""), "cut off"),
        (Reply(status=307, headers={"Location": "http://127.0.0.1:9/v1"}), "leads elsewhere"),
        (Reply(finish=None, done=False), "cut off"),
        (Reply(cut=150), "cut off|broke off"),
        (Reply(cut=150, reset=True), "cut off|broke off"),
        (Reply(finish="content_filter"), "refused"),
        (Reply(extra=['data: {"error": {"message": "out of memory"}}\n\n']), "half-way: out of memory"),
        (Reply("word " * 3000), "far more"),
        (Reply("word " * 500, endless=True, size=2000), "far more"),
        (Reply(extra=[f": {'x' * 1000}\n\n"] * 9000), "larger than 8 MB"),
    ],
)  # fmt: skip
def test_trouble_is_a_model_error(ask: Ask, reply: Reply, match: str) -> None:
    with pytest.raises(ModelError, match=match) as found:
        ask(reply)
    assert SECRET not in str(found.value)
    assert "\x1b" not in str(found.value)


def test_a_redirect_is_never_followed(server: OpenAIServer, ask: Ask) -> None:
    with serving() as elsewhere:
        with pytest.raises(ModelError):
            ask(Reply(status=308, headers={"Location": f"{elsewhere.url}/chat/completions"}))
        assert elsewhere.seen == []


def test_a_model_that_is_not_there_is_told_from_what_is(server: OpenAIServer, ask: Ask) -> None:
    with pytest.raises(ModelError, match=r"no model 'tiny'.*ends in /v1"):
        ask(Reply(status=404))
    server.models = ["qwen3", "llama3.1"]
    with pytest.raises(ModelError, match=r"no model 'tiny'.*one of: llama3.1, qwen3"):
        ask(Reply(status=404))


def test_nobody_there() -> None:
    with pytest.raises(ModelError, match=r"nothing answers at http://127.0.0.1:9/v1; is its server running there"):
        list(OpenAICompatibleModel("http://127.0.0.1:9/v1/", "m").stream(PROMPT))


@pytest.mark.parametrize(
    "reply",
    [
        Reply("word " * 40, pause=0.1),  # a drip, each drop in time
        Reply("a", size=1, endless=True, pause=0.05),
        Reply(extra=[": still there\n\n"] * 80, pause=0.1),
        Reply(pause=30),  # silence
    ],
)
def test_one_limit_of_time_for_all_of_it(server: OpenAIServer, reply: Reply) -> None:
    server.replies = [reply]
    began = time.monotonic()
    with pytest.raises(ModelError, match="too long"):
        list(OpenAICompatibleModel(server.url, "m", timeout=0.5).stream(PROMPT))
    assert time.monotonic() - began < 2
    _no_thread_is_left()


def _no_thread_is_left() -> None:
    until = time.monotonic() + 3
    while any(thread.name == "model-reply" for thread in threading.enumerate()):
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_stream_cut_anywhere_is_never_whole(ask: Ask) -> None:
    reply = Reply("Unlock it. Tell ops.", usage=None, size=10)
    whole = len(b": a comment\n\n") + sum(
        len(f"data: {json.dumps(event)}\n\n")
        for event in (
            {"choices": [{"index": 0, "delta": {"content": "Unlock it."}}]},
            {"choices": [{"index": 0, "delta": {"content": " Tell ops."}}]},
        )
    )
    for cut in range(0, whole, 9):
        reply.cut = cut
        with pytest.raises(ModelError):
            ask(reply)


def test_a_stream_that_nobody_wants_any_more_ends(server: OpenAIServer) -> None:
    server.replies = [Reply("word ", endless=True, pause=0.01)]
    events = OpenAICompatibleModel(server.url, "m", timeout=5).stream(PROMPT)
    next(events)
    events.close()  # type: ignore[attr-defined]
    _no_thread_is_left()


def test_a_reply_ends_with_its_last_event(server: OpenAIServer) -> None:
    server.replies = [Reply(linger=2)]
    began = time.monotonic()
    list(OpenAICompatibleModel(server.url, "m", timeout=5).stream(PROMPT))
    assert time.monotonic() - began < 1.5


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("127.0.0.1:11434/v1", ""), ("ftp://h/v1", ""), ("http://", ""), ("http://h:port/v1", ""), ("http://h o/v1", ""),
        ("http://me:secret@h/v1", ""), ("http://h/v1?key=secret", ""), ("http://h/v1", "secret\nX: y"), ("http://h/v1", "sécret"),
    ],
)  # fmt: skip
def test_addresses_and_keys_that_can_be_none(url: str, key: str) -> None:
    with pytest.raises(SettingsError, match=r"WAYPOST_MODEL_(URL|KEY)") as found:
        OpenAICompatibleModel(url, "m", key)
    assert "secret" not in str(found.value)


def test_a_pasted_address_of_the_call_itself(server: OpenAIServer) -> None:
    list(OpenAICompatibleModel(f"{server.url}/chat/completions/", "m").stream(PROMPT))
    path, headers, _ = server.seen[0]
    assert path == "/v1/chat/completions"
    assert "authorization" not in headers


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_events_in_any_pieces(size: int, end: str) -> None:
    sent = end.join((": hi", "event: x", 'data: {"a":', 'data: "ü⟦"}', "", "id: 1", "data:[DONE]", "", "")).encode()
    pieces = [sent[at : at + size] for at in range(0, len(sent), size)]
    assert list(payloads(pieces, 1000, str)) == [{"a": "ü⟦"}, {"done": True}]


@pytest.mark.parametrize(
    ("trouble", "asked"),
    [
        (Reply(status=500), 2), (Reply(status=429, headers={"Retry-After": "0"}), 2), (Reply(body=b""), 2),
        (Reply(status=429, headers={"Retry-After": "60"}), 1), (Reply(status=401), 1), (Reply(status=413), 1),
        (Reply(finish="content_filter"), 1),
        (Reply("Half an answer. And", finish=None, done=False), 1),
    ],
)  # fmt: skip
def test_what_failed_before_it_spoke_is_asked_again(server: OpenAIServer, trouble: Reply, asked: int) -> None:
    server.replies = [trouble, Reply("Whole.")]
    model = OpenAICompatibleModel(server.url, "tiny", timeout=5)
    try:
        told = said(list(model.stream(PROMPT)))
    except ModelError:
        told = ""
    assert (len(server.seen), told) == (asked, "Whole." if asked == 2 else "")


def test_an_answer_that_has_less_time_takes_no_more(server: OpenAIServer) -> None:
    server.replies = [Reply("word " * 50, pause=0.2)]
    began = time.monotonic()
    with pytest.raises(ModelError, match="too long"):
        list(OpenAICompatibleModel(server.url, "tiny", timeout=30).stream(replace(PROMPT, seconds=0.5)))
    assert time.monotonic() - began < 3


def test_requests_that_failed_are_counted(server: OpenAIServer) -> None:
    model = OpenAICompatibleModel(server.url, "m", timeout=3)
    server.replies = [Reply(status=503), Reply()]
    assert [event.usage for event in model.stream(PROMPT) if event.usage] == [Usage(25, 15, requests=2)]
    server.replies = [Reply(status=503)]
    told = model.stream(PROMPT)
    assert next(told).usage == Usage(requests=3)
    with pytest.raises(ModelError):
        next(told)
