"""The HTTP interface over a real owner."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.http import make_app
from api.owner import Owner
from api.settings import Settings
from api.views import coverage_view
from ingest.sync import SyncReport
from rag.records import Coverage
from tests.api.conftest import LOOPBACK
from tests.conftest import configure, write

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def client(owner: Owner, sync: Callable[..., SyncReport], tmp_path: Path, settings: Settings) -> Iterator[TestClient]:
    wiki = {
        "unlock.md": "# Unlock\n\nRun `terraform force-unlock` with the lock id.\n",
        "pay.md": "---\naudience: [payments]\n---\n# Payouts\n\nThe batch runs at 04:10.\n",
    }
    write(tmp_path / "wiki", wiki)
    write(tmp_path / "private", {"p.md": "# P\n\nprivate words\n"})
    configure(
        settings,
        {"name": "wiki", "type": "folder", "path": str(tmp_path / "wiki")},
        {"name": "private", "type": "folder", "path": str(tmp_path / "private"), "audience": ["staff"]},
    )
    sync()
    with TestClient(make_app(settings, owner.reader()), base_url="http://127.0.0.1:8765", client=LOOPBACK) as opened:
        yield opened


def test_search(client: TestClient) -> None:
    found = client.get("/v1/search", params={"q": "force-unlock", "k": 1}).json()
    assert [result["path"] for result in found["results"]] == ["unlock.md"]
    assert found["coverage"]["complete"]
    refused = client.get("/v1/search", params={"q": "x", "source": "none"})
    assert (refused.status_code, refused.json()["detail"]) == (400, "there is no source 'none'")
    kind = client.get("/v1/search", params={"q": "x", "kind": "nope"})
    assert "there is no kind 'nope'; there are: page, runbook, terraform" in kind.json()["detail"]
    assert refused.headers["content-type"] == "application/problem+json"
    refused = client.get("/v1/search", params={"q": "x", "kind": "nope"})
    assert "there is no kind 'nope'; there are: page, runbook, terraform" in refused.json()["detail"]


def test_why_a_search_is_not_whole_names_the_server_and_no_key() -> None:
    why = "not reranked: http://10.1.2.3:8000/v1 said 401: Incorrect API key provided: {}"
    view = coverage_view(Coverage(1, 1, 1, why.format("sk-abcdefghijklmnop")))
    assert (view["note"], view["complete"]) == (why.format("[REDACTED:api-key]"), False)


def test_ask(client: TestClient) -> None:
    answer = client.post("/v1/ask", json={"question": "How do I force-unlock terraform?"}).json()
    assert answer["verdict"] == "answered"
    assert answer["citations"][0]["path"] == "unlock.md"


def events(text: str) -> list[tuple[str, Any]]:
    parts = [part.split("\n", 1) for part in text.strip().split("\n\n")]
    return [(head.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for head, data in parts]


def test_ask_as_events(client: TestClient) -> None:
    reply = client.post(
        "/v1/ask", json={"question": "How do I force-unlock terraform?"}, headers={"Accept": "text/event-stream"}
    )
    assert reply.headers["content-type"].startswith("text/event-stream")
    found = events(reply.text)
    assert [name for name, _ in found] == [
        "text",
        "citation",
        "text",
        "answer",
    ]  # the last line is held back until it is whole
    assert found[-1][1]["answer"] == "".join(data["text"] for name, data in found if name == "text")
    assert found[-1][1]["citations"] == [found[1][1]]


def test_a_document_and_its_lines(client: TestClient) -> None:
    result = client.get("/v1/search", params={"q": "force-unlock", "k": 1}).json()["results"][0]
    document = client.get(f"/v1/documents/{result['document_id']}").json()
    assert document["text"].startswith("# Unlock")
    assert document["total_lines"] == 3
    line = client.get(f"/v1/documents/{result['document_id']}", params={"start": 3, "end": 3}).json()
    assert line["text"] == "Run `terraform force-unlock` with the lock id."
    assert line["url"].endswith(":3-3")


def test_what_a_viewer_may_not_see_is_not_there(client: TestClient, owner: Owner) -> None:
    hidden = owner.catalog.document_at("wiki", "pay.md")
    assert hidden is not None
    reply = client.get(f"/v1/documents/{hidden.id}")
    assert reply.status_code == 404
    assert reply.json()["error"].replace(hidden.id, "X") == client.get("/v1/documents/nope").json()["error"].replace(
        "nope", "X"
    )
    for query in ("payouts batch 04:10", "private words"):
        assert {r["path"] for r in client.get("/v1/search", params={"q": query}).json()["results"]} <= {"unlock.md"}
    sources = client.get("/v1/sources").json()["sources"]
    assert [(source["name"], source["documents"]) for source in sources] == [("wiki", 1)]
    assert client.get("/v1/search", params={"q": "x"}).json()["coverage"]["passages"] == 1


def test_health(client: TestClient) -> None:
    assert client.get("/livez").status_code == 200
    assert client.get("/readyz").json()["coverage"]["passages"] == 1


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", ""])
def test_other_hosts_are_refused(client: TestClient, host: str) -> None:
    assert client.get("/v1/search", params={"q": "x"}, headers={"Host": host}).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "options"),
    [
        ("GET", "/v1/search", {}),
        ("GET", "/v1/search", {"params": {"q": "x", "k": 1000}}),
        ("GET", "/v1/search", {"params": {"q": "x" * 5000}}),
        ("POST", "/v1/ask", {"json": {"question": ""}}),
        ("POST", "/v1/ask", {"json": {"question": "x" * 5000}}),
        ("POST", "/v1/ask", {"json": {"question": "x", "persona": "../../etc/passwd"}}),
        ("POST", "/v1/ask", {"content": b"{", "headers": {"Content-Type": "application/json"}}),
        ("GET", "/v1/documents/x", {"params": {"start": 0}}),
    ],
)
def test_bad_requests_are_422(client: TestClient, method: str, path: str, options: dict[str, Any]) -> None:
    assert client.request(method, path, **options).status_code == 422


@pytest.mark.parametrize("text", ["\0", "\ud800", "💥" * 100, "a" * 3999, "(((", "* OR 1=1", "[REDACTED:x]"])
def test_odd_questions_are_answered(client: TestClient, text: str) -> None:
    body = json.dumps({"question": text}).encode()
    reply = client.post("/v1/ask", content=body, headers={"Content-Type": "application/json"})
    assert reply.status_code in (200, 400, 422)


def test_an_empty_question_is_refused(client: TestClient) -> None:
    for reply in (client.get("/v1/search", params={"q": " \n\t "}), client.post("/v1/ask", json={"question": "  "})):
        assert reply.status_code == 400
        assert "is empty" in reply.json()["error"]


def test_openapi_describes_every_route(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    assert set(described["paths"]) == {
        "/v1/search",
        "/v1/ask",
        "/v1/personas",
        "/v1/suggest",
        "/v1/feedback",
        "/v1/documents",
        "/v1/chat/completions",
        "/v1/models",
        "/v1/models/{model}",
        "/v1/documents/{document_id}",
        "/v1/passages/{passage_id}",
        "/v1/drift",
        "/v1/alerts",
        "/v1/alerts/rules",
        "/v1/gaps",
        "/v1/gaps/{gap_id}",
        "/v1/sources",
        "/v1/runs",
        "/v1/audit",
        "/metrics",
        *(f"/v1/terraform/{name}" for name in ("symbols", "show", "refs", "values", "modules", "providers", "graph")),
        "/v1/terraform/settings",
        "/v1/terraform/environments",
        "/livez",
        "/readyz",
    }
    assert described["components"]["schemas"]["AskRequest"]["properties"]["question"]["examples"]


def test_the_page_about_the_api_loads_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.url.path == "/docs"
    assert "/v1/search" in page.text
    assert "stuck Terraform state lock" in page.text
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert "<script" not in page.text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]


def test_lines_that_are_not_there(client: TestClient) -> None:
    found = client.get("/v1/search", params={"q": "force-unlock", "k": 1}).json()["results"][0]
    for lines in ({"start": 9, "end": 5}, {"start": 1000}):
        reply = client.get(f"/v1/documents/{found['document_id']}", params=lines)
        assert reply.status_code == 400
        assert "there are no lines" in reply.json()["error"]


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/v1/terraform/values?attribute=var.x&env=live", 400, "'env' here; did you mean environment?"),
        ("/v1/search?q=x&kidn=runbook", 400, "'kidn' here; did you mean kind?"),
        ("/v1/terraform/nope", 404, "there is nothing at /v1/terraform/nope; /docs lists the routes, /openapi.json"),
        ("/v2/nope", 404, "there is nothing at /v2/nope; /docs lists the routes"),
        ("/v1/ask", 405, "/v1/ask takes POST, and not GET; /docs lists"),
    ],
)
def test_what_is_misspelt_is_refused(client: TestClient, path: str, status: int, said: str) -> None:
    answer = client.get(path)
    assert answer.status_code == status
    assert said in answer.json()["error"]


def test_a_method_that_is_not_taken_is_told_all_that_are(client: TestClient) -> None:
    app = client.app
    assert isinstance(app, FastAPI)
    app.add_api_route("/v1/search/{name}", lambda name: None, methods=["GET"])
    app.add_api_route("/v1/search/{name}", lambda name: None, methods=["DELETE"])
    reply = client.put("/v1/search/x")
    assert (reply.status_code, reply.headers["allow"]) == (405, "GET, DELETE")
    assert "takes GET, DELETE, and not PUT" in reply.json()["detail"]
    files = client.post("/static/waypost.css")
    assert (files.status_code, files.headers["allow"]) == (405, "GET, HEAD")
