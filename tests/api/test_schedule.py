"""Syncing by itself: schedules, signed webhooks, and the thread that syncs in `waypost serve`."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from rich.console import Console

from api import scheduler
from api.http import make_app
from api.owner import Owner
from api.schedule import next_sync
from api.scheduler import Scheduler
from api.settings import Settings, load_sources
from api.status import status_view
from rag.errors import SettingsError
from tests.api.conftest import LOOPBACK
from tests.conftest import configure, write

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("", "2026-03-01T13:00"),
        ("15m", "2026-03-01T12:15"),
        ("2 h", "2026-03-01T14:00"),
        ("1d", "2026-03-02T12:00"),
        ("30 4 * * *", "2026-03-02T04:30"),
        ("*/20 * * * *", "2026-03-01T12:20"),
    ],
)
def test_the_next_time(schedule: str, expected: str) -> None:
    after = next_sync(schedule, NOON)
    assert after is not None
    assert after.isoformat().startswith(expected)
    first = next_sync(schedule, None)  # one that was never synced is due
    assert first is not None
    assert first < NOON


def test_never_is_never() -> None:
    assert next_sync("never", NOON) is next_sync("never", None) is None


@pytest.mark.parametrize("schedule", ["soon", "0m", "15", "61 * * * *", "* * *", "-5m", "0 0 31 2 *"])
def test_a_schedule_that_is_not_understood_is_named_with_its_source(settings: Settings, schedule: str) -> None:
    configure(settings, {"name": "wiki", "type": "folder", "path": "wiki", "schedule": schedule})
    with pytest.raises(SettingsError, match=r"source 'wiki': schedule .* is not understood"):
        load_sources(settings.config, {})


def signed(body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


@pytest.fixture
def pushes(owner: Owner, settings: Settings, tmp_path: Path) -> tuple[TestClient, list[str]]:
    configure(settings, {"name": "wiki", "type": "folder", "path": str(write(tmp_path / "wiki", {"a.md": "# A\n"}))})
    told: list[str] = []
    with_secret = settings.model_copy(update={"webhook_secret": "s3cret"})
    return TestClient(
        make_app(with_secret, owner.reader(), told.append), base_url="http://localhost", client=LOOPBACK
    ), told


BODY = b'{"ref": "refs/heads/main"}'


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Hub-Signature-256": f"sha256={signed(BODY, 's3cret')}"},
        {"X-Hub-Signature": f"sha256={signed(BODY, 's3cret')}"},
        {"X-Gitea-Signature": signed(BODY, "s3cret")},
        {"X-Gitlab-Token": "s3cret"},
    ],
)
def test_a_signed_push_is_taken(pushes: tuple[TestClient, list[str]], headers: dict[str, str]) -> None:
    client, told = pushes
    answer = client.post("/v1/hooks/wiki", content=BODY, headers=headers)
    assert (answer.status_code, answer.json(), told) == (202, {"source": "wiki", "queued": True}, ["wiki"])


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Hub-Signature-256": f"sha256={signed(BODY, 'other')}"},
        {"X-Hub-Signature-256": f"sha256={signed(b'another body', 's3cret')}"},
        {"X-Hub-Signature": signed(BODY, "s3cret")[:40]},
        {"X-Gitlab-Token": ""},
        {"X-Gitlab-Token": "s3cre"},
        {"X-Gitea-Signature": "\xe9"},
    ],
)
def test_a_push_that_is_not_signed_is_refused(pushes: tuple[TestClient, list[str]], headers: dict[str, str]) -> None:
    client, told = pushes
    encoded = {name: value.encode("latin-1") for name, value in headers.items()}
    assert client.post("/v1/hooks/wiki", content=BODY, headers=encoded).status_code == 403
    assert told == []


def test_pushes_without_a_secret_to_nowhere_and_too_large(
    owner: Owner, settings: Settings, pushes: tuple[TestClient, list[str]]
) -> None:
    client, told = pushes
    token = {"X-Gitlab-Token": "s3cret"}
    assert client.post("/v1/hooks/nowhere", content=BODY, headers=token).status_code == 404
    assert client.post("/v1/hooks/wiki", content=b"x" * 5_000_001, headers=token).status_code == 413
    unset = TestClient(make_app(settings, owner.reader(), told.append), base_url="http://localhost", client=LOOPBACK)
    assert "WAYPOST_WEBHOOK_SECRET" in unset.post("/v1/hooks/wiki", content=BODY, headers={"X-Gitlab-Token": ""}).text
    assert told == []


def until(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not true():
        time.sleep(0.02)
    return true()


def test_a_source_is_synced_when_it_is_due_and_when_it_is_pushed(
    owner: Owner, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "_LOOKING", 0.05)
    sources = [
        {"name": name, "type": "folder", "path": str(write(tmp_path / name, {"a.md": f"# {name}\n"})), **more}
        for name, more in (("due", {}), ("held", {"schedule": "never"}))
    ]
    configure(settings, *sources)
    stopping = threading.Event()
    running = Scheduler(owner, stopping, Console(stderr=True))
    running.start()

    def synced(source: str) -> int:
        return sum(run["source"] == source and run["outcome"] == "done" for run in owner.catalog.runs())

    assert until(lambda: synced("due") == 1)
    settings.config.write_text("sources: nonsense")  # a mistake in the settings ends nothing
    time.sleep(0.2)
    configure(settings, *sources)
    running.push("held")
    assert until(lambda: synced("held") == 1)
    time.sleep(0.3)
    assert (synced("due"), synced("held")) == (1, 1)  # neither is due again
    stopping.set()
    with owner.syncing:
        pass


def test_runs_over_http(owner: Owner, settings: Settings, tmp_path: Path) -> None:
    part = write(tmp_path / "b", {"b.md": "# B\n", "c.md": "---\naudience: x\n---\n# C\n"})
    configure(
        settings,
        {"name": "open", "type": "folder", "path": str(write(tmp_path / "a", {"a.md": "# A\n"}))},
        {"name": "part", "type": "folder", "path": str(part)},
        {"name": "secret", "type": "folder", "path": str(write(tmp_path / "c", {"a.md": "# A\n"})), "audience": ["sre"]},
    )  # fmt: skip
    owner.sync([], lambda step: None, lambda: False)
    client = TestClient(make_app(settings, owner.reader()), base_url="http://localhost", client=LOOPBACK)
    runs = client.get("/v1/runs").json()["runs"]
    assert {run["source"]: run["counts"] for run in runs} == {
        "open": {"listed": 1, "indexed": 1, "gone": 0},
        "part": {},
    }
    assert [run["source"] for run in client.get("/v1/runs", params={"source": "open"}).json()["runs"]] == ["open"]
    assert client.get("/v1/runs", params={"limit": 0}).status_code == 422


def test_settings_that_are_wrong_by_now_are_said_and_what_they_named_is_synced_on(
    owner: Owner, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "_LOOKING", 0.05)
    folder = write(tmp_path / "wiki", {"a.md": "# A\n"})
    configure(settings, {"name": "wiki", "type": "folder", "path": str(folder), "schedule": "never"})
    good = settings.config.read_text()
    stopping = threading.Event()
    working = Scheduler(owner, stopping, Console(quiet=True))
    working.start()

    def until(met: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 15
        while not met():
            assert time.monotonic() < deadline
            time.sleep(0.02)

    try:
        working.push("wiki")
        until(lambda: owner.catalog.document_at("wiki", "a.md") is not None)
        settings.config.write_text("sources: [")
        until(lambda: "not valid YAML" in status_view(owner.catalog, None, 0, 0)["settings"])
        write(folder, {"b.md": "# B\n"})
        working.push("wiki")
        until(lambda: owner.catalog.document_at("wiki", "b.md") is not None)
        settings.config.write_text(good)
        until(lambda: status_view(owner.catalog, None, 0, 0)["settings"] == "")
    finally:
        stopping.set()
        with owner.syncing:
            pass
