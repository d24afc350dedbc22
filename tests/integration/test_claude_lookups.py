"""Claude looks further: within the asker's rights, within bounds, and what was found can be cited."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import anthropic  # noqa: F401  # here, since importing it takes seconds that are no answer's
import pytest
from fastapi.testclient import TestClient

from api.compose import Reader
from api.http import make_app
from api.owner import Owner, open_owner
from api.settings import Settings
from rag.ask import AskEvent
from rag.records import Usage, Viewer
from tests.api.conftest import LOOPBACK
from tests.conftest import configure, write
from tests.model_server import ModelServer, Request, call, cite, claude, text, thought

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

WIKI = {
    "locks.md": "# State locks\n\nA stuck state lock is cleared by the owner of the state, see the page on owners.\n",
    "owners.md": "# Owners\n\nThe network team looks after vpc things. Their pager is 5512.\n",
    "long.md": "# Long\n\n"
    + "\n\n".join(f"Paragraph {n} of a long page on walruses and their tusks. " * 9 for n in range(400)),
    "main.tf": 'resource "aws_vpc" "main" {\n  cidr_block = "10.7.0.0/16"\n}\n',
}
QUESTION = "Who clears a stuck state lock?"


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as running:
        yield running


@pytest.fixture(scope="module")
def owner(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    folder = tmp_path_factory.mktemp("lookups")
    settings = Settings(home=folder / "home", config=folder / "waypost.yaml", embedder="hashing")
    write(folder / "wiki", WIKI)
    write(folder / "closed", {"pay.md": "# Payouts\n\nThe payout batch runs at 04:10.\n"})
    configure(
        settings, {"name": "wiki", "type": "folder", "path": str(folder / "wiki")},
        {"name": "closed", "type": "folder", "path": str(folder / "closed"), "audience": ["payments"]},
    )  # fmt: skip
    with open_owner(settings, "sync") as opened:
        opened.sync([], lambda step: None, lambda: False)
        yield opened


@pytest.fixture
def reader(owner: Owner, server: ModelServer) -> Callable[..., Reader]:
    def make(**changes: Any) -> Reader:
        update = {"anthropic_api_key": "sk-test", "anthropic_base_url": server.url, "evidence_tokens": 20, **changes}
        return Reader(owner.settings.model_copy(update=update), owner.catalog, owner.reader()._serving)

    return make


def results(request: Request) -> list[dict[str, Any]]:
    """Every search result of a request, in the order in which they are numbered."""
    found = []
    for message in request.body["messages"]:
        for block in message["content"]:
            inner = block["content"] if block["type"] == "tool_result" else [block]
            found += [one for one in inner if one["type"] == "search_result"]
    return found


def citing(words: str, said: str) -> Callable[[Request], Any]:
    """A reply that cites the block with these words, wherever it stands."""

    def reply(request: Request) -> Any:
        for index, result in enumerate(results(request)):
            for at, part in enumerate(result["content"]):
                if words in part["text"]:
                    return claude(text(said, cite(index, at, at + 1, part["text"])))
        return claude(text("Our documents don't say."))

    return reply


def asked(reader: Reader, viewer: Viewer | None = None) -> list[AskEvent]:
    return list(reader.asker().stream(QUESTION, viewer or Viewer()))


def tool_result(request: Request) -> dict[str, Any]:
    return next(b for b in request.body["messages"][-1]["content"] if b["type"] == "tool_result")


def test_what_was_looked_up_is_shown_and_can_be_cited(reader: Callable[..., Reader], server: ModelServer) -> None:
    looking = claude(
        thought("They ask for an owner."), text("Let me look."), call("search", {"query": "network team pager"}),
        stop="tool_use", output=30,
    )  # fmt: skip
    server.replies(looking, citing("pager", "Page the network team on 5512."))
    told = asked(reader())
    answer = told[-1].answer
    assert answer is not None
    assert answer.text == "Page the network team on 5512. [1]"
    assert [citation.path for citation in answer.citations] == ["owners.md"]
    assert answer.verdict == "answered"
    assert answer.usage == Usage(50, 45, requests=2)
    lookups = [event.lookup for event in told if event.lookup]
    assert [(one.tool, one.asked) for one in lookups] == [("search", "network team pager")]
    assert "owners.md" in [found.document.path for found in lookups[0].found]
    assert AskEvent(restart=True) in told  # "Let me look." is no part of the answer
    first, second = server.requests
    assert [tool["name"] for tool in first.body["tools"]] == ["search", "read_lines", "terraform_lookup"]
    said = second.body["messages"][-2]
    assert said["role"] == "assistant"
    assert said["content"][0] == {"type": "thinking", "thinking": "They ask for an owner.", "signature": "sig"}
    assert said["content"][-1]["input"] == {"query": "network team pager"}


def test_what_was_said_and_cited_before_a_look_stays(reader: Callable[..., Reader], server: ModelServer) -> None:
    def begin(request: Request) -> Any:
        quote = results(request)[0]["content"]
        at = next(at for at, part in enumerate(quote) if "owner of the state" in part["text"])
        said = text("The owner of the state clears it.", cite(0, at, at + 1, quote[at]["text"]))
        return claude(said, call("search", {"query": "network team pager"}), stop="tool_use")

    server.replies(begin, citing("pager", "Page them on 5512."))
    told = asked(reader())
    answer = told[-1].answer
    assert answer is not None
    assert answer.text == "The owner of the state clears it. [1]\n\nPage them on 5512. [2]"
    assert AskEvent(restart=True) not in told
    assert "".join(event.text for event in told) == answer.text


@pytest.mark.parametrize(
    ("name", "arguments", "found"),
    [
        ("read_lines", {"document": "wiki/owners.md", "start_line": 3, "end_line": 3}, "Their pager is 5512."),
        ("terraform_lookup", {"address": "aws_vpc.main"}, "10.7.0.0/16"),
    ],
)
def test_lines_and_terraform_can_be_read(
    reader: Callable[..., Reader], server: ModelServer, name: str, arguments: dict[str, Any], found: str
) -> None:
    server.replies(claude(call(name, arguments), stop="tool_use"), citing(found, "It is so."))
    answer = asked(reader())[-1].answer
    assert answer is not None
    assert found in answer.citations[0].quote
    result = tool_result(server.requests[1])
    assert "is_error" not in result
    if name == "read_lines":
        assert [part["text"] for part in result["content"][0]["content"]] == [WIKI["owners.md"].split("\n")[2] + "\n"]


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("search", {}), ("search", {"query": ""}), ("search", {"query": 3}), ("search", {"query": "x", "k": 9}),
        ("search", "{not json"), ("search", "[1]"), ("rm", {"path": "/"}), ("read_lines", {"document": "wiki/owners.md"}),
        ("read_lines", {"document": "wiki/owners.md", "start_line": "1", "end_line": 2}),
        ("read_lines", {"document": "wiki/owners.md", "start_line": 5, "end_line": 2}),
        ("read_lines", {"document": "wiki/owners.md", "start_line": True, "end_line": 2}),
        ("read_lines", {"document": "../../etc/passwd", "start_line": 1, "end_line": 2}),
        ("read_lines", {"document": "closed/pay.md", "start_line": 1, "end_line": 2}),
        ("terraform_lookup", {"address": "aws_vpc.none"}),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told_to_the_model_and_fails_nothing(
    reader: Callable[..., Reader], server: ModelServer, name: str, arguments: Any
) -> None:
    server.replies(claude(call(name, arguments), stop="tool_use"), citing("owner of the state", "The owner does."))
    told = asked(reader())
    answer = told[-1].answer
    assert answer is not None
    assert (answer.model, answer.verdict) == ("claude-sonnet-5-5", "answered")
    result = tool_result(server.requests[1])
    assert result["is_error"] is True
    assert result["content"][0]["text"]
    assert isinstance(server.requests[1].body["messages"][-2]["content"][-1]["input"], dict)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("search", {"query": "\ud800 state lock"}),
        ("read_lines", {"document": "wiki/\ud800.md", "start_line": 1, "end_line": 10**30}),
        ("read_lines", {"document": "wiki/\x00", "start_line": 1, "end_line": 1}),
        ("terraform_lookup", {"address": "\ud800"}),
    ],
)  # fmt: skip
def test_letters_that_are_none_fail_no_answer(
    reader: Callable[..., Reader], server: ModelServer, name: str, arguments: Any
) -> None:
    server.replies(claude(call(name, arguments), stop="tool_use"), claude(text("x")))
    answer = asked(reader())[-1].answer
    assert answer is not None
    assert answer.text


def test_nobody_looks_at_what_the_asker_may_not_see(reader: Callable[..., Reader], server: ModelServer) -> None:
    looks = [
        call("search", {"query": "payout batch 04:10"}, "a"),
        call("read_lines", {"document": "closed/pay.md", "start_line": 1, "end_line": 9}, "b"),
    ]
    for viewer, seen in ((Viewer(), False), (Viewer.of(["payments"]), True)):
        server.replies(claude(*looks, stop="tool_use"), citing("04:10", "At 04:10."))
        asked(reader(), viewer)
        assert ("04:10." in json.dumps(results(server.requests[1]))) is seen
        missing = server.requests[1].body["messages"][-1]["content"][1]
        if not seen:
            absent = missing["content"][0]["text"].replace("closed/pay.md", "closed/none.md")
            server.replies(
                claude(call("read_lines", {"document": "closed/none.md", "start_line": 1, "end_line": 9}), stop="tool_use"),
                claude(text("x")),
            )  # fmt: skip
            asked(reader(), viewer)
            assert tool_result(server.requests[1])["content"][0]["text"] == absent  # hidden is as if it were not there


def test_rounds_are_bounded(reader: Callable[..., Reader], server: ModelServer) -> None:
    look = claude(call("search", {"query": "walrus tusks"}), stop="tool_use")
    server.replies(look)
    answer = asked(reader(lookups=2))[-1].answer
    assert answer is not None
    assert (answer.model, len(server.requests)) == ("extractive", 3)
    assert [request.body["tool_choice"]["type"] for request in server.requests] == ["auto", "auto", "none"]
    assert "answer from what is here" in json.dumps(server.requests[2].body["messages"][-1])


def test_what_a_look_gives_is_bounded(reader: Callable[..., Reader], server: ModelServer) -> None:
    many = [
        call("read_lines", {"document": "wiki/long.md", "start_line": 1, "end_line": 900}, f"t{n}") for n in range(9)
    ]
    server.replies(claude(*many, stop="tool_use"), claude(text("x")))
    asked(reader())
    content = server.requests[1].body["messages"][-1]["content"]
    assert [block["is_error"] for block in content if block.get("is_error")] == [True] * 6
    sizes = [
        sum(
            len(part["text"].strip())
            for result in block["content"]
            if "content" in result
            for part in result["content"]
        )
        for block in content
    ]
    assert 1000 < max(sizes) <= 6000
    assert results(server.requests[1])[1]["source"] == "wiki/long.md"


def test_without_lookups_no_tool_is_sent(reader: Callable[..., Reader], server: ModelServer) -> None:
    server.replies(citing("owner of the state", "The owner does."))
    asked(reader(lookups=0))
    assert not {"tools", "tool_choice"} & set(server.requests[0].body)


def test_a_cost_limit_ends_the_looking_and_then_the_asking(reader: Callable[..., Reader], server: ModelServer) -> None:
    server.replies(citing("owner of the state", "The owner does."))
    asked(reader(cost_limit=24_000, max_tokens=3000))
    assert server.requests[0].body["tool_choice"] == {"type": "none"}
    server.replies(citing("owner of the state", "The owner does."))
    answer = asked(reader(cost_limit=1000))[-1].answer
    assert answer is not None
    assert (answer.model, server.requests) == ("extractive", [])
    assert "cost more" in answer.degraded


def test_lookups_are_events_over_http(reader: Callable[..., Reader], server: ModelServer) -> None:
    server.replies(claude(call("search", {"query": "pager"}), stop="tool_use"), citing("pager", "Page 5512."))
    made = reader()
    with TestClient(make_app(made._settings, made), base_url="http://127.0.0.1:8765", client=LOOPBACK) as client:
        reply = client.post("/v1/ask", json={"question": QUESTION}, headers={"accept": "text/event-stream"})
    assert 'event: lookup\ndata: {"tool": "search", "asked": "pager", "found": ["wiki/owners.md"' in reply.text
