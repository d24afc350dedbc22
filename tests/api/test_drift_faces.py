"""Drift on every face: the command, the route, and the flag of an answer that rests on a line which code contradicts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from typer.testing import CliRunner

from api.cli import app
from api.compose import open_reader
from api.http import make_app
from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.records import Viewer
from tests.api.conftest import LOOPBACK
from tests.conftest import configure, write

CODE = 'locals {\n  groups = {\n    general = {\n      instance_types = ["m7i.large"]\n    }\n  }\n}\n'
PAGE = "# Node groups\n\nThe node group `general` has nodes of m5.large in all zones.\n\nSee local.groups for the others.\n"


@pytest.fixture
def synced(owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path) -> Settings:
    configure(
        settings,
        {"name": "infra", "type": "folder", "path": str(write(tmp_path / "infra", {"main.tf": CODE}))},
        {"name": "wiki", "type": "folder", "path": str(write(tmp_path / "wiki", {"nodes.md": PAGE}))},
    )
    sync()
    return settings


def test_the_route_tells_it_with_both_places(synced: Settings) -> None:
    with (
        open_reader(synced) as reader,
        TestClient(make_app(synced, reader), base_url="http://localhost", client=LOOPBACK) as client,
    ):
        (found,) = client.get("/v1/drift").json()["drift"]
        assert (found["stated"], found["actual"], found["kind"]) == ("m5.large", "m7i.large", "value")
        assert (found["document"]["path"], found["document"]["line"]) == ("nodes.md", 3)
        assert (found["code"]["path"], found["code"]["line"]) == ("main.tf", 4)
        assert client.get("/v1/drift", params={"min_confidence": 0.99}).json() == {"drift": []}
        assert client.get("/v1/drift", params={"source": "infra"}).json() == {"drift": []}
        assert client.get("/v1/drift", params={"min_confidence": 2}).status_code == 422
        page = client.get(f"/v1/documents/{found['document_id']}").json()
        assert [(one["address"], one["line"]) for one in page["resources"]] == [("local.groups", 5)]


def test_an_answer_that_rests_on_it_says_so(synced: Settings) -> None:
    with open_reader(synced) as reader:
        answer = reader.asker().answer("which nodes does the node group general have in all zones", Viewer())
    flags = [flag for flag in answer.flags if flag.kind == "conflict"]
    assert [flag.text for flag in flags] == ["m5.large"]
    assert "the code m7i.large (wiki/nodes.md:3, 20" in flags[0].reason  # each place with its date
    assert flags[0].reason.endswith("; prefer the code")
    assert [spot.path for spot in flags[0].spots] == ["main.tf", "nodes.md"]


def test_the_command(synced: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYPOST_HOME", str(synced.home))
    monkeypatch.setenv("WAYPOST_CONFIG", str(synced.config))
    done = CliRunner().invoke(app, ["drift", "--json"])
    assert [one["stated"] for one in json.loads(done.stdout)["drift"]] == ["m5.large"]
    assert "1 found" in CliRunner().invoke(app, ["drift"]).stdout
    assert CliRunner().invoke(app, ["drift", "--source", "nowhere"]).exception
