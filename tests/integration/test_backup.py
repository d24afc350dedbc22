"""Backup and restore: while others write, into empty and into full folders, and from files that are not what they should be."""

from __future__ import annotations

import hashlib
import json
import shutil
import sqlite3
import stat
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from api.access.keys import FILE as KEYS
from api.access.keys import Keys
from api.backup import back_up, restore
from api.compose import feedback_of, threads_of
from api.observability.chain import FILE as AUDIT
from api.observability.chain import Chain, Entry
from api.owner import Owner, open_owner
from api.purge import purge_document, purge_value
from api.settings import Settings
from api.side_files import NAMES
from rag import doctor, gaps
from rag.errors import NotFoundError, SettingsError, StorageError, WaypostError, WriterBusyError
from rag.feedback import FILE as FEEDBACK
from rag.owner import WriterLock
from rag.purged import Purged
from rag.records import Viewer
from rag.threads import FILE as THREADS
from rag.threads import Turn
from tests.conftest import configure, write
from tests.crash.backup import answers, round_trip, under_load

SAMPLE = Path(__file__).parents[2] / "data" / "sample"


@pytest.fixture
def synced(settings: Settings, tmp_path: Path) -> Settings:
    write(tmp_path / "wiki", {f"{n}.md": f"# Page {n}\n\nalpaca word{n}\n" for n in range(20)})
    configure(settings, {"name": "wiki", "type": "folder", "path": str(tmp_path / "wiki")})
    with open_owner(settings, "sync") as owner:
        owner.sync([], lambda step: None, lambda: False)
    return settings


@pytest.fixture
def elsewhere(settings: Settings, tmp_path: Path) -> Settings:
    """The settings of another machine: an empty data folder, and no waypost.yaml."""
    return settings.model_copy(
        update={"home": tmp_path / "else" / "home", "config": tmp_path / "else" / "waypost.yaml"}
    )


def listed(folder: Path) -> list[str]:
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*"))


@pytest.mark.timeout(300)
def test_backups_made_under_load(tmp_path: Path) -> None:
    with under_load(tmp_path) as live:
        for number in range(3):
            time.sleep(0.4)
            (folder := tmp_path / str(number)).mkdir()
            round_trip(live, folder)


def test_a_restored_folder_answers_as_the_first_did(settings: Settings, elsewhere: Settings, tmp_path: Path) -> None:
    folders = [
        {"name": name, "type": "folder", "path": str(SAMPLE / name)} for name in ("wiki", "runbooks", "terraform")
    ]
    configure(settings, *folders)
    with open_owner(settings, "sync") as owner:
        owner.sync([], lambda step: None, lambda: False)
    restored = restore(elsewhere, back_up(settings, tmp_path / "b.waypost").file)
    assert (restored.sound, restored.waiting, restored.config) == (True, 0, "written")
    assert answers(elsewhere) == answers(settings)
    assert elsewhere.config.read_text() == settings.config.read_text()
    with open_owner(elsewhere, "sync") as owner:
        assert owner.sync([], lambda step: None, lambda: False).embedded == 0
        assert doctor.examine(owner.catalog, owner.projections).sound


def test_a_backup_is_for_its_owners_eyes_and_says_what_it_is(synced: Settings, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    made = back_up(synced, tmp_path / "folder")
    assert stat.S_IMODE(made.file.stat().st_mode) == 0o600
    with zipfile.ZipFile(made.file) as archive:
        manifest = json.loads(archive.read("manifest.json"))
        assert manifest["documents"] == 20
        assert manifest["parts"]["catalog.db"]["sha256"] == hashlib.sha256(archive.read("catalog.db")).hexdigest()
    assert listed(tmp_path / "folder") == [made.file.name]
    assert made.file.name.startswith("waypost-20")


def test_no_backup_is_written_into_the_data_folder_or_restored_from_there(synced: Settings, tmp_path: Path) -> None:
    good = back_up(synced, tmp_path / "b.waypost").file
    (tmp_path / "linked").symlink_to(synced.home)
    (tmp_path / "deep").symlink_to(synced.home / "documents")
    (tmp_path / "name.waypost").symlink_to(synced.home / "x.waypost")
    (tmp_path / "inner").mkdir()
    (synced.home / "out").symlink_to(tmp_path / "inner")
    before = listed(synced.home)
    places = (
        synced.home, synced.home / "b.waypost", synced.home / "new" / "b.waypost", tmp_path / "linked",
        tmp_path / "linked" / "b.zip", tmp_path / "deep" / "b.zip", tmp_path / "name.waypost", tmp_path / "inner" / ".." / "home",
    )  # fmt: skip
    for place in places:
        with pytest.raises(SettingsError, match="in the data folder"):
            back_up(synced, place)
        with pytest.raises(SettingsError, match="in the data folder"):
            back_up(synced, place, force=True)
        assert listed(synced.home) == before
    assert back_up(synced, synced.home / "out").file.exists()  # which is elsewhere
    (synced.home / "restore").mkdir()
    inside = synced.home / "restore" / "b.waypost"
    inside.write_bytes(good.read_bytes())
    with pytest.raises(SettingsError, match="move it out first"):
        restore(synced, inside, force=True)
    assert inside.exists()


def test_nothing_is_overwritten(synced: Settings, tmp_path: Path) -> None:
    target = write(tmp_path, {"b.waypost": "precious"}) / "b.waypost"
    with pytest.raises(SettingsError, match="is there already"):
        back_up(synced, target)
    assert target.read_text() == "precious"
    back_up(synced, target, force=True)
    assert zipfile.is_zipfile(target)


def test_credentials_in_the_configuration_stay_out(synced: Settings, tmp_path: Path) -> None:
    token = "ghp_" + "R4nd0mR4nd0mR4nd0mR4nd0mR4nd0mR4nd0m"
    sources = [
        {
            "name": "a",
            "type": "git",
            "url": "https://github.com/a/b",
            "credentials": {"token": "${GITHUB_TOKEN}"},
        },
        {"name": "c", "type": "git", "url": "https://hunter2@example.org/a/b"},
    ]
    configure(synced, *sources)
    with synced.config.open("a") as file:
        file.write(f"# {token}\n")
    with zipfile.ZipFile(back_up(synced, tmp_path / "b.waypost").file) as archive:
        stored = archive.read("waypost.yaml").decode()
    assert "${GITHUB_TOKEN}" in stored
    assert "github.com/a/b" in stored
    assert token not in stored
    assert "hunter2" not in stored


def test_what_a_deleted_document_said_is_not_in_a_backup(settings: Settings, synced: Settings, tmp_path: Path) -> None:
    write(tmp_path / "wiki", {"long.md": "# Long\n\n" + "".join(f"vicuna line{n}\n" for n in range(5000))})
    with open_owner(settings, "sync") as owner:
        owner.sync([], lambda step: None, lambda: False)
    (tmp_path / "wiki" / "long.md").unlink()
    with open_owner(settings.model_copy(update={"keep_versions_days": 0}), "sync") as owner:
        owner.sync([], lambda step: None, lambda: False)
    with zipfile.ZipFile(back_up(synced, tmp_path / "b.waypost").file) as archive:
        assert b"vicuna line" not in archive.read("catalog.db")
        archive.extract("catalog.db", tmp_path)
    with sqlite3.connect(tmp_path / "catalog.db") as connection:  # here SQLite may be built to blank what it frees
        assert connection.execute("PRAGMA freelist_count").fetchone() == (0,)
    connection.close()


def test_a_full_folder_is_replaced_when_told_to_and_what_was_there_is_kept(synced: Settings, tmp_path: Path) -> None:
    backup = back_up(synced, tmp_path / "b.waypost").file
    write(tmp_path / "wiki", {"7.md": "# Page 7\n\nguanaco\n", "new.md": "# New\n\nvicuna\n"})
    with open_owner(synced, "sync") as owner:
        owner.sync([], lambda step: None, lambda: False)
    with pytest.raises(SettingsError, match="--force"):
        restore(synced, backup)
    first = [found["results"][0]["path"] for found in answers(synced)[::2]]
    restored = restore(synced, backup, force=True)
    assert (restored.sound, restored.config, restored.manifest.documents) == (True, "kept", 20)
    assert stat.S_IMODE(Path(restored.before).stat().st_mode) == 0o600
    again = restore(synced, Path(restored.before), force=True)
    assert (again.sound, again.manifest.documents) == (True, 21)
    assert [found["results"][0]["path"] for found in answers(synced)[::2]] == first


@pytest.mark.parametrize("damage", ["truncated", "empty", "page", "shortened", "root", "middle", "overwritten"])
def test_a_damaged_catalog_is_replaced_and_kept_as_it_is(synced: Settings, tmp_path: Path, damage: str) -> None:
    backup = back_up(synced, tmp_path / "b.waypost").file
    catalog = synced.home / "catalog.db"
    data = catalog.read_bytes()
    half, pages = len(data) // 2, len(data) // 4096
    catalog.write_bytes(
        {
            "truncated": data[:half], "empty": b"", "page": data[:100] + b"\xff" * 8000 + data[8100:],
            "shortened": data[: 4096 * (pages - 3)], "root": data[:4096] + b"\0" * 4096 * 4 + data[4096 * 5 :],
            "middle": data[:half] + b"\x5a" * 40000 + data[half + 40000 :],
            "overwritten": data[:100] + bytes(range(256)) * (len(data) // 256),
        }[damage]
    )  # fmt: skip
    damaged = catalog.read_bytes()
    with pytest.raises(WaypostError, match=r"^damaged: .*restore a backup"):
        back_up(synced, tmp_path / "none.waypost")
    assert not (tmp_path / "none.waypost").exists()
    restored = restore(synced, backup, force=True)
    assert restored.sound
    assert (Path(restored.before) / "catalog.db").read_bytes() == damaged


def rewritten(backup: Path, target: Path, change: Callable[[str, bytes], bytes]) -> Path:
    """A backup whose members were changed."""
    with zipfile.ZipFile(backup) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            new.writestr(name, change(name, old.read(name)))
        new.writestr("../x", old.read("catalog.db"))
    return target


def swapped_rows(data: bytes, folder: Path) -> bytes:
    """A catalog in which an index disagrees with its table, which no checksum of pages tells."""
    file = folder / "inconsistent.db"
    file.write_bytes(data)
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute("delete from sqlite_master where name = 'passages_by_text'")
    connection.close()
    return file.read_bytes()


@pytest.mark.parametrize(
    "damage", ["checksum", "longer", "shorter", "truncated", "text", "manifest", "missing", "path", "inside"]
)
def test_a_damaged_backup_is_refused_and_changes_nothing(
    synced: Settings, elsewhere: Settings, tmp_path: Path, damage: str
) -> None:
    good = back_up(synced, tmp_path / "b.waypost").file
    bad = tmp_path / "bad.waypost"

    def change(name: str, data: bytes) -> bytes:
        if name == "manifest.json":
            manifest = json.loads(data)
            if damage == "path":
                manifest["parts"]["../x"] = manifest["parts"]["catalog.db"]
            if damage == "inside":
                broken = swapped_rows(inner, tmp_path)
                manifest["parts"]["catalog.db"] = {"sha256": hashlib.sha256(broken).hexdigest(), "size": len(broken)}
            return b"[]" if damage == "manifest" else json.dumps(manifest).encode()
        if name == "catalog.db":
            return {
                "checksum": data[:-1] + bytes([data[-1] ^ 1]), "longer": data + b"x", "shorter": data[:-1],
                "inside": swapped_rows(data, tmp_path),
            }.get(damage, data)  # fmt: skip
        return data

    with zipfile.ZipFile(good) as archive:
        inner = archive.read("catalog.db")
    if damage == "truncated":
        bad.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    elif damage == "text":
        bad.write_text("sources: []\n")
    elif damage != "missing":
        rewritten(good, bad, change)
    with pytest.raises(WaypostError):
        restore(elsewhere, bad)
    assert [name for name in listed(elsewhere.home) if name != "writer.lock"] == [] if elsewhere.home.exists() else True
    before = {
        file: file.read_bytes() for file in synced.home.rglob("*") if file.is_file() and file.name != "writer.lock"
    }
    with pytest.raises(WaypostError):
        restore(synced, bad, force=True)
    assert {file: file.read_bytes() for file in before} == before


def test_a_backup_of_a_newer_waypost_is_refused(synced: Settings, elsewhere: Settings, tmp_path: Path) -> None:
    good = back_up(synced, tmp_path / "b.waypost").file
    for key, value in (("schema", "9999"), ("format", 3)):
        newer = rewritten(
            good,
            tmp_path / f"{key}.waypost",
            lambda name, data, key=key, value=value: (
                json.dumps({**json.loads(data), key: value}).encode() if name == "manifest.json" else data
            ),
        )
        with pytest.raises(SettingsError, match="newer Waypost"):
            restore(elsewhere, newer)
        assert not elsewhere.home.exists()


def test_a_folder_in_use_is_left_alone(synced: Settings, tmp_path: Path) -> None:
    backup = back_up(synced, tmp_path / "b.waypost").file
    lock = WriterLock.acquire(synced.home, "serve")
    with pytest.raises(WriterBusyError, match=r"process \d+ \(waypost serve\)"):
        restore(synced, backup, force=True)
    lock.release()
    with pytest.raises(SettingsError) as held:  # while its traceback is
        restore(synced, backup)
    WriterLock.acquire(synced.home, "sync").release()  # it was let go
    assert "--force" in str(held.value)
    restore(synced, backup, force=True)
    WriterLock.acquire(synced.home, "sync").release()


def test_a_catalog_on_a_server_is_backed_up_there(synced: Settings, tmp_path: Path) -> None:
    remote = synced.model_copy(update={"database_url": "postgresql+psycopg://waypost@db/waypost"})
    with pytest.raises(SettingsError, match="pg_dump") as refused:
        back_up(remote, tmp_path / "b.waypost")
    assert "waypost@db" not in str(refused.value)


def test_what_a_killed_backup_or_restore_left_is_cleaned_up(
    synced: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    write(tmp_path / ".b.waypost.partial", {"catalog.db": "half"})
    write(elsewhere.home / "restore", {"catalog.db": "half"})
    assert restore(elsewhere, back_up(synced, tmp_path / "b.waypost").file).sound
    assert not (tmp_path / ".b.waypost.partial").exists()
    assert not (elsewhere.home / "restore").exists()


def test_a_catalog_that_is_open_elsewhere_is_not_replaced(synced: Settings, tmp_path: Path) -> None:
    backup = back_up(synced, tmp_path / "b.waypost").file
    reader = sqlite3.connect(synced.home / "catalog.db")
    reader.execute("select count(*) from documents").fetchone()
    with pytest.raises(StorageError, match="another process has"):
        restore(synced, backup, force=True)
    reader.close()
    assert restore(synced, backup, force=True).sound


def test_indexes_of_another_catalog_are_not_taken_for_its_own(
    synced: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    backup = back_up(synced, tmp_path / "b.waypost").file
    write(tmp_path / "few", {"few.md": "# Few\n\nguanaco\n"})
    elsewhere.config.parent.mkdir()
    configure(elsewhere, {"name": "few", "type": "folder", "path": str(tmp_path / "few")})
    with open_owner(elsewhere, "sync") as owner:
        owner.sync([], lambda step: None, lambda: False)
    assert restore(elsewhere, backup, force=True).sound


@pytest.fixture
def owner_while_reading(synced: Settings) -> Iterator[Owner]:
    with open_owner(synced, "serve") as opened:
        yield opened


def test_a_backup_runs_beside_the_owner(owner_while_reading: Owner, synced: Settings, tmp_path: Path) -> None:
    with owner_while_reading.catalog.write() as writer:
        writer.put_setting("half", "done")
        assert back_up(synced, tmp_path / "b.waypost").manifest.documents == 20  # what is not committed is not in it


# -- the small files beside the catalog ---------------------------------------------------------------------------------------


VIEWER = Viewer.of(["sre"])


def asked(question: str, path: str = "1.md") -> Turn:
    return Turn(
        question, question, "answered", f"about {question}", (("d1", "wiki", path),), datetime.now(UTC).isoformat()
    )


def spoken(settings: Settings, name: str, *questions: Turn) -> tuple[str, list[str]]:
    """Makes a key, and has somebody ask, think of it, and be noted in the audit: the key's token, and the threads."""
    keys, threads = Keys(settings.home / KEYS), threads_of(settings)
    _, token = keys.create(name, ["sre"], ["read"], "")
    keys.close()
    begun = [threads.add("", VIEWER, one) for one in questions]
    for thread in begun:
        feedback_of(settings).note(VIEWER, name, thread, None, useful=True)
    entries = [Entry("2026-01-01T00:00:00+00:00", "ask", name, words=one.question) for one in questions]
    Chain(settings.home / AUDIT).append(entries)
    return token, begun


def checked(settings: Settings, token: str) -> str:
    keys = Keys(settings.home / KEYS)
    found = keys.checked(token)
    keys.close()
    return found.state if found else "none"


def test_keys_threads_feedback_and_the_audit_come_back(synced: Settings, elsewhere: Settings, tmp_path: Path) -> None:
    token, (thread,) = spoken(synced, "ci", asked("alpaca?"))
    with closing(sqlite3.connect(synced.home / KEYS, isolation_level=None)) as busy:  # somebody writes meanwhile
        busy.execute("BEGIN IMMEDIATE")
        busy.execute("UPDATE key SET name = 'half'")
        backup = back_up(synced, tmp_path / "b.waypost").file
        busy.execute("ROLLBACK")
    done = restore(elsewhere, backup)
    assert done.added == {"keys": 1, "threads": 1, "opinions on answers": 1, "audit": 1}
    assert checked(elsewhere, token) == "live"
    assert [turn.question for turn in threads_of(elsewhere).turns(thread, VIEWER)] == ["alpaca?"]
    assert [(one.name, one.question) for one in feedback_of(elsewhere).listed()] == [("ci", "alpaca?")]
    audit = Chain(elsewhere.home / AUDIT)
    audit.append([Entry("2026-01-02T00:00:00+00:00", "ask", "ci")])
    proof = audit.verify(f"1:{Chain(synced.home / AUDIT).verify().head}")  # it is continued where it was
    assert (proof.sound, proof.entries) == (True, 2)
    assert {stat.S_IMODE((elsewhere.home / name).stat().st_mode) for name in NAMES} == {0o600}


def test_what_is_there_is_newer_and_stays(synced: Settings, tmp_path: Path) -> None:
    old, (before,) = spoken(synced, "old", asked("alpaca?"))
    backup = back_up(synced, tmp_path / "b.waypost").file
    lost, _ = spoken(synced, "lost")
    keys = Keys(synced.home / KEYS)
    keys.revoke("old")
    keys.close()
    threads_of(synced).add(before, VIEWER, asked("and llamas?"))
    head = Chain(synced.home / AUDIT).verify().head
    assert not restore(synced, backup, force=True).added
    assert (checked(synced, old), checked(synced, lost)) == ("revoked", "live")
    assert [turn.question for turn in threads_of(synced).turns(before, VIEWER)] == ["alpaca?", "and llamas?"]
    assert Chain(synced.home / AUDIT).verify().head == head


def test_what_was_purged_since_does_not_come_back_with_them(synced: Settings, tmp_path: Path) -> None:
    _, (kept, secret, gone) = spoken(
        synced, "ci", asked("alpaca?"), asked("is it hunter22secret?"), asked("of what?", "2.md")
    )
    backup = back_up(synced, tmp_path / "b.waypost").file
    untouched = Path(shutil.copy(backup, tmp_path / "untouched.waypost"))
    assert purge_value(synced, "hunter22secret", [backup]).clean
    assert purge_document(synced, "wiki", "2.md", [backup]).clean
    for name in (THREADS, FEEDBACK, AUDIT):
        (synced.home / name).unlink()
    for file in (untouched, backup):
        restore(synced, file, force=True)
        threads = threads_of(synced)
        assert threads.turns(kept, VIEWER)
        for thread in (secret, gone):
            with pytest.raises(NotFoundError):
                threads.turns(thread, VIEWER)
        assert [one.question for one in feedback_of(synced).listed()] == ["alpaca?"]
        proof = Chain(synced.home / AUDIT).verify()
        assert (proof.sound, proof.erased) == (True, 1)
        for name in (THREADS, FEEDBACK, AUDIT):
            assert b"hunter22secret" not in (synced.home / name).read_bytes()
            (synced.home / name).unlink()


def test_what_is_purged_goes_from_what_a_backup_holds_beside_the_catalog(
    synced: Settings, elsewhere: Settings, tmp_path: Path
) -> None:
    with synced.config.open("a") as file:
        file.write("# it was hunter22secret\n")
    spoken(synced, "ci", asked("alpaca?"), asked("is it hunter22secret?"), asked("of what?", "2.md"))
    day = "2026-01-01T00:00:00+00:00"
    gaps.put(synced.home, [gaps.Gap("none said it?", "not_found", 1, day, day, nearest=(("wiki", "2.md"),))])
    backup = back_up(synced, tmp_path / "b.waypost").file

    def holding(words: bytes) -> set[str]:
        with zipfile.ZipFile(backup) as archive:
            return {name for name in archive.namelist() if words in archive.read(name)}

    assert holding(b"alpaca?") == {THREADS, FEEDBACK, AUDIT}
    assert holding(b"hunter22secret") == {THREADS, FEEDBACK, AUDIT, "waypost.yaml"}
    assert purge_value(synced, "hunter22secret", [backup]).clean
    assert holding(b"hunter22secret") == set()
    assert holding(b"of what?") >= {THREADS, FEEDBACK}
    assert holding(b"none said it?") == {gaps.FILE}
    assert purge_document(synced, "wiki", "2.md", [backup]).clean
    assert not holding(b"of what?") & {THREADS, FEEDBACK}
    assert holding(b"none said it?") == set()
    assert holding(b"alpaca?") == {THREADS, FEEDBACK, AUDIT}
    restore(elsewhere, backup)
    known = Purged.load(elsewhere.home)  # so that no sync there reads it again
    assert "hunter22secret" not in known.scrub("it is hunter22secret")
    assert [document.place for document in known.documents] == [("wiki", "2.md")]


def test_a_damaged_file_beside_the_catalog_is_said(synced: Settings, tmp_path: Path) -> None:
    (synced.home / FEEDBACK).write_bytes(b"no database" * 100)
    with pytest.raises(StorageError, match=r"feedback\.db can't be copied: .*move it away"):
        back_up(synced, tmp_path / "b.waypost")
    assert not (tmp_path / "b.waypost").exists()
