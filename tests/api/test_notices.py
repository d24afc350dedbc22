"""Outgoing notices: signed, repeated, as everyone may see, and never waited for."""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.http import make_app
from api.notices import Notices, signature
from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.alerts.records import Alert
from rag.errors import SettingsError
from tests.api.conftest import LOOPBACK
from tests.conftest import configure, write
from tests.loopback import running
from tests.slack_server import SlackServer

SECRET = "what notices are signed with"


@pytest.fixture
def server() -> Iterator[SlackServer]:
    with running(SlackServer()) as opened:
        yield opened


@pytest.fixture
def told(
    owner: Owner, sync: Callable[..., SyncReport], tmp_path: Path, settings: Settings, server: SlackServer
) -> Settings:
    books = {
        "runbooks/DiskFull.md": "# Disk\n\n## Steps\n\n1. Grow the volume.\n",
        "runbooks/Hidden.md": "---\naudience: [sre]\n---\n# Hidden\n\nSecret steps.\n",
    }
    write(tmp_path / "books", books)
    configure(settings, {"name": "books", "type": "folder", "path": str(tmp_path / "books")})
    sync()
    return settings.model_copy(
        update={"notice_url": f"{server.address}/notices", "notice_secret": SECRET, "groups": "sre"}
    )


def test_an_alert_that_comes_in_is_told_signed_as_everyone_may_see(
    owner: Owner, told: Settings, server: SlackServer
) -> None:
    with TestClient(make_app(told, owner.reader()), base_url="http://127.0.0.1:8765", client=LOOPBACK) as client:
        alerts = [
            {"status": "firing", "labels": {"alertname": "Hidden"}},
            {"status": "firing", "labels": {"alertname": "DiskFull"}},
            {"status": "resolved", "labels": {"alertname": "Gone"}},
        ]
        found = client.post("/v1/alerts", json={"version": "4", "alerts": alerts}).json()["alerts"]
        assert found[0]["runbook"]["path"] == "runbooks/Hidden.md"  # the caller is of sre
        client.post("/v1/alerts", json={"version": "4", "alerts": alerts[2:]})
    deadline = time.monotonic() + 20
    while not server.calls and time.monotonic() < deadline:
        time.sleep(0.02)
    ((path, body, headers),) = server.calls
    assert (path, body["type"]) == ("/notices", "alerts")
    assert [(one["name"], one["runbook"] and one["runbook"]["path"]) for one in body["alerts"]] == [
        ("Hidden", None), ("DiskFull", "runbooks/DiskFull.md"),
    ]  # fmt: skip
    stamp, given = (part.split("=", 1)[1] for part in headers["X-Waypost-Signature"].split(","))
    raw = json.dumps(body, ensure_ascii=False).encode()
    assert given == hmac.new(SECRET.encode(), f"{stamp}.".encode() + raw, hashlib.sha256).hexdigest()
    assert abs(time.time() - int(stamp)) < 60


def test_it_is_tried_again_a_few_times_and_follows_no_redirect(
    owner: Owner, told: Settings, server: SlackServer
) -> None:
    pauses: list[float] = []
    notices = Notices(told, owner.reader().runbooks, pauses.append)
    kinds: list[tuple[list[int], int]] = [
        ([], 1),
        ([500, 503], 3),
        ([500] * 4, 4),
        ([429], 2),
        ([400], 1),
        ([302], 1),
        ([307], 1),
    ]
    for statuses, tries in kinds:
        server.calls, server.statuses, pauses[:] = [], list(statuses), []
        notices.tell([Alert("DiskFull")])
        notices.worker.wait()
        assert [path for path, _, _ in server.calls] == ["/notices"] * tries
        assert pauses == [1.0, 5.0, 20.0][: tries - 1]
        assert len({headers["X-Waypost-Delivery"] for _, _, headers in server.calls}) == 1


def test_it_is_never_waited_for(owner: Owner, told: Settings, server: SlackServer) -> None:
    go = threading.Event()
    notices = Notices(told, owner.reader().runbooks, lambda seconds: bool(go.wait(30)) and None)
    server.statuses = [500]
    notices.tell([Alert("DiskFull")])
    while not server.calls:
        time.sleep(0.01)
    for _ in range(100):  # as many as may wait
        assert notices.worker.put(lambda: None)
    notices.tell([Alert("DiskFull")])  # finds no room
    go.set()
    notices.worker.wait()
    assert len(server.calls) == 2  # the first, and once more


def test_a_channel_is_told(owner: Owner, told: Settings, server: SlackServer) -> None:
    more = {
        "notice_url": "",
        "slack_token": "xoxb-1",
        "slack_api_url": f"{server.address}/api/",
        "notice_slack_channel": "C9",
    }
    notices = Notices(told.model_copy(update=more), owner.reader().runbooks)
    notices.tell([Alert("DiskFull"), Alert("Hidden")])
    notices.worker.wait()
    assert [one["channel"] for one in server.posted()] == ["C9", "C9"]
    assert "Grow the volume." in server.posted()[0]["text"]
    assert "no runbook was found" in server.posted()[1]["text"]


def test_settings_that_don_t_fit_are_said_at_the_start(owner: Owner, settings: Settings) -> None:
    wrong = [
        ("ftp://x.example/", "s"),
        ("https://u:p@x.example/", "s"),
        ("https://", "s"),
        ("https://[::1", "s"),
        ("https://x.example/", ""),
    ]
    runbooks = owner.reader().runbooks
    for url, secret in wrong:
        with pytest.raises(SettingsError):
            Notices(settings.model_copy(update={"notice_url": url, "notice_secret": secret}), runbooks)


def test_the_documented_example_of_a_signature() -> None:
    told: Any = signature(b'{"type":"alerts"}', "secret", 1_700_000_000)
    wanted = hmac.new(b"secret", b'1700000000.{"type":"alerts"}', hashlib.sha256).hexdigest()
    assert told == f"t=1700000000,v1={wanted}"
