"""POSTs with an `Idempotency-Key`: carried out once, in bounds, for their caller."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from starlette.types import Receive, Scope, Send

from api.access.caller import Caller
from api.idempotency import Repeats
from rag.records import Viewer

KEY = {"Idempotency-Key": "one"}


class Counting:
    """An application that counts how often it was asked, and answers as its path says."""

    def __init__(self) -> None:
        self.asked = 0
        self.wait: asyncio.Event | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = (await receive())["body"]
        self.asked += 1
        if self.wait:
            await self.wait.wait()
        status = int(scope["path"].rpartition("/")[2]) if scope["path"][-3:].isdecimal() else 200
        kind = b"text/event-stream" if "stream" in scope["path"] else b"application/json"
        much = b"x" * 1_100_000 if "large" in scope["path"] else b""
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-type", kind)]})
        await send({"type": "http.response.body", "body": f"{self.asked}:".encode(), "more_body": True})
        await send({"type": "http.response.body", "body": body + much})


class World:
    """The middleware over it, with a clock and a catalog that tests move."""

    def __init__(self) -> None:
        self.now, self.state, self.caller = 0.0, 0, Caller()
        self.app = Counting()
        self._repeats = Repeats(self.app, lambda: self.state, lambda: self.now)

    async def _called(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope["state"] = {"caller": self.caller}
        await self._repeats(scope, receive, send)

    async def post(
        self, path: str = "/v1/ask", content: str = "a", key: str | None = "one", **headers: str
    ) -> httpx.Response:
        transport = httpx.ASGITransport(self._called)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            given = headers | ({"Idempotency-Key": key} if key is not None else {})
            return await client.post(path, content=content, headers=given)

    def __call__(self, *arguments: Any, **named: Any) -> httpx.Response:
        return asyncio.run(self.post(*arguments, **named))


@pytest.fixture
def post() -> World:
    return World()


def test_a_request_is_carried_out_once(post: World) -> None:
    first, again = post(), post()
    assert (first.text, again.text) == ("1:a", "1:a")
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert again.headers["content-type"] == "application/json"
    assert [post(key="two").text, post(key=None).text, post(key=None).text] == ["2:a", "3:a", "4:a"]


@pytest.mark.parametrize(
    "other", [{"content": "b"}, {"path": "/v1/other"}, {"path": "/v1/ask?x=1"}, {"accept": "text/event-stream"}]
)
def test_a_key_is_for_one_request(post: World, other: dict[str, str]) -> None:
    post()
    refused = post(**other)
    assert (refused.status_code, post.app.asked) == (422, 1)


def test_a_key_is_its_callers_with_the_groups_of_now(post: World) -> None:
    post()
    for number, caller in enumerate((Caller(name="b"), Caller(via="key"), Caller(viewer=Viewer.of(["sre"]))), 2):
        post.caller = caller
        assert post(content="b").text == f"{number}:b"


def test_what_shows_documents_is_asked_anew_when_the_catalog_changed(post: World) -> None:
    for path in ("/v1/ask", "/v1/feedback"):
        post(path, key=path)
    post.state = 1
    assert [post("/v1/ask", key="/v1/ask").text, post("/v1/feedback", key="/v1/feedback").text] == ["3:a", "2:a"]


@pytest.mark.parametrize("path", ["/v1/x/503", "/v1/x/429", "/v1/x/404", "/v1/stream", "/v1/large"])
def test_failures_streams_and_what_is_large_are_not_kept(post: World, path: str) -> None:
    post(path)
    assert post(path).text.startswith("2:")


def test_a_day_is_long_enough(post: World) -> None:
    post()
    post.now = 24 * 3600 - 1
    assert post().text == "1:a"
    post.now += 2
    assert post().text == "2:a"


def test_a_bounded_number_is_kept(post: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.idempotency._MOST", 10)
    for number in range(11):
        post.now = float(number)
        post(key=f"k{number}")
    assert post(key="k10").text == "11:a"
    assert post(key="k1").text == "2:a"
    assert post(key="k0").text == "12:a"


def test_a_bounded_number_of_bytes_is_kept(post: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.idempotency._MOST_BYTES", 2_000)
    for number in range(4):
        post(key=f"k{number}", content="x" * 900)
    assert post(key="k3", content="x" * 900).text.startswith("4:")
    assert post(key="k0", content="x" * 900).text.startswith("5:")


def test_one_that_is_being_answered_is_told_so(post: World) -> None:
    async def both() -> tuple[httpx.Response, httpx.Response]:
        post.app.wait = asyncio.Event()
        first = asyncio.create_task(post.post())
        while not post.app.asked:
            await asyncio.sleep(0)
        second = await post.post()
        post.app.wait.set()
        return await first, second

    first, second = asyncio.run(both())
    assert (first.text, second.status_code, second.headers["retry-after"]) == ("1:a", 409, "1")


def test_one_that_broke_off_may_be_sent_again(post: World) -> None:
    async def broken() -> None:
        post.app.wait = asyncio.Event()
        first = asyncio.create_task(post.post())
        while not post.app.asked:
            await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        post.app.wait = None

    asyncio.run(broken())
    assert post().text == "2:a"


def test_an_answer_is_not_paid_for_twice(client: TestClient) -> None:
    asked = {"question": "How do I force-unlock terraform?"}
    first, again = (client.post("/v1/ask", json=asked, headers=KEY) for _ in range(2))
    assert again.json() == first.json()
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    assert client.post("/v1/ask", json={"question": "other"}, headers=KEY).status_code == 422
