"""`WebApi`: what it tries again and how often, how long it waits, how fast it asks, and what it tells nobody."""

from __future__ import annotations

import base64
import traceback
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

import ingest.sources.web as web
from ingest.egress import Limits
from ingest.sources import Credentials
from ingest.sources.web import StatusError, WebApi
from rag.errors import SourceError
from tests.places.server import FAULTS, LOGIN, Ask, Reply, Server, data, instead, page, serving

TOKEN, NAME = "t0ken-of-the-wiki", "reader-of-the-wiki"
Api = Callable[..., WebApi]
pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        yield running


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits that were made, in seconds; nobody waits."""
    waits: list[float] = []
    monkeypatch.setattr(web, "_sleep", waits.append)
    return waits


@pytest.fixture
def api(server: Server) -> Iterator[Callable[..., WebApi]]:
    """Makes clients of the server, which are closed in the end."""
    made: list[WebApi] = []

    def make(below: str = "", per_second: float = 1e9, **settings: object) -> WebApi:
        limits = Limits(connect=1, read=1, total=2)
        made.append(WebApi("wiki", server.address + below, per_second=per_second, limits=limits, **settings))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for one in made:
        one.close()


def answers(*replies: Reply) -> Callable[[Ask], Reply]:
    """An app that gives these answers, and then the last of them for ever."""
    left = list(replies)
    return lambda ask: left.pop(0) if len(left) > 1 else left[0]


# -- what is tried again ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_four_times_in_all(server: Server, api: Api, slept: list[float], status: int) -> None:
    server.app = answers(Reply(status, b"why"))
    with pytest.raises(StatusError, match="sync again later") as raised:
        api().get("pages")
    assert (raised.value.status, raised.value.body) == (status, b"why")
    assert len(server.asked) == 4
    assert len(slept) == 3
    assert slept == sorted(slept)
    assert all(0.75 * 2**n <= wait <= 1.25 * 2**n for n, wait in enumerate(slept))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 418, 501, 505])
def test_what_stays_so_is_not(server: Server, api: Api, slept: list[float], status: int) -> None:
    server.app = answers(Reply(status, b"why"))
    with pytest.raises(StatusError) as raised:
        api().get("pages")
    assert (raised.value.status, raised.value.body) == (status, b"why")
    assert len(server.asked) == 1
    assert not slept


@pytest.mark.parametrize("before", range(4))
def test_an_answer_after_failures_is_the_answer(server: Server, api: Api, slept: list[float], before: int) -> None:
    server.app = answers(*[Reply(503)] * before, data({"pages": []}))
    assert api().json("pages") == {"pages": []}
    assert len(server.asked) == before + 1


@pytest.mark.parametrize("fault", ["reset", "shorter than said", "hanging", "gzip cut off"])
def test_a_network_that_fails_is_tried_again(server: Server, api: Api, slept: list[float], fault: str) -> None:
    server.app = answers(data({"pages": list(range(100))}))
    failing = FAULTS[fault]()
    left = [1]

    def once(request: object, reply: Reply) -> bool:
        left[0] -= 1
        return left[0] >= 0 and failing(request, reply)  # type: ignore[arg-type]

    server.fault = once
    found = api().json("pages")
    assert len(found["pages"]) == 100
    assert len(server.asked) == 2
    assert len(slept) == 1


def test_a_network_that_goes_on_failing_is_told(server: Server, api: Api, slept: list[float]) -> None:
    server.fault = FAULTS["reset"]()
    with pytest.raises(SourceError, match="'wiki'"):
        api().get("pages")
    assert len(server.asked) == 4


def test_a_request_that_is_refused_is_not_tried_again(server: Server, api: Api, slept: list[float]) -> None:
    server.app = answers(Reply(302, b"", {"Location": "http://elsewhere.invalid/"}))
    with pytest.raises(SourceError):
        api().get("pages")
    assert len(server.asked) == 1
    assert not slept


def test_a_post_is_sent_whole_each_time(server: Server, api: Api, slept: list[float]) -> None:
    server.app = answers(Reply(503), data({"ok": True}))
    api().ask("POST", "rpc", content=b"<call/>", headers={"Content-Type": "text/xml"})
    assert [ask.body for ask in server.asked] == [b"<call/>"] * 2
    assert {ask.headers["content-type"] for ask in server.asked} == {"text/xml"}
    assert api().json("rpc", form={"a": "b c"}) == {"ok": True}
    assert server.asked[-1].form == {"a": "b c"}


# -- how long it waits ------------------------------------------------------------------------------------------------


def test_it_waits_as_many_seconds_as_it_is_told(server: Server, api: Api, slept: list[float]) -> None:
    server.app = answers(Reply(429, b"", {"Retry-After": "7"}), Reply(503, b"", {"Retry-After": " 11 "}), data({}))
    api().get("pages")
    assert slept == [7.0, 11.0]


def test_it_waits_until_the_time_that_it_is_told(server: Server, api: Api, slept: list[float]) -> None:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    server.app = answers(Reply(503, b"", {"Retry-After": until}), data({}))
    api().get("pages")
    assert len(slept) == 1
    assert 27 < slept[0] <= 30


@pytest.mark.parametrize(
    "told",
    ["", "0", "soon", "-5", "1.5", "Thu, 01 Jan 2015 00:00:00 GMT", "Thu, 99 Foo 2015", "Mon, 01 Jan 99999 00:00:00 GMT",
     "Thu, 01 Jan 2015 00:00:00 +9999", "²"],
)  # fmt: skip
def test_a_time_that_says_nothing_is_a_wait_of_our_own(server: Server, api: Api, slept: list[float], told: str) -> None:
    assert web._asked_wait(told) == 0
    server.app = answers(
        Reply(503, b"", {"Retry-After": told.encode("latin-1", "replace").decode("latin-1")}), data({})
    )
    api().get("pages")
    assert 0.75 <= slept[0] <= 1.25


@pytest.mark.parametrize("told", ["61", "3600", "9" * 400, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_too_long_a_wait_is_left_to_the_next_sync(server: Server, api: Api, slept: list[float], told: str) -> None:
    server.app = answers(Reply(503, b"", {"Retry-After": told}))
    with pytest.raises(SourceError, match=r"left alone for .* seconds; sync again later"):
        api().get("pages")
    assert len(server.asked) == 1
    assert not slept


def test_patience_ends_in_one_sync(server: Server, api: Api, slept: list[float]) -> None:
    """Five minutes of waiting in all, whatever it is asked for; another source has its own."""
    server.app = answers(*[reply for _ in range(10) for reply in (Reply(429, b"", {"Retry-After": "50"}), data({}))])
    one = api()
    for _ in range(6):
        one.get("pages")
    with pytest.raises(SourceError, match="left alone"):
        one.get("pages")
    assert slept == [50.0] * 6
    api().get("pages")


# -- how fast it asks -------------------------------------------------------------------------------------------------


def test_it_asks_no_faster_than_it_may(server: Server, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty requests at ten a second take two seconds less a tenth, however fast the answers are."""
    clock = [1000.0]
    monkeypatch.setattr(web, "_sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    monkeypatch.setattr(web.time, "monotonic", lambda: clock[0])
    server.app = answers(data({}))
    one = api(per_second=10)
    for _ in range(20):
        one.get("pages")
    assert clock[0] - 1000 == pytest.approx(1.9)
    clock[0] += 60  # a pause earns no burst
    for _ in range(20):
        one.get("pages")
    assert clock[0] - 1000 == pytest.approx(1.9 + 60 + 1.9)


# -- what is no answer ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [LOGIN, b"  \n<html><body>Please log in</body></html>"])
def test_a_log_in_page_is_told_from_data(server: Server, api: Api, slept: list[float], body: bytes) -> None:
    server.app = answers(page(body.decode()))
    with pytest.raises(SourceError, match=r"log-in page.*credentials"):
        api().json("pages")


@pytest.mark.parametrize("body", [b"", b"no", b'{"pages": [', b"[" * 100_000, b"\xff\xfe\x00"])
def test_what_is_no_json_is_told(server: Server, api: Api, slept: list[float], body: bytes) -> None:
    server.app = answers(Reply(200, body))
    with pytest.raises(SourceError, match="no JSON"):
        api().json("pages")


@pytest.mark.parametrize(
    ("status", "advice"), [(401, "credentials"), (403, "rights"), (404, "url"), (418, "url"), (500, "later")]
)
def test_a_refusal_says_what_to_do(server: Server, api: Api, slept: list[float], status: int, advice: str) -> None:
    server.app = answers(Reply(status))
    with pytest.raises(StatusError, match=f"source 'wiki': .*HTTP status {status}: .*{advice}"):
        api().get("pages")


# -- credentials ------------------------------------------------------------------------------------------------------


def test_a_name_and_a_token_are_shown_as_basic(server: Server, api: Api) -> None:
    server.app = answers(data({}))
    api(credentials=Credentials(token=TOKEN, username="ü")).get("pages")
    kind, _, shown = server.asked[0].headers["authorization"].partition(" ")
    assert (kind, base64.b64decode(shown).decode()) == ("Basic", f"ü:{TOKEN}")


def test_a_token_alone_is_shown_as_bearer(server: Server, api: Api) -> None:
    server.app = answers(data({}))
    api(credentials=Credentials(token=TOKEN)).get("pages")
    assert server.asked[0].headers["authorization"] == f"Bearer {TOKEN}"


def test_without_credentials_none_are_shown(server: Server, api: Api) -> None:
    server.app = answers(data({}))
    api(headers={"X-Own": "1"}).get("pages")
    headers = server.asked[0].headers
    assert "authorization" not in headers
    assert (headers["user-agent"], headers["x-own"]) == ("Waypost", "1")


@pytest.mark.parametrize("fault", [*FAULTS, "a wait"])
@pytest.mark.parametrize(
    "credentials", [Credentials(token=TOKEN), Credentials(token=TOKEN, username=NAME)], ids=["t", "u"]
)
def test_no_message_holds_them(
    server: Server, api: Api, slept: list[float], fault: str, credentials: Credentials
) -> None:
    server.app = answers(data({"pages": [1]}))
    server.fault = instead(503, b"", Retry_After="999") if fault == "a wait" else FAULTS[fault]()
    one = api(credentials=credentials)
    told = ""
    for _ in range(2):
        try:
            one.json("pages", {"after": "1"})
        except SourceError as error:
            told += "".join(traceback.format_exception(error)) + repr(error)
    basic = base64.b64encode(f"{NAME}:{TOKEN}".encode()).decode()
    assert told or fault in ("everything lost", "later: everything lost", "an empty object", "an error as an answer")
    assert not [secret for secret in (TOKEN, NAME, basic) if secret in told]


# -- the end ----------------------------------------------------------------------------------------------------------


def test_nothing_is_asked_after_it_is_closed(server: Server, api: Api) -> None:
    server.app = answers(data({}))
    one = api()
    one.get("pages")
    one.close()
    one.close()
    with pytest.raises(RuntimeError):
        one.get("pages")
    assert len(server.asked) == 1


def test_a_path_stays_below_the_url_and_a_reply_says_where_it_came_from(server: Server, api: Api) -> None:
    server.app = answers(Reply(200, b"x", {"X-Thing": "a"}))
    one = api("/wiki")
    reply = one.get("api/pages", {"ids": ["1", "2"], "q": "a b&c"})
    assert server.asked[0].path == "/wiki/api/pages"
    assert reply.url == f"{server.address}/wiki/api/pages?ids=1&ids=2&q=a+b%26c"
    assert (reply.body, reply.headers["x-thing"]) == (b"x", "a")
