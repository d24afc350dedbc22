"""The log: JSON lines with the request they belong to, and no secret and no question in any of them."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.http import make_app
from api.observability.logs import Redacting, console_for, log_to
from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from tests.api.conftest import LOOPBACK
from tests.conftest import configure, write

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
KEY = "plain-words-that-no-pattern-knows"


@pytest.fixture
def logged(settings: Settings) -> Iterator[Callable[..., io.StringIO]]:
    undone: list[Callable[[], None]] = []

    def start(**changed: object) -> io.StringIO:
        stream = io.StringIO()
        undone.append(log_to(stream, settings.model_copy(update={"model_key": KEY, **changed}), ["of-a-source-9"]))
        return stream

    yield start
    for undo in undone:
        undo()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    "secret",
    [
        "Authorization: Bearer abcDEF123", "authorization=Basic dXNlcjpwYXNz", "{'Authorization': 'Token t0ps3cret'}",
        "bearer eyJhbGciOiJIUzI1NiJ9.e30.abc", "key wp_live_Ab3-9xYz", f"said {KEY}", "git of-a-source-9",
        "password=hunter2secretvalue99", "AKIA2OGYBAH6STMMNXNQ",
    ],
)  # fmt: skip
def test_no_secret_stands_in_a_line(secret: str, logged: Callable[..., io.StringIO]) -> None:
    stream = logged(log="json")
    value = secret.rsplit("=", 1)[-1].rsplit(maxsplit=1)[-1].strip("'}")
    log = logging.getLogger("waypost.test")
    log.warning("it failed: %s", secret)
    log.warning("it failed %d times: %s", 3, secret)
    log.warning("more", extra={"told": {"why": secret}})
    try:
        raise ValueError(secret)
    except ValueError:
        log.exception("broke")
    assert len(lines(stream)) == 4
    assert value not in stream.getvalue()
    assert "[REDACTED:" in stream.getvalue()


def test_what_is_no_secret_stays() -> None:
    told = "GET /v1/documents/{document_id} 200 3.2 ms ann"
    assert Redacting([KEY, "", "abc"]).clean(told) == told


def test_of_lines_that_differ_in_numbers_each_is_told(logged: Callable[..., io.StringIO]) -> None:
    stream = logged(log="json")
    for number in (3, 4.5):
        logging.getLogger("waypost.test").warning("%s: %s ms", "search", number)
    assert [line["message"] for line in lines(stream)] == ["search: 3 ms", "search: 4.5 ms"]


def test_a_line_of_text_begins_no_other(logged: Callable[..., io.StringIO]) -> None:
    stream = logged()
    logging.getLogger("waypost.test").warning("a\nb")
    (line,) = stream.getvalue().splitlines()
    assert line.endswith("warning a\\nb")


def test_requests_by_route_and_caller_and_never_by_what_was_asked(
    owner: Owner,
    sync: Callable[..., SyncReport],
    tmp_path: Path,
    settings: Settings,
    logged: Callable[..., io.StringIO],
) -> None:
    write(tmp_path / "wiki", {"unlock.md": "# Unlock\n\nRun `terraform force-unlock` with the lock id.\n"})
    configure(settings, {"name": "wiki", "type": "folder", "path": str(tmp_path / "wiki")})
    sync()
    stream = logged(log="json")
    with TestClient(make_app(settings, owner.reader()), base_url="http://127.0.0.1:8765", client=LOOPBACK) as client:
        client.get("/v1/search", params={"q": "unlock sesame"})
        client.get("/v1/documents/sesame")
    search, document = (line for line in lines(stream) if line["logger"] == "waypost.http")
    assert (search["route"], search["status"], search["method"], search["caller"]) == (
        "/v1/search",
        200,
        "GET",
        "anonymous",
    )
    assert search["ms"] > 0
    assert (document["route"], document["status"]) == ("/v1/documents/{document_id}", 404)
    assert "sesame" not in stream.getvalue()
    asked = settings.model_copy(update={"log_questions": True})
    with TestClient(make_app(asked, owner.reader()), base_url="http://127.0.0.1:8765", client=LOOPBACK) as client:
        client.get("/v1/search", params={"q": "sesame password=hunter2secretvalue99"})
    assert "sesame" in stream.getvalue()
    assert "hunter2secretvalue99" not in stream.getvalue()


def test_what_the_server_says_is_json_too(settings: Settings, logged: Callable[..., io.StringIO]) -> None:
    stream = logged(log="json")
    console_for(settings.model_copy(update={"log": "json"})).print("[yellow]synced wiki[/yellow]")
    assert lines(stream)[0]["message"] == "synced wiki"
