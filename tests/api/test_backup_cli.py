"""`waypost backup` and `restore`, as a script runs them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.api.conftest import Run, loaded


def test_there_and_back(synced: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = loaded(synced("backup", "b.waypost", "--json"))
    assert (made["documents"], made["backup"], made["schema"]) == (2, "b.waypost", "0005")
    assert synced("backup", "b.waypost")[0] == 2
    assert synced("backup", "b.waypost", "--force")[0] == 0
    assert synced("restore", "b.waypost")[0] == 2
    assert synced("restore", "nothing.waypost")[0] == 2
    monkeypatch.setenv("WAYPOST_HOME", str(tmp_path / "other"))
    assert synced("backup", "c.waypost")[0] == 2
    restored = loaded(synced("restore", "b.waypost", "--json"))
    assert (restored["sound"], restored["documents"], restored["config"]) == (True, 2, "kept")
    assert synced("doctor")[0] == 0
    assert "force-unlock" in synced("search", "force-unlock")[1]


@pytest.mark.parametrize("command", ["sync", "status", "doctor", "search x", "ask x", "generations", "forget wiki"])
def test_an_older_program_refuses_newer_data_and_changes_nothing(synced: Run, tmp_path: Path, command: str) -> None:
    catalog = tmp_path / "home" / "catalog.db"
    with sqlite3.connect(catalog) as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    connection.close()
    before = catalog.read_bytes()
    code, _, error = synced(*command.split())
    assert (code, "newer Waypost" in error) == (2, True)
    assert catalog.read_bytes() == before
    assert synced("backup", "newer.waypost")[0] == 0  # a copy is a copy
    code, _, error = synced("restore", "newer.waypost", "--force")
    assert (code, "newer Waypost" in error) == (2, True)
