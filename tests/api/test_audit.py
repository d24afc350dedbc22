"""The audit over HTTP: every route that gives what documents say tells of it; questions are redacted; failures stop nobody."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.routing import Mount

from api.http import make_app
from api.observability.chain import FILE, Wanted
from api.observability.seen import Seen, seen_by
from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from tests.api.conftest import LOOPBACK, admitted, flat
from tests.conftest import configure, write
from tests.infra import sources

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

# What gives nothing of what documents say, and so leaves nothing in the audit.
SILENT = {
    "/livez", "/readyz", "/metrics", "/openapi.json", "/docs", "/", "/v1/audit",
    "/v1/personas", "/v1/sources", "/v1/runs", "/v1/hooks/{source}",
    "/v1/suggest",  # titles, at every key that is pressed
    "/v1/feedback", "/v1/gaps/{gap_id}", "/v1/sources/{name}/sync", "/v1/models", "/v1/models/{model:path}",
    "/sources", "/signin", "/signout", "/static", "/feedback",
}  # fmt: skip
ASKED: dict[str, dict[str, Any]] = {  # how to ask each of the others for something that is there
    "/v1/alerts": {"json": {"name": "Unlock"}},
    "/v1/alerts/rules": {},
    "/v1/chat/completions": {
        "json": {"model": "waypost", "messages": [{"role": "user", "content": "How do I force-unlock terraform?"}]}
    },
    "/v1/documents": {},
    "/v1/passages/{passage_id}": {},
    "/mcp": {
        "json": {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "tools/call",
            "params": {"name": "search", "arguments": {"query": "unlock"}},
        },
        "headers": {"Accept": "application/json, text/event-stream"},
    },
    "/ask": {"data": {"question": "How do I force-unlock terraform?"}},
    "/source/{document_id}": {},
    "/source": {"params": {"source": "wiki", "path": "unlock.md"}},
    "/search": {"params": {"q": "force-unlock"}},
    "/terraform": {"params": {"address": "aws_vpc.this"}},
    "/gaps": {},
    "/drift": {},
    "/t/{thread}": {},
    "/v1/search": {"params": {"q": "force-unlock"}},
    "/v1/ask": {"json": {"question": "How do I force-unlock terraform?"}},
    "/v1/gaps": {},
    "/v1/documents/{document_id}": {},
    "/v1/drift": {},
    "/v1/terraform/symbols": {},
    "/v1/terraform/modules": {},
    "/v1/terraform/providers": {},
    "/v1/terraform/settings": {},
    "/v1/terraform/environments": {},
    "/v1/terraform/show": {"params": {"address": "aws_vpc.this"}},
    "/v1/terraform/refs": {"params": {"address": "aws_vpc.this"}},
    "/v1/terraform/values": {"params": {"attribute": "local.range"}},
    "/v1/terraform/graph": {"params": {"address": "aws_vpc.this", "format": "svg"}},
}
NOTHING_THERE = {
    "/v1/gaps",
    "/v1/drift",
    "/gaps",
    "/drift",
    "/v1/alerts/rules",
}  # which show no document here, and tell that too


@pytest.fixture
def synced(
    owner: Owner, sync: Callable[..., SyncReport], tmp_path: Path, settings: Settings, request: pytest.FixtureRequest
) -> Owner:
    write(
        tmp_path / "wiki",
        {
            "unlock.md": "# Unlock\n\nRun `terraform force-unlock` with the lock id.\n",
            "pay.md": "---\naudience: [payments]\n---\n# Payouts\n\nThe batch runs at 04:10.\n",
        },
    )
    wiki = {"name": "wiki", "type": "folder", "path": str(tmp_path / "wiki")}
    terraform = sources(tmp_path / "infra")[:1] if "every_route" in request.node.name else ()
    configure(settings, wiki, *terraform)
    sync()
    return owner


@pytest.fixture
def seen(synced: Owner, settings: Settings) -> Iterator[Seen]:
    found = seen_by(settings, synced.reader())
    yield found
    found.close()


def opened(settings: Settings, owner: Owner, seen: Seen | None = None) -> TestClient:
    app = make_app(settings, owner.reader(), seen=seen)
    client = TestClient(app, base_url="http://127.0.0.1:8765", client=LOOPBACK, raise_server_exceptions=False)
    client.headers.update(admitted(settings))
    return client


@pytest.fixture
def client(synced: Owner, settings: Settings, seen: Seen) -> Iterator[TestClient]:
    with opened(settings, synced, seen) as ready:
        yield ready


def written(seen: Seen) -> list[Any]:
    assert seen.audit.recorder is not None
    assert seen.audit.recorder.flush()
    return seen.audit.recorder.chain.entries(Wanted(), 1000)


def routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    for route in flat(app.routes):
        path = getattr(route, "path", "")
        assert path, f"{route}: say in this test what it shows"
        methods = ["MOUNT"] if isinstance(route, Mount) else getattr(route, "methods", None) or ["ANY"]
        for method in sorted(set(methods) - {"HEAD", "OPTIONS"}):
            yield method, path


def test_every_route_that_gives_what_documents_say_tells_the_audit(
    client: TestClient, seen: Seen, synced: Owner
) -> None:
    assert isinstance(client.app, FastAPI)
    document = synced.catalog.document_at("wiki", "unlock.md")
    assert document
    passage = synced.reader().passages_of(document.id)[0].id
    thread = client.post("/v1/ask", json=ASKED["/v1/ask"]["json"]).json()["thread"]
    asked = 0
    for method, path in routes(client.app):
        if path in SILENT or path == "/ask/{ticket}":  # which streams what a form asked: tests/api/test_web_pages.py
            continue
        assert path in ASKED, f"{method} {path}: say in this test how to ask it, or why it shows nothing"
        before = len(written(seen))
        named = path.format(document_id=document.id, passage_id=passage, thread=thread)
        reply = client.request("POST" if path == "/mcp" else method, named, **ASKED[path])
        assert reply.status_code == 200, (path, reply.text)
        after = written(seen)
        assert len(after) == before + 1, f"{method} {path} shows what documents say, and calls no `shown`"
        assert after[0].entry.documents or path in NOTHING_THERE, path
        asked += 1
    assert asked == len(ASKED)


def test_what_gives_nothing_leaves_nothing(client: TestClient, seen: Seen) -> None:
    posted = {"/v1/feedback", "/feedback", "/signout", "/static", "/v1/suggest"}
    for path in sorted(path for path in SILENT - posted if "{" not in path):
        assert client.get(path).status_code == 200, path
    assert written(seen) == []


def test_an_entry_says_who_asked_what_and_was_shown_what(client: TestClient, seen: Seen, synced: Owner) -> None:
    client.get("/v1/search", params={"q": "force-unlock password=hunter2secretvalue99"})
    client.post("/v1/ask", json={"question": "How do I force-unlock terraform?"})
    (one, search), document = written(seen), synced.catalog.document_at("wiki", "unlock.md")
    assert document
    entry = one.entry
    assert (entry.caller, entry.via, entry.face, entry.action) == ("tester", "key", "http", "ask")
    assert "force-unlock" in entry.words
    assert "force-unlock" in search.entry.words
    assert "hunter2secretvalue99" not in search.entry.words
    assert (document.id, document.version) in entry.documents
    assert entry.count == len(entry.documents)
    assert entry.verdict in ("answered", "partial")
    told = client.get("/v1/audit").json()["entries"][0]
    assert (told["query"], told["hash"], told["action"]) == (entry.words, one.hash, "ask")
    assert client.get("/v1/audit", params={"document": document.id}).json()["entries"]
    assert client.get("/v1/audit", params={"document": "other"}).json()["entries"] == []


def test_a_reply_that_is_given_again_is_recorded_again(client: TestClient, seen: Seen) -> None:
    body, once = {"question": "How do I force-unlock terraform?"}, {"Idempotency-Key": "one"}
    first, again = (
        client.post("/v1/ask", json=body, headers={**once, "X-Request-Id": name}) for name in ("r-1", "r-2")
    )
    assert (again.text, again.headers["idempotency-replayed"]) == (first.text, "true")
    second, one = written(seen)
    assert (one.entry.request, second.entry.request) == ("r-1", "r-2")
    assert (one.entry.documents, one.entry.words) == (second.entry.documents, second.entry.words)


def test_a_stream_is_recorded_once_with_all_that_it_showed(client: TestClient, seen: Seen) -> None:
    with client.stream(
        "POST",
        "/v1/ask",
        json={"question": "How do I force-unlock terraform?"},
        headers={"Accept": "text/event-stream"},
    ) as reply:
        assert "event: answer" in reply.read().decode()
    (one,) = written(seen)
    assert (one.entry.verdict, one.entry.count) == ("answered", 1)


def test_a_reader_who_leaves_half_way_is_recorded_too(synced: Owner, seen: Seen) -> None:
    from starlette.requests import Request

    from api.observability.answers import audited
    from api.observability.audit import shown, watched
    from api.v1.questions import _events

    state: dict[str, Any] = {}
    watched(state, seen.audit)
    reader = synced.reader()
    asker, viewer = reader.asker(), synced_viewer()
    request, question = Request({"type": "http", "state": state, "headers": []}), "How do I force-unlock terraform?"
    events = _events(audited(partial(shown, request, "ask", question), asker.stream(question, viewer)))
    while "event: citation" not in next(events):
        pass
    events.close()  # type: ignore[attr-defined]
    (one,) = written(seen)
    assert (one.entry.verdict, one.entry.count) == ("broken off", 1)


def synced_viewer() -> Any:
    from rag.records import Viewer

    return Viewer()


@pytest.mark.parametrize(("kept", "said"), [("text", "force-unlock"), ("hashed", "sha256:"), ("off", "")])
def test_how_questions_are_kept(synced: Owner, settings: Settings, kept: str, said: str) -> None:
    settings = settings.model_copy(update={"audit_questions": kept})
    seen = seen_by(settings, synced.reader())
    with opened(settings, synced, seen) as client:
        client.get("/v1/search", params={"q": "force-unlock"})
        (one,) = written(seen)
    assert one.entry.words.startswith(said)
    assert (len(one.entry.words) == 71) == (kept == "hashed")
    assert bool(one.entry.words) == (kept != "off")


def broken(settings: Settings) -> Path:
    file = settings.home / FILE
    file.unlink(missing_ok=True)
    file.mkdir()  # which no database can be
    return file


def test_where_it_cannot_be_written_requests_go_on_and_that_is_said_loudly(
    client: TestClient, seen: Seen, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    file = broken(settings)
    with caplog.at_level(logging.ERROR):
        assert client.get("/v1/search", params={"q": "force-unlock"}).status_code == 200
        assert seen.audit.recorder
        assert not seen.audit.recorder.flush(0.3)
    assert "THE AUDIT IS NOT WRITTEN" in caplog.text
    assert "waypost_audit_failures_total 1.0" in client.get("/metrics").text
    assert 'waypost_queue_length{queue="audit"} 1.0' in client.get("/metrics").text
    file.rmdir()
    assert len(written(seen)) == 1  # it was tried again


def test_where_it_is_required_the_request_is_refused(synced: Owner, settings: Settings) -> None:
    settings = settings.model_copy(update={"audit": "required"})
    with opened(settings, synced) as client:
        assert client.get("/v1/search", params={"q": "force-unlock"}).status_code == 200
        broken(settings)
        reply = client.get("/v1/search", params={"q": "force-unlock"})
        assert (reply.status_code, "audit" in reply.json()["detail"]) == (507, True)
        assert "force-unlock" not in reply.text


def test_switched_off_nothing_is_kept(synced: Owner, settings: Settings) -> None:
    settings = settings.model_copy(update={"audit": "off"})
    with opened(settings, synced) as client:
        assert client.get("/v1/search", params={"q": "force-unlock"}).status_code == 200
        assert client.get("/v1/audit").status_code == 404
    assert not (settings.home / FILE).exists()


def test_pages_of_the_audit_hold_every_entry_once(client: TestClient, seen: Seen) -> None:
    for n in range(7):
        client.get("/v1/search", params={"q": f"word{n}"})
    written(seen)
    found, cursor = [], ""
    while cursor is not None:
        page = client.get("/v1/audit", params={"limit": 3, "cursor": cursor}).json()
        found += [entry["query"] for entry in page["entries"]]
        cursor = page["next_cursor"]
    assert found == [f"word{n}" for n in reversed(range(7))]
    assert client.get("/v1/audit", params={"since": "tomorrow"}).status_code == 400
    assert client.get("/v1/audit", params={"until": "2020-01-01"}).json()["entries"] == []


def test_the_file_is_its_owners_alone_and_holds_ids_not_what_documents_say(
    client: TestClient, seen: Seen, settings: Settings
) -> None:
    client.get("/v1/search", params={"q": "force-unlock"})
    written(seen)
    assert (settings.home / FILE).stat().st_mode & 0o077 == 0
    with closing(sqlite3.connect(settings.home / FILE)) as database:
        rows = json.dumps([list(row) for row in database.execute("SELECT * FROM entry")])
    assert "unlock.md" not in rows
    assert "lock id" not in rows
