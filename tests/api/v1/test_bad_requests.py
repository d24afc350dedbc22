"""Requests that nobody should send, each answered by a problem that says what to do: a table, over a real server where the wire
matters. Nothing here is a 5xx."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from api.bodies import Bodies, Kind, Refused, check_json, kind_of
from api.http import make_app
from api.owner import Owner
from tests.api.v1.served import running

JSON = {"Content-Type": "application/json"}
ASK = ("POST", "/v1/ask")
SEARCH = ("GET", "/v1/search")
DEEP = b'{"question":' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def body(content: bytes | str, **headers: str) -> dict[str, Any]:
    return {"content": content, "headers": {**JSON, **{k.replace("_", "-"): v for k, v in headers.items()}}}


LONG = json.dumps({"thread": "x", "useful": True, "comment": "x" * 2001})
BAD: list[tuple[str, tuple[str, str], dict[str, Any], int]] = [
    ("deep JSON", ASK, body(DEEP), 400),
    ("deep JSON, never closed", ASK, body(b"[" * 900_000), 400),
    ("deep objects", ASK, body(b'{"a":' * 500 + b"1" + b"}" * 500), 400),
    ("JSON cut off", ASK, body(b'{"question": "x'), 422),
    ("no JSON", ASK, body(b"question=x"), 422),
    ("an array", ASK, body(b"[]"), 422),
    ("null", ASK, body(b"null"), 422),
    ("a number of 5,000 digits", ASK, body(b'{"question": ' + b"9" * 5000 + b"}"), 400),
    ("NUL in a text", ASK, body(json.dumps({"question": "a\0b"})), 422),
    ("NUL in a list", ASK, body(json.dumps({"question": "a", "sources": ["a\0"]})), 422),
    ("a raw NUL", ASK, body(b'{"question": "a\0b"}'), 422),
    ("half a character", ASK, body(b'{"question": "a \\ud800 b"}'), 422),
    ("half a character in a key", ASK, body(b'{"question": "a", "\\udfff": 1}'), 422),
    ("bad UTF-8", ASK, body(b'{"question": "\xff\xfe"}'), 400),
    ("UTF-16", ASK, body('{"question": "x"}'.encode("utf-16")), 400),
    ("UTF-16, as it says", ASK, body('{"question": "x"}'.encode("utf-16"), Content_Type="application/json; charset=utf-16"), 415),
    ("compressed", ASK, body(b"\x1f\x8b\x08", Content_Encoding="gzip"), 415),
    ("a form", ASK, {"data": {"question": "x"}}, 415),
    ("a file", ASK, {"files": {"question": b"x"}}, 415),
    ("XML", ASK, body(b"<question/>", Content_Type="text/xml"), 415),
    ("no type at all", ASK, {"content": b'{"question": "x"}'}, 415),
    ("JSON that says it is text", ASK, body(b'{"question": "x"}', Content_Type="text/plain"), 415),
    ("no body", ASK, {"headers": JSON}, 422),
    ("an unknown key", ASK, body(b'{"question": "x", "groups": ["admin"]}'), 422),
    ("1.1 MB", ASK, body(b'{"question": "' + b"x" * 1_100_000 + b'"}'), 413),
    ("a length that is a lie", ASK, body(b"{}", Content_Length="99999999999"), 413),
    ("a path as persona", ASK, body(b'{"question": "x", "persona": "../../etc/passwd"}'), 422),
    ("a persona that is not there", ASK, body(b'{"question": "x", "persona": "nobody"}'), 404),
    ("another's thread", ASK, body(b'{"question": "x", "thread": "AAAAAAAAAAAA"}'), 404),
    ("101 sources", ASK, body(json.dumps({"question": "x", "sources": ["a"] * 101})), 422),
    ("negative k", SEARCH, {"params": {"q": "x", "k": -1}}, 422),
    ("k of no number", SEARCH, {"params": {"q": "x", "k": "ten"}}, 422),
    ("k of 30 digits", SEARCH, {"params": {"q": "x", "k": "9" * 30}}, 422),
    ("k in Arabic digits beyond", SEARCH, {"params": {"q": "x", "k": "٩٩٩"}}, 422),
    ("no question", SEARCH, {}, 422),
    ("a blank question", SEARCH, {"params": {"q": " \t"}}, 400),
    ("a question of 5,000 letters", SEARCH, {"params": {"q": "x" * 5000}}, 422),
    ("a source that is hidden", SEARCH, {"params": {"q": "x", "source": "private"}}, 400),
    ("a misspelt filter", SEARCH, {"params": {"q": "x", "sauce": "wiki"}}, 400),
    ("NUL in the query", ("GET", "/v1/search?q=a%00b"), {}, 422),
    ("NUL in the path", ("GET", "/v1/documents/a%00b"), {}, 404),
    ("a parameter twice", ("GET", "/v1/documents?limit=1&limit=2"), {}, 400),
    ("a path out of here", ("GET", "/v1/documents/..%2f..%2fetc%2fpasswd"), {}, 404),
    ("a path with dots", ("GET", "/v1/documents/%2e%2e/%2e%2e/etc"), {}, 404),
    ("a backslash", ("GET", "/v1/documents/..%5c..%5cetc"), {}, 404),
    ("bad UTF-8 in the path", ("GET", "/v1/documents/%ff%fe"), {}, 404),
    ("an id of 10,000 letters", ("GET", f"/v1/documents/{'x' * 10_000}"), {}, 404),
    ("line 0", ("GET", "/v1/documents/x?start=0"), {}, 422),
    ("a line of 30 digits", ("GET", f"/v1/documents/x?start={'9' * 30}"), {}, 422),
    ("a cursor of our own making", ("GET", "/v1/gaps?cursor=WyJhIl0"), {}, 400),
    ("a cursor with half a character", ("GET", "/v1/runs?cursor=WyJcdWQ4MDAiLCIiLDAsIiJd"), {}, 400),
    ("a cursor of a line beyond", ("GET", "/v1/runs?cursor=WyIiLCIiLDk5OTk5OTk5OTk5LCIiXQ"), {}, 400),
    ("feedback on nothing", ("POST", "/v1/feedback"), body(b'{"thread": "x", "useful": true}'), 404),
    ("feedback of a page", ("POST", "/v1/feedback"), body(LONG), 422),
    ("a gap that is not there", ("POST", "/v1/gaps/nope"), body(b'{"state": "done"}'), 404),
    ("a gap in another state", ("POST", "/v1/gaps/nope"), body(b'{"state": "won"}'), 422),
    ("a sync of what is hidden", ("POST", "/v1/sources/private/sync"), {}, 404),
    ("a sync of nothing", ("POST", "/v1/sources/nope/sync"), {}, 404),
    ("an odd method", ("BREW", "/v1/search"), {}, 405),
    ("TRACE", ("TRACE", "/v1/search?q=x"), {}, 405),
    ("DELETE", ("DELETE", "/v1/documents/x"), {}, 405),
    ("GET to ask", ("GET", "/v1/ask"), {}, 405),
    ("a version that is not there", ("GET", "/v2/search?q=x"), {}, 404),
    ("another host", SEARCH, {"params": {"q": "x"}, "headers": {"Host": "evil.example"}}, 400),
    ("40 kB of headers", SEARCH, {"params": {"q": "x"}, "headers": {"X-Much": "x" * 40_000}}, 431),
    ("a key that is none", ASK, body(b'{"question": "x"}', Idempotency_Key="a b"), 400),
    ("a key of 200 letters", ASK, body(b'{"question": "x"}', Idempotency_Key="k" * 200), 400),
]  # fmt: skip


@pytest.mark.parametrize(("request_", "options", "status"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_bad_requests(client: TestClient, request_: tuple[str, str], options: dict[str, Any], status: int) -> None:
    reply = client.request(*request_, **options)
    assert reply.status_code == status, reply.text
    if request_[1].startswith("/v1") and "Host" not in options.get("headers", {}):
        told = reply.json()
        assert reply.headers["content-type"] == "application/problem+json"
        assert told["status"] == status
        assert told["detail"]
        assert told["request_id"] == reply.headers["x-request-id"]


# -- on the wire ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def address(organisation: Owner) -> Iterator[str]:
    with running(make_app(organisation.settings, organisation.reader())) as found:
        yield found


def exchange(address: str, *parts: bytes, until: bytes = b"\r\n\r\n") -> bytes:
    """Sends bytes as they are; what comes back until the connection ends or `until` stands in it."""
    at = urlsplit(address)
    with socket.create_connection((at.hostname or "", at.port or 0), timeout=20) as connection:
        found = b""
        try:
            for part in parts:
                connection.sendall(part)
        except (BrokenPipeError, ConnectionResetError):  # it was refused before all of it was sent
            pass
        while until not in found:
            more = connection.recv(65_536)
            if not more:
                break
            found += more
        return found


HEAD = b"POST /v1/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"


def status_of(reply: bytes) -> int:
    found = re.match(rb"HTTP/1\.1 (\d+) ", reply)
    assert found, reply[:200]
    return int(found[1])


def test_a_hundred_megabytes_are_not_read(address: str) -> None:
    assert status_of(exchange(address, HEAD + b"Content-Length: 104857600\r\n\r\n{")) == 413


def test_nor_in_chunks_that_never_end(address: str) -> None:
    chunk = b"%x\r\n%s\r\n" % (65_536, b"x" * 65_536)
    reply = exchange(address, HEAD + b"Transfer-Encoding: chunked\r\n\r\n", *([chunk] * 40))
    assert status_of(reply) == 413
    assert b"onnection: close" in reply


@pytest.mark.parametrize(
    "wire",
    [
        b"GET /v1/search?q=x HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Much: " + b"x" * 200_000 + b"\r\n\r\n",
        b"GET /v1/search?q=" + b"x" * 200_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        b"GET /v1/search?q=x HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 50 + b"\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    ],
    ids=["huge headers", "huge query", "no host", "TLS", "negative length", "two lengths", "bad chunks"],
)  # fmt: skip
def test_what_is_no_http(address: str, wire: bytes) -> None:
    reply = exchange(address, wire)
    assert reply == b"" or 400 <= status_of(reply) < 500


def test_the_server_answers_after_all_that(address: str) -> None:
    reply = exchange(address, b"GET /livez HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Request-Id: my-id_1\r\n\r\n")
    assert status_of(reply) == 200
    assert b"x-request-id: my-id_1" in reply.lower()


async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse((await request.body()).decode())


def test_a_slow_client_is_not_waited_for() -> None:
    app = Starlette(routes=[Route("/v1/echo", echo, methods=["POST"])])
    app.add_middleware(Bodies, slowest=0.2)
    with running(app) as address:
        slow = HEAD.replace(b"/v1/ask", b"/v1/echo") + b"Content-Length: 10\r\n\r\n"
        assert status_of(exchange(address, slow + b'"12')) == 408
        assert exchange(address, slow + b'"12345678"', until=b"5678").endswith(b'"12345678"')


# -- the parts -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["", "{}", '"[[[[[[[[[["', '{"a": "\\"[[["}', "[" * 64 + "]" * 64, '"\\\\u0000"', '"\\ud83d\\ude00"']
)
def test_sound_json_passes(text: str) -> None:
    check_json(text.encode())


@pytest.mark.parametrize("text", ["[" * 65, '{"a":' * 65, '"\\u0000"', '"\\ud83d"', '{"\\ud83d": 1}', '"\\\\\\u0000"'])
def test_unsound_json_does_not(text: str) -> None:
    with pytest.raises(Refused):
        check_json(text.encode())


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text", ['"' + '\\"' * 500_000, '"a' * 500_000, "\\" * 1_000_000, "[]" * 500_000, '"\\u0000' * 100_000]
)
def test_hostile_json_is_looked_at_in_linear_time(text: str) -> None:
    check_json(text.encode())


def test_bodies_are_of_the_kind_of_their_path() -> None:
    assert kind_of("/v1/ask").json
    assert not kind_of("/v1/hooks/wiki").json
    assert kind_of("/v1/hooks/wiki").most == 5_000_000
    assert not kind_of("/mcp").json
    assert kind_of("/x", {}) == Kind()


@pytest.mark.parametrize(
    ("given", "taken"),
    [("abc-1_Z", True), ("x" * 64, True), ("x" * 65, False), ("a b", False), ("ä", False), ("", False)],
)
def test_a_request_id_is_taken_where_it_is_sane(client: TestClient, given: str, taken: bool) -> None:
    reply = client.get("/v1/search", params={"q": "x"}, headers={"X-Request-Id": given.encode()})
    assert (reply.headers["x-request-id"] == given) is taken
    assert re.fullmatch(r"[\w-]{1,64}", reply.headers["x-request-id"])


def test_an_error_that_nobody_foresaw_is_a_problem_too(organisation: Owner) -> None:
    app = make_app(organisation.settings, organisation.reader())

    @app.get("/v1/search/broken")
    def broken() -> None:
        raise RuntimeError("secret detail")

    reply = TestClient(app, base_url="http://127.0.0.1", raise_server_exceptions=False, client=("127.0.0.1", 5)).get(
        "/v1/search/broken", headers={"X-Request-Id": "mine"}
    )
    assert (reply.status_code, reply.headers["x-request-id"], reply.json()["request_id"]) == (500, "mine", "mine")
    assert "secret" not in reply.text
