"""`waypost audit`: what the command line showed, its export and proof, and what a purge does to it."""

from __future__ import annotations

import io
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.api.conftest import Run, loaded
from tests.conftest import write

VALUE = "xk7Qw2m-PLeakedValue-9vZt4"


def test_what_the_command_line_shows_is_in_the_audit(synced: Run, tmp_path: Path) -> None:
    assert loaded(synced("audit", "--json")) == {"entries": []}
    found = loaded(synced("search", "force-unlock", "-k", "1", "--json"))["results"][0]
    loaded(synced("ask", "How do I force-unlock terraform?", "--json"))
    ask, search = loaded(synced("audit", "--json"))["entries"]
    assert (ask["action"], ask["face"], ask["via"], ask["verdict"]) == ("ask", "cli", "shell", "answered")
    assert search["documents"] == [{"document_id": found["document_id"], "version": found["version"]}]
    assert len(loaded(synced("audit", "--document", "wiki/unlock.md", "--json"))["entries"]) == 2
    assert loaded(synced("audit", "--document", "wiki/vpc.tf", "--json"))["entries"] == []
    assert loaded(synced("audit", "--caller", "nobody-else", "--json"))["entries"] == []
    told = synced("audit")[1]
    assert ("wiki/unlock.md" in told, "2 entries" in told) == (True, True)
    assert synced("audit", "--since", "yesterday")[0] == 2
    assert synced("audit", "--document", "wiki/none.md")[0] == 2

    assert loaded(synced("audit", "export", "a.jsonl", "--json"))["entries"] == 2
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    assert [line["action"] for line in lines] == ["search", "ask"]
    assert (tmp_path / "a.jsonl").stat().st_mode & 0o077 == 0
    assert synced("audit", "export", "a.jsonl")[0] == 2

    proof = loaded(synced("audit", "verify", "--json"))
    assert (proof["sound"], proof["entries"]) == (True, 2)
    assert synced("audit", "verify", "--head", f"2:{proof['head']}")[0] == 0
    assert synced("audit", "verify", "--head", "2:0000")[0] == 1
    with closing(sqlite3.connect(tmp_path / "home" / "audit.db")) as database:
        database.execute("DROP TRIGGER entry_stays")
        database.execute("UPDATE entry SET caller = 'eve' WHERE seq = 1")
        database.commit()
    code, _, error = synced("audit", "verify")
    assert (code, "row 1 was changed" in error) == (1, True)


def test_a_purge_takes_questions_and_leaves_the_rest_proved(
    synced: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path / "wiki", {"leak.md": f"# Leak\n\nthe {VALUE} word stands in this line of the page\n"})
    assert synced("sync")[0] == 0
    for query in (f"what is {VALUE}", "the word stands in this line", "what does wiki/leak.md say"):
        assert synced("search", query)[0] == 0
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(VALUE.encode())))
    report = loaded(synced("purge", "--value", "-", "--json"))
    assert (report["clean"], report["erased"]["questions of the audit"]) == (True, 1)
    assert loaded(synced("purge", "wiki/leak.md", "--json"))["erased"]["questions of the audit"] == 1
    entries = loaded(synced("audit", "--json"))["entries"]
    assert [(entry["action"], entry["erased"], bool(entry["documents"])) for entry in entries] == [
        ("purge", False, False), ("purge", False, False), ("search", True, True), ("search", False, True),
        ("search", True, True),
    ]  # fmt: skip
    assert loaded(synced("audit", "verify", "--json"))["erased"] == 2
    assert "[question purged]" in synced("audit")[1]


def test_where_it_cannot_be_written_the_command_says_so(
    synced: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "home" / "audit.db").mkdir()
    code, _, error = synced("search", "force-unlock")
    assert (code, "not in the audit" in error) == (0, True)
    monkeypatch.setenv("WAYPOST_AUDIT", "required")
    assert synced("search", "force-unlock")[0] == 1
    monkeypatch.setenv("WAYPOST_AUDIT", "off")
    code, _, error = synced("search", "force-unlock")
    assert (code, "audit" in error) == (0, False)
