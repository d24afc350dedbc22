"""Sync on real SQLite, tantivy and Chroma: what changes, what stays, what goes, and what is never lost."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag import doctor
from rag.records import Viewer
from tests.conftest import commit, configure, git, write

Sync = Callable[..., SyncReport]
EVERYONE = Viewer()


def paths(owner: Owner, query: str, viewer: Viewer = EVERYONE) -> list[str]:
    return [found.document.path for found in owner.reader().retriever.search(query, viewer).passages]


def counts(report: SyncReport) -> dict[str, int]:
    return {key: n for key, n in report.sources[0].counts.items() if n}


def assert_sound(owner: Owner) -> None:
    report = doctor.examine(owner.catalog, owner.projections)
    assert report.sound, report
    assert report.waiting == 0


@pytest.fixture
def wiki(tmp_path: Path, settings: Settings) -> Path:
    folder = write(
        tmp_path / "wiki",
        {
            "unlock.md": "# Unlock\n\nRun `terraform force-unlock` with the lock id.\n",
            "deep/vpc.tf": 'resource "aws_vpc" "main" {\n  cidr_block = "10.7.0.0/16"\n}\n',
            "alerts.yaml": "groups:\n- name: x\n  rules:\n  - alert: QueueStuck\n    expr: up == 0\n",
        },
    )
    configure(settings, {"name": "wiki", "type": "folder", "path": str(folder)})
    return folder


def age(folder: Path) -> None:
    """Makes the files old enough for their time stamps to be trusted; a change of times alone is a change."""
    for file in folder.rglob("*"):
        if file.is_file():
            os.utime(file, (1_700_000_000, 1_700_000_000))


def test_every_file_is_found_by_words_and_by_vector(owner: Owner, sync: Sync, wiki: Path) -> None:
    report = sync()
    assert counts(report) == {"listed": 3, "indexed": 3}
    assert paths(owner, "force-unlock")[0] == "unlock.md"
    assert paths(owner, "aws_vpc.main")[0] == "deep/vpc.tf"
    assert paths(owner, "QueueStuck")[0] == "alerts.yaml"
    found = owner.reader().retriever.search("terraform force-unlock lock id", EVERYONE)
    assert found.passages[0].why == ("lexical", "vectors")
    assert found.coverage.complete
    assert_sound(owner)


def test_a_second_sync_does_nothing(owner: Owner, sync: Sync, tmp_path: Path, settings: Settings) -> None:
    commit(tmp_path / "repo", {"a.md": "# A\n\nalpha\n", "b.md": "# B\n\nbeta\n"})
    configure(settings, {"name": "repo", "type": "git", "path": str(tmp_path / "repo")})
    sync()
    before = owner.catalog.last_change()
    report = sync()
    assert counts(report) == {"listed": 2, "unchanged": 2}
    assert report.embedded == 0
    assert owner.catalog.last_change() == before


def test_one_changed_file_costs_one_file(owner: Owner, sync: Sync, tmp_path: Path, settings: Settings) -> None:
    repo = tmp_path / "repo"
    commit(repo, {f"{n}.md": f"# Page {n}\n\nword{n}\n" for n in range(30)})
    configure(settings, {"name": "repo", "type": "git", "path": str(repo)})
    sync()
    commit(repo, {"7.md": "# Page 7\n\nsomething else\n"})
    report = sync()
    assert counts(report) == {"listed": 30, "indexed": 1, "unchanged": 29}
    assert report.embedded == 1
    assert paths(owner, "something else")[0] == "7.md"
    assert "7.md" not in paths(owner, "word7")
    assert_sound(owner)


def test_lines_shifted_by_an_edit_keep_their_vectors(owner: Owner, sync: Sync, wiki: Path) -> None:
    sync()
    text = (wiki / "deep/vpc.tf").read_text()
    write(wiki, {"deep/vpc.tf": "# a new first line\n\n" + text})
    assert sync().embedded == 1  # the new comment alone
    found = owner.reader().retriever.search("aws_vpc main cidr_block", EVERYONE).passages[0]
    assert [(p.start_line, p.end_line) for p in owner.catalog.passages_of(found.document.id, owner.generation)] == [
        (1, 1),
        (3, 5),
    ]


def test_a_deleted_file_is_gone_and_an_edit_replaces(owner: Owner, sync: Sync, wiki: Path) -> None:
    sync()
    (wiki / "alerts.yaml").unlink()
    write(wiki, {"unlock.md": "# Unlock\n\nAsk the platform team instead.\n"})
    report = sync()
    assert report.sources[0].counts["gone"] == 1
    assert "alerts.yaml" not in paths(owner, "QueueStuck")
    assert all(
        "force-unlock" not in p.text
        for p in owner.catalog.passages_of(document_id(owner, "unlock.md"), owner.generation)
    )
    assert_sound(owner)


def document_id(owner: Owner, path: str, source: str = "wiki") -> str:
    document = owner.catalog.document_at(source, path)
    assert document is not None
    return document.id


@pytest.mark.parametrize("damage", ["empty", "missing", "unreadable"])
def test_a_failed_or_empty_listing_deletes_nothing(owner: Owner, sync: Sync, wiki: Path, damage: str) -> None:
    sync()
    if damage == "missing":
        wiki.rename(wiki.with_name("elsewhere"))
    elif damage == "empty":
        wiki.rename(wiki.with_name("elsewhere"))
        wiki.mkdir()
    else:
        configure(owner.settings, {"name": "wiki", "type": "folder", "path": str(wiki), "include": ["*.nothing"]})
    report = sync()
    assert report.sources[0].outcome in ("failed", "partial")
    assert report.needs_a_person
    assert report.sources[0].message
    assert paths(owner, "force-unlock")[0] == "unlock.md"
    assert paths(owner, "QueueStuck")[0] == "alerts.yaml"


def test_a_failing_source_does_not_stop_the_others(owner: Owner, sync: Sync, wiki: Path) -> None:
    configure(
        owner.settings,
        {"name": "lost", "type": "git", "path": str(wiki / "no-such")},
        {"name": "wiki", "type": "folder", "path": str(wiki)},
    )
    report = sync()
    assert [source.outcome for source in report.sources] == ["failed", "done"]
    assert paths(owner, "force-unlock")


def test_a_rename_keeps_the_document(owner: Owner, sync: Sync, tmp_path: Path, settings: Settings) -> None:
    repo = tmp_path / "repo"
    commit(repo, {"old/name.md": "# Page\n\n" + "a line of text\n" * 20, "other.md": "# Other\n"})
    configure(settings, {"name": "repo", "type": "git", "path": str(repo)})
    sync()
    before = document_id(owner, "old/name.md", "repo")
    git(repo, "mv", "old/name.md", "moved.md")
    head = commit(repo, {"moved.md": "# Page\n\n" + "a line of text\n" * 20 + "and one more\n"})
    sync()
    assert document_id(owner, "moved.md", "repo") == before
    assert owner.catalog.document_at("repo", "old/name.md") is None
    commit(repo, {"old/name.md": "# A new page under the old name\n"})
    sync()
    assert document_id(owner, "old/name.md", "repo") != before
    assert owner.catalog.documents([before])[before].version == head
    assert_sound(owner)


def test_refused_files_are_listed_with_their_reason(owner: Owner, sync: Sync, wiki: Path) -> None:
    write(
        wiki,
        {
            "logo.png": b"\x89PNG\0",
            "data.txt": b"text\0with nul",
            "secret.tfvars": b"\0GITCRYPT\0abc",
            "terraform.tfstate": b'{"version": 4}',
            "renamed.json": b'{"version": 4, "terraform_version": "1.5.0", "resources": []}',
            "big.md": b"x" * 6_000_000,
        },
    )
    report = sync()
    assert report.sources[0].counts["skipped"] == 6
    assert not report.needs_a_person
    reasons = {path: row.reason for path, row in owner.catalog.items("wiki").items() if row.outcome == "skipped"}
    for path, word in {
        "logo.png": "binary", "data.txt": "binary", "secret.tfvars": "git-crypt", "terraform.tfstate": "state",
        "renamed.json": "state", "big.md": "too large",
    }.items():  # fmt: skip
        assert word in reasons[path]


def test_a_document_that_becomes_refused_is_no_longer_found(owner: Owner, sync: Sync, wiki: Path) -> None:
    sync()
    write(wiki, {"unlock.md": b"\0binary now"})
    sync()
    assert "unlock.md" not in paths(owner, "force-unlock")
    assert_sound(owner)


def test_other_encodings_are_read_and_noted(owner: Owner, sync: Sync, wiki: Path) -> None:
    german = "# Störung\n\nDie Datenbank läuft über, größer machen und prüfen.\n" * 3
    write(wiki, {"latin.md": german.encode("cp1252"), "wide.md": ("# Weit\n\nutf sechzehn\n").encode("utf-16")})
    sync()
    assert "latin.md" in paths(owner, "größer machen")
    assert "wide.md" in paths(owner, "utf sechzehn")
    assert "save it as UTF-8" in owner.catalog.items("wiki")["latin.md"].reason


def test_an_unreadable_file_is_quarantined_and_tried_again(owner: Owner, sync: Sync, wiki: Path) -> None:
    os.mkfifo(wiki / "pipe.md")
    write(wiki, {"bad.md": "# fine\n"})
    report = sync()
    assert report.sources[0].counts["indexed"] == 4
    assert "not a regular file" in owner.catalog.items("wiki")["pipe.md"].reason


def test_credentials_never_reach_the_catalog(owner: Owner, sync: Sync, wiki: Path) -> None:
    value = "hunter" + "2-Zq8vKp0sLw"
    write(wiki, {"db.tf": f'resource "aws_db_instance" "x" {{\n  username = "app"\n  password = "{value}"\n}}\n'})
    sync()
    document = owner.catalog.document_at("wiki", "db.tf")
    assert document is not None
    assert "[REDACTED:" in document.text.split("\n")[2]
    raw = b"".join(file.read_bytes() for file in owner.settings.home.rglob("*") if file.is_file())
    assert value.encode() not in raw
    assert "db.tf" in paths(owner, "aws_db_instance.x")


def test_audiences_hold_in_both_indexes(owner: Owner, sync: Sync, wiki: Path) -> None:
    write(wiki, {"pay.md": "---\naudience: [payments]\n---\n# Payouts\n\nThe payout batch runs at 04:10.\n"})
    sync()
    insider = Viewer.of(["payments"])
    assert "pay.md" not in paths(owner, "payout batch 04:10")
    assert paths(owner, "payout batch 04:10", insider)[0] == "pay.md"
    configure(owner.settings, {"name": "wiki", "type": "folder", "path": str(wiki), "audience": ["staff"]})
    report = sync()
    assert report.embedded == 0  # access changed, texts did not
    assert paths(owner, "force-unlock") == []
    assert "pay.md" not in paths(owner, "payout batch", insider)  # needs both groups now
    assert paths(owner, "payout batch", Viewer.of(["payments", "staff"]))[0] == "pay.md"
    assert_sound(owner)


def test_a_stopped_sync_goes_on_where_it_was(owner: Owner, sync: Sync, tmp_path: Path, settings: Settings) -> None:
    folder = write(tmp_path / "many", {f"{n:03}.md": f"# Page {n}\n\nword{n}\n" for n in range(120)})
    configure(settings, {"name": "many", "type": "folder", "path": str(folder)})
    report = sync(stop=lambda: bool(owner.catalog.items("many")))
    assert report.interrupted
    done = sum(row.outcome == "indexed" for row in owner.catalog.items("many").values())
    assert 0 < done < 120
    report = sync()
    assert not report.interrupted
    assert len(owner.catalog.items("many")) == 120
    assert_sound(owner)


def test_embedding_stops_within_a_batch_and_keeps_what_is_done(
    owner: Owner, sync: Sync, tmp_path: Path, settings: Settings
) -> None:
    sections = "".join(f"## Part {n}\n\nword{n}\n\n" for n in range(200))
    configure(settings, {"name": "long", "type": "folder", "path": str(write(tmp_path / "long", {"a.md": sections}))})
    asked = iter([False] * 2)  # before the first two times 32 texts

    def stop() -> bool:
        embedding = threading.current_thread() is threading.main_thread() and owner.catalog.unembedded(owner.generation)
        return bool(embedding) and next(asked, True)

    report = sync(stop=stop)
    assert report.interrupted
    assert (report.embedded, report.waiting) == (64, 136)
    assert sync().embedded == 136
    assert_sound(owner)


def test_embedding_goes_on_where_it_was_stopped(owner: Owner, sync: Sync, wiki: Path) -> None:
    asked = iter([False] * 1)
    report = sync(stop=lambda: next(asked, True))
    assert report.interrupted
    found = owner.reader().retriever.search("force-unlock", EVERYONE)
    assert found.passages
    assert not found.coverage.complete
    assert found.coverage.vectors < found.coverage.lexical == found.coverage.passages
    sync()
    assert owner.reader().retriever.search("force-unlock", EVERYONE).coverage.complete


def test_changed_settings_reach_documents_already_synced(owner: Owner, sync: Sync, wiki: Path) -> None:
    age(wiki)
    sync()
    configure(owner.settings, {"name": "wiki", "type": "folder", "path": str(wiki), "owner": "sre", "kind": "runbook"})
    sync()
    document = owner.catalog.document_at("wiki", "unlock.md")
    assert document is not None
    assert (document.owner, document.kind) == ("sre", "runbook")


def test_the_same_text_is_embedded_once(owner: Owner, sync: Sync, tmp_path: Path, settings: Settings) -> None:
    folder = write(tmp_path / "same", {f"{n}/page.md": "# Same\n\nthe very same text\n" for n in range(9)})
    configure(settings, {"name": "same", "type": "folder", "path": str(folder)})
    assert sync().embedded == 1
    assert len(paths(owner, "very same text")) == 9


def test_a_name_that_is_not_utf8_is_listed_and_stops_nothing(
    owner: Owner, sync: Sync, tmp_path: Path, settings: Settings
) -> None:
    for kind in ("folder", "git"):
        write(tmp_path / kind, {"good.md": "# Good\n\nvicuna\n"})
        (tmp_path / kind / os.fsdecode(b"bad\xffname.md")).write_text("# Bad\n")
    commit(tmp_path / "git", {})
    configure(settings, *({"name": kind, "type": kind, "path": str(tmp_path / kind)} for kind in ("folder", "git")))
    report = sync()
    assert [source.outcome for source in report.sources] == ["done", "done"]
    for kind in ("folder", "git"):
        ledger = owner.catalog.items(kind)
        assert ledger["good.md"].outcome == "indexed"
        assert "not UTF-8" in next(row.reason for path, row in ledger.items() if path != "good.md")


FRONT = {
    "colon.md": "---\ntitle: Secret: plans\naudience: [sre]\n---\n# Plans\n\nvicuna\n",
    "typo.md": "---\naudiance: [sre]\n---\n# Plans\n\nvicuna\n",
    "case.md": "---\nAudience: [sre]\n---\n# Plans\n\nvicuna\n",
    "open.md": "---\naudience: [sre]\n\n# Plans\n\nvicuna\n",
    "list.md": "---\n- audience: [sre]\n---\n# Plans\n\nvicuna\n",
}


def test_a_page_whose_audience_is_unclear_is_shown_to_nobody(
    owner: Owner, sync: Sync, tmp_path: Path, settings: Settings
) -> None:
    fine = {"broken.md": "---\ntitle: a: b\n---\n# Fine\n\nllama\n", "rule.md": "---\n\nllama\n"}
    configure(settings, {"name": "w", "type": "folder", "path": str(write(tmp_path / "w", {**FRONT, **fine}))})
    assert sync().needs_a_person
    ledger = owner.catalog.items("w")
    assert {path for path, row in ledger.items() if row.outcome == "quarantined"} == set(FRONT)
    assert set(paths(owner, "vicuna llama")) == set(fine)
    assert "front matter" in ledger["broken.md"].reason
