"""The web page without a browser: headers, escaping, rights, and that all of it works without scripts."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient

from api.access.keys import FILE as KEYS
from api.access.keys import Keys
from api.access.scopes import TABLE
from api.http import make_app
from api.owner import Owner
from api.settings import Settings
from api.web.pending import Pending, Tickets
from rag.records import Viewer
from rag.search import Filters
from rag.threads import Threads, Turn
from tests.api.conftest import LOOPBACK
from tests.conftest import configure, write

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
QUESTION = "How do I force-unlock terraform?"
PAGES = {
    "unlock.md": "# Unlock <b>it</b>\n\nRun `terraform force-unlock` with the lock id.\n\n![x](https://evil.example/x.png)\n",
    "main.tf": 'resource "aws_vpc" "main" {\n  cidr_block = var.cidr\n}\n\nvariable "cidr" {}\n',
    "board.md": "---\naudience: [board]\n---\n# Zanzibar minutes\n\nThe zanzibar merger: force-unlock terraform before it.\n",
}
AS = {"Accept": "text/html"}
FORM = {**AS, "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
def client(owner: Owner, tmp_path: Path, settings: Settings) -> Iterator[TestClient]:
    write(tmp_path / "wiki", PAGES)
    write(tmp_path / "secret", {"vault.tf": 'resource "aws_kms_key" "zanzibar" {}\n'})
    configure(
        settings,
        {"name": "wiki", "type": "folder", "path": str(tmp_path / "wiki"), "owner": "platform"},
        {"name": "zsecret", "type": "folder", "path": str(tmp_path / "secret"), "audience": ["board"]},
    )
    owner.sync([], lambda step: None, lambda: False)
    with TestClient(
        make_app(owner.settings, owner.reader()), base_url="http://127.0.0.1:8765", client=LOOPBACK
    ) as opened:
        yield opened


def as_board(owner: Owner) -> TestClient:
    """A client of whoever belongs to the group of the hidden documents."""
    return TestClient(
        make_app(owner.settings.model_copy(update={"groups": "board"}), owner.reader()),
        base_url="http://127.0.0.1:8765",
        client=LOOPBACK,
    )


def ask(client: TestClient, question: str = QUESTION, **fields: str) -> str:
    reply = client.post("/ask", data={"question": question, **fields}, headers=FORM)
    assert reply.status_code == 200
    return reply.text


def thread_of(page: str) -> str:
    found = re.search(r'href="/t/([\w-]+)"', page)
    assert found
    return found[1]


def test_every_page_bears_the_headers_and_nothing_inline(client: TestClient) -> None:
    for path in ("/", "/search?q=unlock", "/terraform", "/terraform?address=aws_vpc.main", "/sources", "/gaps", "/drift",
                 "/signin", "/t/none", "/source/none", "/search?bogus=1", "/static/waypost.css"):  # fmt: skip
        reply = client.get(path, headers=AS)
        policy = reply.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'"), path
        assert "unsafe" not in policy
        assert (reply.headers["x-content-type-options"], reply.headers["referrer-policy"]) == ("nosniff", "same-origin")
        if not path.startswith("/static"):
            assert reply.headers["content-type"].startswith("text/html"), path
            assert not re.search(
                r"<style|\sstyle=|\son\w+=|<script(?! src=\"/static/)|javascript:|hx-on|hx-vals", reply.text
            )
            assert not re.search(r"""(?:src|href|action)=["'](?!/|#)""", reply.text), path


def test_asking_without_scripts(client: TestClient) -> None:
    page = ask(client)
    assert "answered" in page
    link = re.search(r'class="cite" href="([^"#]+)#L(\d+)"', page)
    assert link
    source = client.get(link[1].replace("&amp;", "&"), headers=AS).text
    assert re.search(rf'<div class="l cited" id="L{link[2]}">.*force-unlock', source)
    assert "owner <b>platform</b>" in source
    thread = thread_of(page)
    shown = client.get(f"/t/{thread}", headers=AS).text
    assert 'class="cite"' in shown
    again = ask(client, "who may do it?", thread=thread)
    assert thread_of(again) == thread
    assert again.count('<h2 class="question">') == 2


def test_asking_with_htmx_streams_once(client: TestClient) -> None:
    part = client.post("/ask", data={"question": QUESTION}, headers={**FORM, "HX-Request": "true"}).text
    ticket = re.search(r'sse-connect="(/ask/[\w-]+)"', part)
    assert ticket
    streamed = client.get(ticket[1])
    assert streamed.headers["content-type"].startswith("text/event-stream")
    names = re.findall(r"^event: (\w+)$", streamed.text, re.M)
    assert (names[0], names[-1], "broken" in names) == ("status", "final", False)
    assert client.get(ticket[1]).status_code == 204  # a browser that comes again asks nothing again


def test_a_ticket_is_good_once_and_for_whom_it_was_given() -> None:
    tickets, board = Tickets(), Viewer.of(["board"])
    ticket = tickets.give(Pending("q", Filters(), "", "", board, "ann"))
    assert tickets.take(ticket, Viewer(), "ann") is None
    assert tickets.take(ticket, board, "bob") is None
    found = tickets.take(ticket, board, "ann")
    assert found
    assert found.question == "q"
    assert tickets.take(ticket, board, "ann") is None
    old = tickets.give(Pending("q", Filters(), "", "", board, "ann", at=time.monotonic() - 61))
    assert tickets.take(old, board, "ann") is None


def test_a_stream_that_fails_says_so_and_ends_without_an_answer(client: TestClient) -> None:
    part = client.post(
        "/ask", data={"question": QUESTION, "thread": "nobodys"}, headers={**FORM, "HX-Request": "true"}
    ).text
    streamed = client.get(re.search(r'sse-connect="([^"]+)"', part)[1]).text  # type: ignore[index]
    assert re.findall(r"^event: (\w+)$", streamed, re.M)[-1] == "broken"
    assert "event: final" not in streamed


def test_what_documents_say_is_text(client: TestClient) -> None:
    for path in ("/source?source=wiki&path=unlock.md", "/source?source=wiki&path=unlock.md&view=page"):
        page = client.get(path, headers=AS).text
        assert "<b>it</b>" not in page
        assert "&lt;b&gt;it&lt;/b&gt;" in page
        assert "<img" not in page
    hostile = '"><script>alert(1)</script>{{1337*1337}}\x1b[31m\u202e'
    for path in ("/search", "/"):
        page = client.get(path, params={"q": hostile}, headers=AS).text
        assert "<script>alert" not in page
        assert "1787569" not in page
        assert "\x1b" not in page
        assert "\u202e" not in page
        assert "‹U+202E›" in page


def test_a_hidden_document_is_nowhere(client: TestClient, owner: Owner) -> None:
    hidden = owner.catalog.document_at("wiki", "board.md")
    vault = owner.catalog.document_at("zsecret", "vault.tf")
    assert hidden
    assert vault
    assert "anzibar" in as_board(owner).get("/search?q=zanzibar", headers=AS).text.replace('value="zanzibar"', "")
    for path in (
        "/",
        "/search?q=merger+minutes",
        "/terraform",
        "/terraform?address=aws_kms",
        "/sources",
        "/gaps",
        "/drift",
    ):
        page = client.get(path, headers=AS).text
        assert not re.search(r"zanzibar|zsecret|board\.md|vault", page, re.I), path
    assert "Zanzibar" not in ask(client, "When is the merger of the minutes?")
    missing = client.get("/source/nope", headers=AS)
    for path in (
        f"/source/{hidden.id}", f"/source/{hidden.id}?version={hidden.version}", f"/source/{vault.id}",
        "/source?source=wiki&path=board.md", "/source?source=zsecret&path=vault.tf",
    ):  # fmt: skip
        reply = client.get(path, headers=AS)
        assert (reply.status_code, clean(reply.text)) == (404, clean(missing.text)), path
    addresses = "aws_kms_key.zanzibar", "aws_kms_key.zanzibaz"
    one, other = (client.get("/terraform", params={"address": each}, headers=AS).text for each in addresses)
    assert one.replace("zanzibar", "zanzibaz") == other


def clean(page: str) -> str:
    return re.sub(r"\s+", " ", page)


def test_a_thread_is_shown_to_who_may_see_all_of_it(client: TestClient, owner: Owner) -> None:
    board = as_board(owner)
    secret = thread_of(ask(board, "What do the zanzibar minutes say of the merger?"))
    public = thread_of(ask(client, "What is the cidr of aws_vpc.main?", source="wiki"))
    assert "anzibar" in board.get(f"/t/{secret}", headers=AS).text
    refused, missing = client.get(f"/t/{secret}", headers=AS), client.get("/t/nosuchthread", headers=AS)
    assert (refused.status_code, clean(refused.text)) == (404, clean(missing.text))
    shared = board.get(f"/t/{public}", headers=AS)
    assert shared.status_code == 200
    assert 'name="thread" value=""' in shared.text  # read, but not followed up: it is not theirs
    rated = client.post("/feedback", data={"thread": secret, "verdict": "up"}, headers=FORM)
    assert rated.status_code == 404


def test_a_thread_whose_later_turn_is_restricted_or_gone_is_shown_to_nobody(owner: Owner, client: TestClient) -> None:
    thread = thread_of(ask(client))
    threads = Threads(owner.settings.home / "threads.db", 1)
    turn = Turn("more?", "more?", "answered", "words", (("gone", "wiki", "gone.md"),), "2099-01-01")
    threads.add(thread, Viewer(), turn)
    assert client.get(f"/t/{thread}", headers=AS).status_code == 404


def test_feedback_is_taken_from_our_own_page_alone(client: TestClient) -> None:
    thread = thread_of(ask(client))
    said = {"thread": thread, "verdict": "down", "turn": "1"}
    assert client.post("/feedback", data=said, headers=FORM).status_code == 200
    strangers = (
        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
    )  # fmt: skip
    for headers in strangers:
        for path in ("/feedback", "/ask", "/signout", "/signin"):
            assert client.post(path, data={**said, "question": "x"}, headers={**AS, **headers}).status_code == 403, path
    assert client.post("/ask", data={**said, "question": "x" * 5000}, headers=FORM).status_code == 422
    urlencoded = {**FORM, "Content-Type": "application/x-www-form-urlencoded"}
    assert client.post("/ask", content=b"question=" + b"x" * 70_000, headers=urlencoded).status_code == 413
    assert client.post("/ask", json={"question": "x"}, headers=FORM).status_code == 415
    assert client.post("/ask", data={"question": "  "}, headers=FORM).status_code == 400


def test_a_block_of_terraform(client: TestClient) -> None:
    page = client.get("/terraform?address=aws_vpc.main", headers=AS).text
    assert "cidr_block" in page
    drawing = re.search(r'<img src="([^"]+)"', page)
    assert drawing
    assert urlsplit(drawing[1]).netloc == ""
    assert client.get(drawing[1].replace("&amp;", "&")).headers["content-type"].startswith("image/svg+xml")


def test_every_route_of_the_page_has_a_scope(client: TestClient) -> None:
    routes = {route.path for route in client.app.routes if hasattr(route, "path")}  # type: ignore[attr-defined]
    for path in routes:
        beginning = "/" + path.split("/")[1]
        assert beginning in TABLE or path.startswith("/v1"), path


def test_a_browser_that_is_not_known_is_led_to_sign_in_and_back(client: TestClient) -> None:
    from starlette.applications import Starlette
    from starlette.responses import PlainTextResponse
    from starlette.routing import Mount

    from api.web.entrance import Entrance

    async def refuse(scope, receive, send):  # type: ignore[no-untyped-def]
        await PlainTextResponse("no", 401)(scope, receive, send)

    shut = TestClient(Entrance(Starlette(routes=[Mount("/", app=refuse)])), follow_redirects=False)
    led = shut.get("/t/abc?x=1", headers=AS)
    assert (led.status_code, led.headers["location"]) == (303, "/signin?next=%2Ft%2Fabc%3Fx%3D1")
    assert shut.get("/v1/search", headers=AS).status_code == 401
    assert shut.get("/t/abc").status_code == 401
    assert shut.get("/search", headers={"HX-Request": "true"}).headers["hx-redirect"] == "/signin"
    for onward in ("https://evil.example", "//evil.example", "/\\evil.example", "/signin", "javascript:x"):
        assert f'href="{onward}"' not in client.get("/signin", params={"next": onward}, headers=AS).text


def test_an_error_that_nobody_foresaw_is_a_page_for_browsers_and_a_problem_for_programs(owner: Owner) -> None:
    app = make_app(owner.settings, owner.reader())

    @app.get("/drift/broken")
    @app.get("/v1/search/broken")
    def broken() -> None:
        raise RuntimeError("secret detail")

    client = TestClient(app, base_url="http://127.0.0.1:8765", client=LOOPBACK, raise_server_exceptions=False)
    reply = client.get("/drift/broken", headers={**AS, "X-Request-Id": "mine"})
    assert (reply.status_code, reply.headers["content-type"]) == (500, "text/html; charset=utf-8")
    assert "which its log tells under the request id mine" in reply.text
    assert '<a href="/">Back' in reply.text
    assert reply.headers["x-request-id"] == "mine"
    assert reply.headers["content-security-policy"].startswith("default-src 'none'")
    part = client.get("/drift/broken", headers={"HX-Request": "true"})
    assert part.status_code == 500
    assert part.text.startswith('<div class="broken" role="alert">')
    for path, accept in (("/drift/broken", "*/*"), ("/v1/search/broken", "text/html")):
        told = client.get(path, headers={"Accept": accept})
        assert (told.status_code, told.headers["content-type"]) == (500, "application/problem+json")
        assert "secret" not in told.text + reply.text + part.text


def test_what_is_not_there_is_a_page_for_browsers_and_a_problem_for_programs(client: TestClient) -> None:
    reply = client.get("/nowhere/<b>", headers=AS)
    assert (reply.status_code, reply.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert "there is nothing at /nowhere/&lt;b&gt;" in reply.text
    assert '<a href="/">Back' in reply.text
    assert 'href="/static/waypost.css' in reply.text
    assert reply.headers["content-security-policy"].startswith("default-src 'none'")
    assert reply.headers["x-request-id"]
    for path, accept in (("/nowhere", "*/*"), ("/v1/nowhere", "text/html"), ("/sources/x", "application/json")):
        told = client.get(path, headers={"Accept": accept})
        assert (told.status_code, told.headers["content-type"]) == (404, "application/problem+json")
    method = client.post("/sources", headers=FORM)
    assert (method.status_code, method.headers["allow"], "takes GET" in method.text) == (405, "GET", True)
    called = client.get("/", headers={**AS, "Host": "kb.example.org"})
    assert (called.status_code, "WAYPOST_ALLOWED_HOSTS=kb.example.org" in called.text) == (400, True)
    part = client.get("/nowhere", headers={"HX-Request": "true"})
    assert part.text.startswith('<div class="broken"')


def test_who_is_not_signed_in_finds_the_way_where_there_are_keys(client: TestClient, settings: Settings) -> None:
    there = "/search?q=unlock"
    assert "Sign in" not in client.get(there, headers=AS).text
    keys = Keys(settings.home / KEYS)
    _, token = keys.create("ann", [], ["read", "ask"], "")
    assert 'href="/signin?next=%2Fsearch%3Fq%3Dunlock">Sign in</a>' in client.get(there, headers=AS).text
    assert ">Sign in</a>" not in client.get("/signin", headers=AS).text
    assert client.post("/signin", data={"token": token, "next": there}, headers=FORM, follow_redirects=False).headers[
        "location"
    ] == there  # fmt: skip
    signed_in = client.get(there, headers=AS).text
    assert ("Sign out" in signed_in, ">Sign in</a>" in signed_in) == (True, False)
    keys.revoke("ann")
    assert "Sign in" not in client.get(there, headers=AS).text  # there is nobody who could
    keys.close()
