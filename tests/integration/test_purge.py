"""Purging: canaries in documents, old versions, indexes, what runs said, mirrors and backups, and a byte scan after it."""

from __future__ import annotations

import base64
import sqlite3
import subprocess
import zipfile
import zlib
from pathlib import Path
from typing import Any

import pytest

from api.backup import back_up, restore
from api.owner import open_owner
from api.purge import lift, purge_document, purge_value
from api.settings import Settings
from api.status import status_view
from ingest.sync import SyncReport
from rag import doctor
from rag.errors import NotFoundError, SettingsError, WriterBusyError
from rag.owner import WriterLock
from rag.purged import MARK, patterns_of
from rag.records import Viewer
from rag.traces import traces
from tests.conftest import commit, configure, git, write

VALUE = "xk7Qw2m-PLeakedValue-9vZt4"
ENCODED = base64.b64encode(f"user:{VALUE}@db".encode()).decode()
FILES = {
    "leak.md": f"# Access\n\nLog in with {VALUE}\nand then go on.\n\n## Titled {VALUE}\n\nmore words\n",
    "twice.md": f"# Twice\n\n{VALUE}\n\n## Part\n\n{VALUE}\n\n## Part\n\n{VALUE}\n",
    "basic.md": f"# Basic\n\ncurl -H 'Authorization: {ENCODED}'\n",
    "main.tf": f'resource "aws_db_instance" "main" {{\n  description = "{VALUE}" # {VALUE}\n  tags = {{ a = "{VALUE}" }}\n}}\n',
    "fine.md": "# Fine\n\nnothing to see here\n",
}
NOTHING: tuple[Path, ...] = ()


def synced(settings: Settings) -> SyncReport:
    with open_owner(settings, "sync") as owner:
        return owner.sync([], lambda step: None, lambda: False)


@pytest.fixture
def wiki(settings: Settings, tmp_path: Path) -> Path:
    """Files that hold the value, now or before, and rows of every kind that do."""
    folder = write(tmp_path / "wiki", {**FILES, "past.md": f"# Past\n\nonce {VALUE}\n"})
    configure(settings, {"name": "wiki", "type": "folder", "path": str(folder)})
    synced(settings)
    write(folder, {"past.md": "# Past\n\nclean by now\n", "gone.md": f"# Gone\n\n{VALUE} went\n"})
    synced(settings)
    (folder / "gone.md").unlink()
    synced(settings)
    with open_owner(settings, "test") as owner, owner.catalog.write() as writer:
        writer.put_gap(f"what is {VALUE}?", [])
        writer.put_setting("x", VALUE)
        insert = "insert into abbreviations select document_id, 'xkt', ? from passages limit 1"
        writer._connection.exec_driver_sql(insert, (f"{VALUE.lower()} thing",))
        writer.finish_run(1, "failed", f"could not read {VALUE}", {})
        writer.put_item(
            "wiki", "bad.md", "s", "quarantined", f"{VALUE} is odd", redactions=[{"line": 1, "rule": VALUE}]
        )
        writer.put_source("wiki", message=f"told {VALUE}")
    return folder


def held(*places: Path) -> list[tuple[str, str]]:
    return [(Path(trace.file).name, trace.written) for place in places for trace in traces(place, patterns_of([VALUE]))]


def sound(settings: Settings) -> bool:
    with open_owner(settings, "doctor") as owner:
        report = doctor.examine(owner.catalog, owner.projections)
        return report.sound and report.waiting == 0


def text_of(settings: Settings, path: str, source: str = "wiki") -> str:
    with open_owner(settings, "test") as owner:
        document = owner.catalog.document_at(source, path)
        assert document is not None
        return document.text


def test_a_value_is_gone_from_everywhere(settings: Settings, wiki: Path, tmp_path: Path) -> None:
    backups = [back_up(settings, tmp_path / f"{n}.waypost").file for n in range(2)]
    assert {name for name, _ in held(settings.home, *backups)} >= {"catalog.db", "0.waypost", "1.waypost"}
    marks = [write(settings.home, {name: ""}) / name for name in ("documents/mark", "generation-1/vectors/chroma/mark")]
    report = purge_value(settings, VALUE + "\n", backups)
    assert report.clean, report.remains
    assert held(settings.home, *backups) == []
    assert not any(mark.exists() for mark in marks)  # made anew: no segment and no graph of before
    assert report.erased["documents"] == 4
    assert report.erased.keys() >= {
        "versions",
        "symbols",
        "items",
        "runs",
        "settings",
        "gaps",
        "sources",
        "abbreviations",
    }
    assert text_of(settings, "leak.md") == FILES["leak.md"].replace(VALUE, MARK)
    assert text_of(settings, "basic.md") == f"# Basic\n\ncurl -H 'Authorization: {MARK}'\n"
    assert sound(settings)
    assert report.embedded > 0
    for backup in backups:
        elsewhere = settings.model_copy(update={"home": tmp_path / "homes" / backup.stem})
        assert restore(elsewhere, backup).sound
        assert text_of(elsewhere, "leak.md") == FILES["leak.md"].replace(VALUE, MARK)
        assert not elsewhere.config.read_text().count(VALUE)


def test_what_is_found_afterwards_is_what_a_fresh_sync_of_clean_files_finds(
    settings: Settings, wiki: Path, tmp_path: Path
) -> None:
    purge_value(settings, VALUE, NOTHING)
    clean = write(
        tmp_path / "clean", {name: text.replace(VALUE, MARK).replace(ENCODED, MARK) for name, text in FILES.items()}
    )
    fresh = settings.model_copy(update={"home": tmp_path / "fresh", "config": tmp_path / "fresh.yaml"})
    configure(fresh, {"name": "wiki", "type": "folder", "path": str(clean)})
    synced(fresh)

    def rows(one: Settings) -> list[Any]:
        with sqlite3.connect(one.home / "catalog.db") as connection:
            query = (
                "select d.path, p.id, p.text, p.heading_path, p.start_line, p.text_hash, p.stamp, p.embedded, d.content_hash "
                "from passages p join documents d on d.id = p.document_id where d.path != 'past.md' order by d.path, p.ordinal"
            )
            found = connection.execute(query).fetchall()
        connection.close()
        return found

    assert rows(settings) == rows(fresh)
    with open_owner(settings, "test") as owner:
        assert owner.reader().retriever.search("more words", Viewer()).coverage.complete


def test_vectors_of_what_held_it_are_gone(settings: Settings, wiki: Path) -> None:
    def hashes() -> tuple[set[str], set[str]]:
        with sqlite3.connect(settings.home / "catalog.db") as connection:
            stored = {row[0] for row in connection.execute("select text_hash from embeddings")}
            used = {row[0] for row in connection.execute("select text_hash from passages")}
            subjects = {row[0] for row in connection.execute("select subject from changes")}
            known = used | {
                row[0] for row in connection.execute("select id from passages union select id from documents")
            }
        connection.close()
        return stored - used, subjects - known

    assert all(hashes())  # of the version before, which held it
    purge_value(settings, VALUE, NOTHING)
    assert not any(hashes())


def test_it_does_not_come_back_with_the_next_sync(settings: Settings, wiki: Path) -> None:
    purge_value(settings, VALUE, NOTHING)
    latin = f"# Störung\n\nDie größere Lösung für Prüfungen heißt {VALUE}.\n".encode("cp1252")
    wide = f"# Wide\n\n{VALUE}\n".encode("utf-16")
    write(
        wiki,
        {
            "leak.md": f"# Access\n\nchanged, but still {VALUE}\n",
            "new.md": f"{VALUE}{VALUE}",
            "l.md": latin,
            "w.md": wide,
        },
    )
    write(wiki, {"picture.png": f"{VALUE}\0".encode()})
    report = synced(settings)
    assert report.sources[0].counts["indexed"] >= 4
    assert held(settings.home) == []
    assert text_of(settings, "leak.md") == f"# Access\n\nchanged, but still {MARK}\n"
    assert text_of(settings, "new.md") == MARK * 2
    with open_owner(settings, "status") as owner:
        view = status_view(owner.catalog, None, 0, 0)
    assert {"path": "leak.md", "line": 3, "rule": "purged", "place": ""} in view["sources"][0]["redactions"]
    assert sound(settings)


def test_a_lifted_value_is_read_again(settings: Settings, wiki: Path) -> None:
    purge_value(settings, VALUE, NOTHING)
    assert not lift(settings, value="another-value")
    assert lift(settings, value=VALUE)
    synced(settings)
    assert VALUE in text_of(settings, "leak.md")


def test_a_backup_from_before_the_purge_is_cleaned_as_it_is_restored(
    settings: Settings, wiki: Path, tmp_path: Path
) -> None:
    old = back_up(settings, tmp_path / "old.waypost").file
    purge_value(settings, VALUE, NOTHING)
    purge_document(settings, "wiki", "fine.md", NOTHING)
    assert restore(settings, old, force=True).sound
    assert held(settings.home) == []
    with open_owner(settings, "test") as owner:
        assert owner.catalog.document_at("wiki", "fine.md") is None
    new = back_up(settings, tmp_path / "new.waypost").file
    elsewhere = settings.model_copy(update={"home": tmp_path / "else"})
    restore(elsewhere, new)
    write(wiki, {"leak.md": f"still {VALUE}\n"})
    synced(elsewhere)
    assert held(elsewhere.home) == []


def test_what_a_restore_kept_aside_is_cleaned_too(settings: Settings, wiki: Path, tmp_path: Path) -> None:
    restore(settings, back_up(settings, tmp_path / "b.waypost").file, force=True)
    assert held(*settings.home.glob("before-restore-*"))
    report = purge_value(settings, VALUE, NOTHING)
    assert report.clean
    assert len(report.backups) == 1


def test_what_remains_is_named(settings: Settings, wiki: Path, tmp_path: Path) -> None:
    write(settings.home, {"notes.txt": f"x {VALUE.encode('utf-16-le').hex()}", "wide.txt": VALUE.encode("utf-16-le")})
    write(settings.home, {"z": zlib.compress(f"squeezed {VALUE}".encode()), "damaged.waypost": "x"})
    with zipfile.ZipFile(settings.home / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner", f"zipped {VALUE}" * 9)
    report = purge_value(settings, VALUE, [settings.home / "damaged.waypost"])
    assert not report.clean
    told = {(Path(trace.file).name, trace.written) for trace in report.remains}
    assert {("wide.txt", "UTF-16"), ("z", "UTF-8 within zlib"), ("a.zip", "UTF-8 within zip: inner")} <= told
    assert any(name == "damaged.waypost" and "could not be rewritten" in written for name, written in told)
    assert VALUE not in str(report)
    advice = {Path(trace.file).name: trace.remedy for trace in report.remains}
    assert "delete this file" in advice["damaged.waypost"]
    assert all("delete the file" in advice[name] for name in ("wide.txt", "z", "a.zip"))


def test_what_has_a_value_in_its_name_goes_and_stays_away_until_it_is_renamed(
    settings: Settings, wiki: Path, tmp_path: Path
) -> None:
    folder = f"of-{VALUE}"
    write(
        wiki,
        {
            f"{folder}/{VALUE}.md": "# Named\n\nzebra\n",
            f"{folder}/{VALUE.lower()}.md": "# Too\n\nzebra\n",
            "b.md": "# B\n",
        },
    )
    synced(settings)
    backup = back_up(settings, tmp_path / "b.waypost").file
    report = purge_value(settings, VALUE, [backup])
    assert report.clean, report.remains
    assert report.names == (f"wiki/of-{MARK}/{MARK}.md",)
    assert held(settings.home, backup) == []
    for _ in range(2):
        synced(settings)
        assert held(settings.home) == []
        with open_owner(settings, "test") as owner:
            rows = {path: row for path, row in owner.catalog.items("wiki").items() if MARK in path}
        assert rows.keys() == {f"of-{MARK}/{MARK}.md", f"of-{MARK}/{MARK}.md (2)"}
        assert {(row.outcome, "rename it" in row.reason) for row in rows.values()} == {("skipped", True)}
    (wiki / folder / f"{VALUE}.md").rename(wiki / "named.md")
    synced(settings)
    assert "zebra" in text_of(settings, "named.md")
    assert sound(settings)
    elsewhere = settings.model_copy(update={"home": tmp_path / "else"})
    assert restore(elsewhere, backup).sound
    assert held(elsewhere.home) == []


def test_a_backup_of_before_with_a_value_in_a_name_is_cleaned_as_it_is_restored(
    settings: Settings, wiki: Path, tmp_path: Path
) -> None:
    write(wiki, {f"{VALUE}.md": "# Named\n"})
    synced(settings)
    old = back_up(settings, tmp_path / "old.waypost").file
    purge_value(settings, VALUE, NOTHING)
    assert restore(settings, old, force=True).sound
    assert held(settings.home) == []


def test_traces_are_found_across_blocks_and_at_any_offset_of_base64(tmp_path: Path) -> None:
    for at in (4 << 20, (4 << 20) - 5, (8 << 20) - 20):
        (tmp_path / "big").write_bytes(b"\0" * at + VALUE.encode() + b"\0" * 100)
        assert held(tmp_path) == [("big", "UTF-8")]
    (tmp_path / "big").unlink()
    for before in range(3):
        (tmp_path / "b64").write_bytes(b"..." + base64.b64encode(b"a" * before + VALUE.encode() + b"bc"))
        assert held(tmp_path) == [("b64", "base64")]


def test_a_document_is_gone_from_everywhere_and_stays_away(settings: Settings, tmp_path: Path) -> None:
    lines = "".join(f"The secret plan number {n} of the whole company\n" for n in range(30))
    wiki = write(
        tmp_path / "wiki",
        {"plan.md": f"# Plan\n\n{lines}", "other.md": "# Other\n\nnot secret at all, this one here\n"},
    )
    configure(settings, {"name": "wiki", "type": "folder", "path": str(wiki)})
    synced(settings)
    write(wiki, {"plan.md": f"# Plan\n\nchanged {lines}"})
    synced(settings)
    backup = back_up(settings, tmp_path / "b.waypost").file

    def found() -> set[str]:
        return {
            trace.file for place in (settings.home, backup) for trace in traces(place, {b"secret plan number": "UTF-8"})
        }

    assert len(found()) >= 2
    report = purge_document(settings, "wiki", "plan.md", [backup])
    assert (report.clean, dict(report.erased)["documents"], dict(report.erased)["versions"]) == (True, 1, 1)
    assert found() == set()
    write(wiki, {"plan.md": f"# Plan\n\nchanged again {lines}"})
    synced(settings)
    assert found() == set()
    with open_owner(settings, "test") as owner:
        row = owner.catalog.items("wiki")["plan.md"]
        assert (row.outcome, row.reason[:9]) == ("skipped", "purged on")
        assert owner.catalog.document_at("wiki", "other.md") is not None
    assert sound(settings)
    assert lift(settings, source="wiki", path="plan.md")
    synced(settings)
    assert "changed again" in text_of(settings, "plan.md")


@pytest.mark.parametrize("between", [True, False])
def test_a_purged_document_that_moves_stays_away(settings: Settings, tmp_path: Path, between: bool) -> None:
    repo = tmp_path / "repo"
    commit(repo, {"plan.md": "# Plan\n\n" + "a line of the plan\n" * 20, "b.md": "# B\n"})
    configure(settings, {"name": "repo", "type": "git", "path": str(repo)})
    synced(settings)
    purge_document(settings, "repo", "plan.md", NOTHING)
    if between:
        synced(settings)
    git(repo, "mv", "plan.md", "moved.md")
    commit(repo, {})
    for _ in range(2):
        synced(settings)
        with open_owner(settings, "test") as owner:
            assert owner.catalog.document_at("repo", "moved.md") is None
            assert owner.catalog.items("repo")["moved.md"].outcome == "skipped"
        commit(repo, {"moved.md": "# Plan\n\nchanged\n"})


@pytest.mark.parametrize("between", [True, False])
def test_a_purged_file_that_gets_another_name_stays_away(settings: Settings, tmp_path: Path, between: bool) -> None:
    folder = write(tmp_path / "w", {"plan.md": "# Plan\n\nsecret plan\n", "b.md": "# B\n"})
    configure(settings, {"name": "w", "type": "folder", "path": str(folder)})
    synced(settings)
    purge_document(settings, "w", "plan.md", NOTHING)
    if between:
        synced(settings)
    (folder / "plan.md").rename(folder / "moved.md")
    for _ in range(2):
        synced(settings)
        with open_owner(settings, "test") as owner:
            assert owner.catalog.document_at("w", "moved.md") is None
            assert owner.catalog.items("w")["moved.md"].outcome == "skipped"


PLAN = "# The plan\n\n" + "".join(
    f"Step {n}: we {verb} the {thing} before the others hear of it.\n"
    for n, (verb, thing) in enumerate(
        [("sell", "mill"), ("buy", "farm"), ("move", "yard"), ("hide", "dock"), ("burn", "barn"), ("sign", "deal")]
    )
)  # fmt: skip
EDITS = {
    "a line more": lambda text: text + "\nAnd that is all.\n",
    "a third of its lines changed": lambda text: "\n".join(
        f"rewritten {n}" if n % 3 == 0 else line for n, line in enumerate(text.split("\n"))
    ),
    "wrapped anew": lambda text: (
        "# Titled\n\n" + "\n".join(" ".join(text.split()[at : at + 7]) for at in range(0, 140, 7))
    ),
    "its second half alone": lambda text: text[len(text) // 2 :],
    "within much else": lambda text: "".join(f"Something else, number {n}, is said here.\n" for n in range(90)) + text,
    "in capitals": str.upper,
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_purged_document_that_moves_and_is_edited_stays_away(settings: Settings, tmp_path: Path, edit: str) -> None:
    template = "# Page\n\nAsk the platform team on the channel before you go on with any of this.\n\n"
    pages = {f"{n}.md": f"{template}Number {n} is about the thing that is called word{n}.\n" for n in range(5)}
    folder = write(tmp_path / "w", {"plan.md": template + PLAN, **pages})
    configure(settings, {"name": "w", "type": "folder", "path": str(folder)})
    synced(settings)
    purge_document(settings, "w", "plan.md", NOTHING)
    (folder / "plan.md").unlink()
    write(
        folder, {"deep/moved.md": EDITS[edit](template + PLAN), "new.md": f"{template}What is new is about alpacas.\n"}
    )
    for _ in range(2):
        synced(settings)
        with open_owner(settings, "test") as owner:
            row = owner.catalog.items("w")["deep/moved.md"]
            assert owner.catalog.document_at("w", "deep/moved.md") is None
            assert owner.catalog.document_at("w", "new.md") is not None  # of the same template
        assert row.outcome == "skipped"
        assert "like plan.md" in row.reason
        assert "waypost purge --lift w/deep/moved.md" in row.reason
        write(folder, {"deep/moved.md": "# Something else\n\nby now\n"})  # as for any purged path
    assert lift(settings, source="w", path="deep/moved.md")
    write(folder, {"deep/moved.md": PLAN})
    synced(settings)
    assert text_of(settings, "deep/moved.md", "w") == PLAN
    assert b"burn" not in (settings.home / "purged.json").read_bytes()


def test_what_was_there_beside_a_purged_document_and_is_like_it_stays(settings: Settings, tmp_path: Path) -> None:
    folder = write(tmp_path / "w", {"a.md": PLAN, "near.md": PLAN + "\nmore\n", "b.md": "# B\n"})
    other = write(tmp_path / "o", {"o.md": "# O\n"})
    configure(
        settings,
        {"name": "w", "type": "folder", "path": str(folder)},
        {"name": "o", "type": "folder", "path": str(other)},
    )
    synced(settings)
    purge_document(settings, "w", "a.md", NOTHING)
    write(folder, {"near.md": PLAN + "\nmuch more\n"})
    write(other, {"o2.md": PLAN})
    synced(settings)
    assert "much more" in text_of(settings, "near.md", "w")
    assert text_of(settings, "o2.md", "o") == PLAN


def test_a_move_and_an_edit_are_seen_after_a_restore_and_with_secrets_redacted(
    settings: Settings, tmp_path: Path
) -> None:
    secrets = "".join(f"password{n}: hunter{n}-Zq8v{n}xT\n" for n in range(12))
    folder = write(tmp_path / "w", {"plan.md": f"# Logins of the finance team\n\n{secrets}", "b.md": "# B\n"})
    configure(settings, {"name": "w", "type": "folder", "path": str(folder)})
    synced(settings)
    purge_document(settings, "w", "plan.md", NOTHING)
    elsewhere = settings.model_copy(update={"home": tmp_path / "else"})
    restore(elsewhere, back_up(settings, tmp_path / "b.waypost").file)
    (folder / "plan.md").unlink()
    changed = "".join(f"password{n}: other{n}-Rw7k{n}pL\n" for n in range(12))
    write(folder, {"moved.md": f"# Logins of the finance team\n\n{changed}\nand more\n"})
    for home in (settings, elsewhere):
        synced(home)
        with open_owner(home, "test") as owner:
            assert owner.catalog.items("w")["moved.md"].reason.startswith("purged on")


def test_what_was_found_again_is_remembered_though_the_sync_is_killed(settings: Settings, tmp_path: Path) -> None:
    folder = write(tmp_path / "w", {"plan.md": PLAN, "b.md": "# B\n"})
    configure(settings, {"name": "w", "type": "folder", "path": str(folder)})
    synced(settings)
    purge_document(settings, "w", "plan.md", NOTHING)
    (folder / "plan.md").unlink()
    write(folder, {"moved.md": PLAN + "more\n"})
    with pytest.MonkeyPatch.context() as patching, pytest.raises(ZeroDivisionError):
        patching.setattr("rag.catalog.writer.CatalogWriter.finish_run", lambda *_: 1 / 0)
        synced(settings)
    write(folder, {"moved.md": PLAN.replace("e", "o")})
    synced(settings)
    with open_owner(settings, "test") as owner:
        assert owner.catalog.document_at("w", "moved.md") is None


def test_a_path_that_another_document_has_now_leaves_that_one_alone(settings: Settings, tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    commit(repo, {"a.md": "# A\n\n" + "a line of the page\n" * 20, "b.md": "# B\n"})
    configure(settings, {"name": "repo", "type": "git", "path": str(repo)})
    synced(settings)
    git(repo, "mv", "a.md", "c.md")
    commit(repo, {})
    synced(settings)
    purge_document(settings, "repo", "a.md", NOTHING)  # what it said under its former path alone
    with open_owner(settings, "test") as owner:
        assert owner.catalog.document_at("repo", "c.md") is not None
        with owner.catalog.write() as writer:
            assert writer._connection.exec_driver_sql("select count(*) from versions").scalar() == 0


@pytest.fixture
def served(tmp_path: Path) -> Path:
    """A bare repository for a source that is not a local path: our own copy of it, made as for a remote one."""
    repo = tmp_path / "work"
    commit(repo, {"leak.md": f"# Leak\n\n{VALUE}\n", "b.md": "# B\n"})
    git(repo, "clone", "-q", "--bare", str(repo), str(tmp_path / "bare.git"))
    return tmp_path / "bare.git"


def test_our_copy_of_a_repository_goes_when_it_holds_it(settings: Settings, wiki: Path, served: Path) -> None:
    for name in ("wiki", "forgotten"):
        clone = settings.home / "git" / name / "clone"
        subprocess.run(["git", "clone", "-q", "--bare", str(served), str(clone)], check=True)
        git(clone, "gc", "-q")  # into a pack, which no byte scan can see into
    clean = settings.home / "git" / "clean" / "clone"
    commit(settings.home.parent / "c", {"c.md": "# C\n"})
    subprocess.run(["git", "clone", "-q", "--bare", str(settings.home.parent / "c"), str(clean)], check=True)
    with open_owner(settings, "test") as owner, owner.catalog.write() as writer:
        writer.put_source("wiki", head="abc")
    report = purge_value(settings, VALUE, NOTHING)
    assert (report.mirrors, report.clean) == (("forgotten", "wiki"), True)
    assert [folder.name for folder in (settings.home / "git").iterdir()] == ["clean"]
    with open_owner(settings, "test") as owner:
        assert [row.head for row in owner.catalog.sources()] == [""]


def test_a_copy_that_cannot_be_read_goes_too(settings: Settings, wiki: Path) -> None:
    (settings.home / "git" / "odd" / "clone").mkdir(parents=True)
    assert purge_value(settings, VALUE, NOTHING).mirrors == ("odd",)


def test_nothing_is_purged_beside_another_process(settings: Settings, wiki: Path) -> None:
    lock = WriterLock.acquire(settings.home, "serve")
    with pytest.raises(WriterBusyError, match=r"process \d+"):
        purge_value(settings, VALUE, NOTHING)
    lock.release()


def test_what_cannot_be_purged_is_said(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="nothing has been synced"):
        purge_value(settings, VALUE, NOTHING)
    configure(settings, {"name": "wiki", "type": "folder", "path": str(write(tmp_path / "wiki", {"a.md": "# A\n"}))})
    synced(settings)
    with pytest.raises(NotFoundError, match="SOURCE/PATH"):
        purge_document(settings, "wiki", "none.md", NOTHING)
    with pytest.raises(SettingsError, match="there is no file"):
        purge_value(settings, VALUE, [tmp_path / "none.waypost"])
    assert sound(settings)


def test_backups_are_purged_where_nothing_is_synced(settings: Settings, wiki: Path, tmp_path: Path) -> None:
    backup = back_up(settings, tmp_path / "b.waypost").file
    elsewhere = settings.model_copy(update={"home": tmp_path / "else"})
    assert purge_value(elsewhere, VALUE, [backup]).clean
    assert held(backup) == []
    assert not (elsewhere.home / "catalog.db").exists()


def test_a_file_that_is_no_backup_is_refused_before_anything_is_purged(
    settings: Settings, wiki: Path, tmp_path: Path
) -> None:
    with open_owner(settings, "sync") as owner:
        owner.sync([], lambda step: None, lambda: False)
        known = {found.path for found in owner.catalog.documents_for(Viewer())}
    other = tmp_path / "hosts"
    other.write_text("127.0.0.1 localhost\n")
    with pytest.raises(SettingsError, match="not a backup"):
        purge_document(settings, "wiki", sorted(known)[0], [other])
    with open_owner(settings, "sync") as owner:
        assert {found.path for found in owner.catalog.documents_for(Viewer())} == known
