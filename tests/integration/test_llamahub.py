"""A reader of LlamaHub from PyPI, named in waypost.yaml, through a real sync: DatabaseReader over SQLite, without a network."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from api.backup import back_up
from api.owner import Owner
from api.settings import Settings, load_sources
from api.status import sources_view, status_view
from api.views import citation_view
from ingest.sync import SyncReport
from rag.backup import unpack
from rag.cite import Citer
from rag.errors import SettingsError
from rag.records import Document, Viewer
from tests.conftest import configure
from tests.places import readers

Sync = Callable[..., SyncReport]
SECRET = "hunter2-hunter2-hunter2"
ROWS = 30
QUERY = "SELECT id, title, body, changed FROM runbooks WHERE '${DB_PASSWORD}' <> '' ORDER BY id"


class Table:
    """The rows of a database, and the entry that names it."""

    def __init__(self, file: Path, settings: Settings) -> None:
        self.file = file
        self.settings = settings
        self.run("CREATE TABLE runbooks (id INTEGER PRIMARY KEY, title TEXT, body TEXT, changed TEXT)")
        for n in range(ROWS):
            self.run(
                "INSERT INTO runbooks VALUES (?, ?, ?, ?)", n, f"Runbook {n}", f"To drain zebra-{n}, call zebractl {n}.",
                "2026-03-01",
            )  # fmt: skip
        self.name()

    def run(self, statement: str, *values: object) -> None:
        connection = sqlite3.connect(self.file)
        with connection:
            connection.execute(statement, values)
        connection.close()

    def name(self, **changed: object) -> None:
        load = {
            "query": QUERY, "metadata_cols": ["id", "title", "changed"], "excluded_text_cols": ["id", "title", "changed"],
        }  # fmt: skip
        entry = {
            "name": "runbooks", "type": "llamahub", "reader": "llama_index.readers.database.DatabaseReader",
            "arguments": {"uri": f"sqlite:///{self.file}"}, "load": load, "updated_key": "changed", "kind": "runbook",
        }  # fmt: skip
        configure(self.settings, {**entry, **changed})


@pytest.fixture
def table(tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Table:
    monkeypatch.setenv("DB_PASSWORD", SECRET)
    return Table(tmp_path / "cmdb.sqlite", settings)


def documents(owner: Owner) -> dict[str, Document]:
    return {found.path: found for found in owner.catalog.documents_for(Viewer())}


def test_it_syncs_resyncs_loses_a_row_and_is_held(table: Table, owner: Owner, sync: Sync) -> None:
    (report,) = sync().sources
    assert (report.outcome, report.counts["indexed"]) == ("done", ROWS), report.message
    assert set(documents(owner)) == {f"Runbook {n}" for n in range(ROWS)}
    assert documents(owner)["Runbook 3"].updated_at == "2026-03-01T00:00:00Z"
    found = owner.reader().retriever.search("drain zebra-7", Viewer()).passages
    citation = Citer(owner.catalog, Viewer(), found).cite(0, 1, 9, "To drain zebra-7, call zebractl 7.")
    assert citation
    assert citation_view(citation)["path"] == "Runbook 7"
    (report,) = sync().sources
    assert (report.outcome, report.counts["unchanged"], report.counts.get("indexed", 0)) == ("done", ROWS, 0)

    table.run("DELETE FROM runbooks WHERE id = 3")
    table.run("UPDATE runbooks SET body = 'Ask the falcon team.' WHERE id = 4")
    table.run("UPDATE runbooks SET title = 'Renamed' WHERE id = 5")
    was = documents(owner)["Runbook 5"].id
    (report,) = sync().sources
    assert (report.outcome, report.counts["indexed"], report.counts["unchanged"], report.counts["gone"]) == (
        "done", 2, ROWS - 3, 1,
    )  # fmt: skip
    assert "Runbook 3" not in documents(owner)
    assert "falcon" in documents(owner)["Runbook 4"].text
    assert documents(owner)["Renamed"].id == was

    table.run("DELETE FROM runbooks WHERE id > 6")
    (report,) = sync().sources
    assert (report.outcome, report.counts["held"]) == ("held", ROWS - 7)
    assert len(documents(owner)) == ROWS - 1
    assert owner.approve("runbooks") == ROWS - 7
    assert len(documents(owner)) == 6


def test_a_run_that_fails_removes_nothing_and_no_secret_is_anywhere(
    table: Table, owner: Owner, sync: Sync, settings: Settings, tmp_path: Path
) -> None:
    table.name(arguments={"uri": f"sqlite:///{table.file}", "password": "written-in-the-file-9"})
    sync()
    table.run("ALTER TABLE runbooks RENAME TO elsewhere")
    (report,) = sync().sources
    assert report.outcome == "failed"
    assert "no such table: runbooks" in report.message
    table.run("ALTER TABLE elsewhere RENAME TO runbooks")
    table.run("DELETE FROM runbooks")
    (empty,) = sync().sources
    assert (empty.outcome, empty.message) == ("partial", "its reader gave no document")
    assert len(documents(owner)) == ROWS

    back_up(settings, tmp_path / "b.waypost")
    (tmp_path / "unpacked").mkdir()
    unpack(tmp_path / "b.waypost", tmp_path / "unpacked")
    for folder in (settings.home, tmp_path / "unpacked"):
        files = [file for file in folder.rglob("*") if file.is_file()]
        assert not [file for file in files if SECRET.encode() in file.read_bytes()]
        assert not [file for file in files if b"written-in-the-file-9" in file.read_bytes()]
    shown = json.dumps([sources_view(owner.catalog, Viewer()), status_view(owner.catalog, 0, 0)], default=str)
    assert "runbooks" in shown
    assert SECRET not in shown + report.message
    assert SECRET not in repr(load_sources(settings.config, {"DB_PASSWORD": SECRET}))


def test_an_unset_variable_is_said_before_anything_is_read(table: Table, settings: Settings) -> None:
    with pytest.raises(SettingsError, match="`load`: the environment variable DB_PASSWORD is not set"):
        load_sources(settings.config, {})


@pytest.mark.parametrize("mode", ["exit", "vanish", "killed", "raise", "empty", "skip", "log", "nonsense", "hang"])
def test_whatever_a_reader_does_nothing_is_taken_for_gone(
    owner: Owner, sync: Sync, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    shutil.copy(readers.__file__, tmp_path / "wp_readers.py")
    monkeypatch.syspath_prepend(tmp_path)
    pages = {f"Page {n}": f"The text of page {n}." for n in range(6)}

    def put(**told: object) -> None:
        (tmp_path / "pages.json").write_text(json.dumps({"pids": str(tmp_path / "pids"), **told}))

    other = tmp_path / "other"
    other.mkdir()
    (other / "a.md").write_text("# Another source\n")
    reader = {"reader": "wp_readers.PagesReader", "arguments": {"file": str(tmp_path / "pages.json")}, "seconds": 3}
    configure(
        settings, {"name": "hub", "type": "llamahub", **reader}, {"name": "other", "type": "folder", "path": str(other)}
    )
    put(pages=pages)
    assert [report.outcome for report in sync().sources] == ["done", "done"]
    put(pages=pages, mode=mode)
    hub, beside = sync().sources
    assert hub.outcome in ("failed", "partial")
    assert hub.message
    assert beside.outcome == "done"
    assert set(documents(owner)) == {*pages, "a.md"}
    put(pages=dict(list(pages.items())[1:]))
    assert sync().sources[0].outcome == "done"
    assert set(documents(owner)) == {*list(pages)[1:], "a.md"}
