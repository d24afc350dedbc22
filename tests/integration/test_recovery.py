"""What survives a crash, damage, and a second process."""

from __future__ import annotations

import ctypes
import json
import multiprocessing
import os
import shutil
import sqlite3
import time
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import Engine, event

from api.compose import open_reader
from api.owner import Owner, open_owner
from api.settings import Settings
from rag import doctor
from rag.catalog import Catalog
from rag.errors import IndexDamagedError, SettingsError, StorageError, WaypostError, WriterBusyError
from rag.indexes.exact import ExactVectors
from rag.indexes.vectors import ChromaIndex
from rag.owner import WriterLock, owner_of
from rag.ports import Entry, Scope
from rag.records import Viewer
from tests.conftest import configure, write


def entries(start: int, stop: int) -> list[Entry]:
    vectors = np.random.default_rng(start).standard_normal((stop - start, 16)).astype(np.float32)
    return [
        Entry(str(start + i), "d", "s", "page", "p", "", "", "t", "everyone", "1", vector / np.linalg.norm(vector))
        for i, vector in enumerate(vectors)
    ]


def make_dirty(folder: Path) -> None:
    state = json.loads((folder / "state.json").read_text())
    (folder / "state.json").write_text(json.dumps({**state, "dirty": True}))


def test_a_dirty_folder_is_never_opened(tmp_path: Path) -> None:
    index = ChromaIndex(tmp_path, "m")
    index.apply(entries(0, 100), [], 100)
    index.close()
    make_dirty(tmp_path)
    again = ChromaIndex(tmp_path, "m")
    assert (again.watermark(), again.stamps()) == (0, {})  # no checkpoint yet: it follows the catalog from the start
    again.close()


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="glibc alone can be told to")
def test_memory_that_chroma_is_given_holds_nothing_of_before(tmp_path: Path) -> None:
    index = ChromaIndex(tmp_path, "m")
    index.apply(entries(0, 10), [], 10)
    library = ctypes.CDLL(None)
    library.malloc.restype, library.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
    given = library.malloc(5000)
    assert ctypes.string_at(given, 5000) == bytes([0xFE]) * 5000
    library.free(given)
    index.close()


def test_a_dirty_folder_goes_back_to_its_checkpoint(tmp_path: Path) -> None:
    index = ChromaIndex(tmp_path, "m")
    index.apply(entries(0, 2500), [], 2500)
    index.apply(entries(2500, 5000), [], 5000)  # copies the clean folder first
    index.apply(entries(5000, 5100), [], 5100)  # and again: as much has come since
    index.apply(entries(5100, 5200), [], 5200)
    index.close()
    make_dirty(tmp_path)
    shutil.rmtree(next(p for p in (tmp_path / "chroma").iterdir() if p.is_dir()))  # whatever state it is in
    again = ChromaIndex(tmp_path, "m")
    assert again.watermark() == 5000
    assert len(again.stamps()) == 5000
    again.apply(entries(5000, 5100) + entries(5100, 5200), [], 5200)
    assert len(again.stamps()) == 5200
    vector = entries(2500, 5000)[7].vector
    assert vector is not None
    assert again.search(vector, 1, Scope(("everyone",)))[0].id == "2507"
    again.close()


@pytest.mark.parametrize("crash_at", ["before", "between", "after"])
def test_a_crash_while_checkpointing_leaves_a_usable_one(tmp_path: Path, crash_at: str) -> None:
    index = ChromaIndex(tmp_path, "m")
    index.apply(entries(0, 2500), [], 2500)
    index.apply(entries(2500, 5000), [], 5000)
    index.close()
    checkpoint = tmp_path / "checkpoint"
    if crash_at == "before":  # half a copy, no state file in it
        (tmp_path / "checkpoint.new").mkdir()
        (tmp_path / "checkpoint.new" / "chroma.sqlite3").write_bytes(b"half")
    elif crash_at == "between":
        checkpoint.rename(tmp_path / "checkpoint.new")
    else:
        checkpoint.rename(tmp_path / "checkpoint.old")
    make_dirty(tmp_path)
    again = ChromaIndex(tmp_path, "m")
    assert again.watermark() == 2500
    again.close()


@pytest.mark.parametrize("damage", ["gone", "sqlite", "rows"])
def test_a_damaged_folder_is_made_anew(tmp_path: Path, damage: str) -> None:
    index = ChromaIndex(tmp_path, "m")
    index.apply(entries(0, 50), [], 50)
    index.close()
    if damage == "gone":
        shutil.rmtree(tmp_path / "chroma")
    elif damage == "sqlite":
        (tmp_path / "chroma" / "chroma.sqlite3").write_bytes(b"not a database" * 100)
    else:
        state = json.loads((tmp_path / "state.json").read_text())
        (tmp_path / "state.json").write_text(json.dumps({**state, "counts": {"everyone": 51}}))
    again = ChromaIndex(tmp_path, "m")
    assert again.stamps() == {}
    assert again.watermark() == 0
    again.close()


def test_vectors_of_another_model_are_not_used(tmp_path: Path) -> None:
    index = ChromaIndex(tmp_path, "m")
    index.apply(entries(0, 50), [], 50)
    index.close()
    other = ChromaIndex(tmp_path, "another")
    assert other.stamps() == {}
    other.close()


@pytest.mark.parametrize("vector", [np.zeros(16, np.float32), np.full(16, np.nan, np.float32), None])
def test_unusable_vectors_are_refused(tmp_path: Path, vector: np.ndarray | None) -> None:
    index = ChromaIndex(tmp_path, "m")
    bad = Entry("x", "d", "s", "page", "p", "", "", "t", "everyone", "1", vector)
    with pytest.raises(IndexDamagedError):
        index.apply([bad], [], 1)
    index.close()


def synced(settings: Settings, tmp_path: Path) -> Settings:
    folder = write(tmp_path / "wiki", {f"{n}.md": f"# Page {n}\n\nword{n} and more\n" for n in range(20)})
    configure(settings, {"name": "wiki", "type": "folder", "path": str(folder)})
    with open_owner(settings, "sync") as owner:
        owner.sync([], lambda step: None, lambda: False)
    return settings


def examine(owner: Owner) -> doctor.Report:
    return doctor.examine(owner.catalog, owner.projections)


def test_the_doctor_finds_and_mends(settings: Settings, tmp_path: Path) -> None:
    synced(settings, tmp_path)
    with open_owner(settings, "doctor") as owner:
        ids = sorted(owner.catalog.stamps(owner.generation))
        lexical, chroma = owner.projections.lexical.index, owner.chroma
        lexical.apply([], ids[:2], lexical.watermark())
        chroma.apply([], ids[2:5], chroma.watermark())
        stranger = owner.catalog.entries(ids[5:6], owner.generation, with_vector=True)[0]
        chroma.apply([Entry(**{**stranger.__dict__, "id": "stranger"})], [], chroma.watermark())
        changed = Entry(**{**stranger.__dict__, "stamp": "older"})
        lexical.apply([changed], [], lexical.watermark())
        page = next(iter(owner.catalog.document_stamps()))
        owner.projections.documents.index.apply([], [page], owner.projections.documents.index.watermark())
        report = examine(owner)
        words, documents, vectors = report.diagnoses
        assert not report.sound
        assert documents.missing == (page,)
        assert (words.missing, words.outdated) == (tuple(ids[:2]), (ids[5],))
        assert (vectors.missing, vectors.extra) == (tuple(ids[2:5]), ("stranger",))
        mended = doctor.repair(owner.catalog, owner.projections, report)
        assert mended.sound
        assert mended.repaired == ("lexical", "documents", "vectors")


def test_the_indexes_are_rebuilt_from_the_catalog_without_embedding(settings: Settings, tmp_path: Path) -> None:
    synced(settings, tmp_path)
    shutil.rmtree(settings.home / "generation-1" / "lexical")
    shutil.rmtree(settings.home / "documents")
    shutil.rmtree(settings.home / "generation-1" / "vectors")
    with open_owner(settings, "sync") as owner:
        assert owner.sync([], lambda step: None, lambda: False).embedded == 0
        assert examine(owner).sound


def _hold(home: str, role: str, ready: multiprocessing.connection.Connection) -> None:
    lock = WriterLock.acquire(Path(home), role)  # held by this name
    ready.send(os.getpid())
    ready.recv()
    os._exit(9 if lock else 1)  # dies without letting go


def test_a_second_writer_is_refused_with_the_owners_pid(settings: Settings) -> None:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_hold, args=(str(settings.home), "sync", theirs))
    process.start()
    pid = ours.recv()
    with pytest.raises(WriterBusyError, match=str(pid)) as refused:
        WriterLock.acquire(settings.home, "sync")
    assert refused.value.pid == pid
    assert owner_of(settings.home)["role"] == "sync"
    ours.send("die")
    process.join()
    WriterLock.acquire(settings.home, "sync").release()  # the death of the holder freed it


def test_a_reader_asks_the_owner_for_vectors(settings: Settings, tmp_path: Path) -> None:
    synced(settings, tmp_path)
    with open_owner(settings, "serve"), open_reader(settings) as reader:
        found = reader.retriever.search("word7", Viewer())
        assert found.passages[0].why == ("lexical", "vectors")
        assert found.coverage.complete


def test_a_long_path_of_the_data_folder_works_too(settings: Settings, tmp_path: Path) -> None:
    settings = settings.model_copy(update={"home": tmp_path / ("long" * 30)})
    synced(settings, tmp_path)
    with open_owner(settings, "serve"), open_reader(settings) as reader:
        assert reader.retriever.search("word7", Viewer()).coverage.complete


def test_a_dead_owner_costs_the_vectors_and_says_so(settings: Settings, tmp_path: Path) -> None:
    synced(settings, tmp_path)
    lock = WriterLock.acquire(settings.home, "serve")
    lock.announce(str(tmp_path / "nobody.sock"))
    with open_reader(settings) as reader:
        found = reader.retriever.search("word7", Viewer())
        assert found.passages[0].why == ("lexical",)
        assert "doesn't answer" in found.coverage.note
    lock.release()


def test_nothing_synced_yet_is_said(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="waypost sync"), open_reader(settings):
        pass


def test_a_first_sync_that_was_killed_while_it_made_the_catalog_is_said(settings: Settings, tmp_path: Path) -> None:
    settings.home.mkdir()
    file = settings.home / "catalog.db"
    for make in (file.touch, lambda: sqlite3.connect(file).execute("PRAGMA journal_mode=WAL").connection.close()):
        make()
        with pytest.raises(SettingsError, match=r"first sync did not finish.*run `waypost sync`"):
            Catalog(settings.catalog_url, read_only=True)
    synced(settings, tmp_path)
    with sqlite3.connect(file) as connection:
        connection.execute("update alembic_version set version_num = '0001'")
    connection.close()
    with pytest.raises(SettingsError, match="older Waypost"):
        Catalog(settings.catalog_url, read_only=True)


def test_a_new_catalog_is_made_at_once_or_not_at_all(settings: Settings) -> None:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=_make_half, args=(settings.catalog_url, theirs))
    settings.home.mkdir()
    process.start()
    assert ours.recv() == "made some"
    process.kill()
    process.join()
    with pytest.raises(SettingsError, match="first sync did not finish"):
        Catalog(settings.catalog_url, read_only=True)
    Catalog(settings.catalog_url).close()
    Catalog(settings.catalog_url, read_only=True).close()


def _make_half(url: str, ready: multiprocessing.connection.Connection) -> None:
    def pause(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "ALTER TABLE" in statement.upper():
            ready.send("made some")
            time.sleep(60)

    event.listen(Engine, "before_cursor_execute", pause)
    Catalog(url)


def test_a_newer_catalog_is_refused(settings: Settings, tmp_path: Path) -> None:
    synced(settings, tmp_path)
    with sqlite3.connect(settings.home / "catalog.db") as connection:
        connection.execute("update alembic_version set version_num = '9999'")
    connection.close()
    with pytest.raises(SettingsError, match="newer Waypost"):
        Catalog(settings.catalog_url, read_only=True)


def test_a_catalog_that_lacks_what_it_should_have_is_no_matter_of_free_space(
    settings: Settings, tmp_path: Path
) -> None:
    synced(settings, tmp_path)
    with open_owner(settings, "test") as owner:
        with pytest.raises(WaypostError, match="fault of Waypost's"), owner.catalog.write() as writer:
            writer._connection.exec_driver_sql("update documents set path = null")
        with owner.catalog.write() as writer:
            writer._connection.exec_driver_sql("alter table items drop column terms")
        with pytest.raises(WaypostError, match=r"lacks what its schema should have: no such column.* backup"):
            owner.catalog.items("wiki")


def test_a_data_folder_that_cannot_be_written_is_a_storage_error(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageError, match="can't be written"):
        WriterLock.acquire(tmp_path / "file" / "home", "sync")


def test_without_an_owner_the_same_is_found_and_nothing_is_locked(settings: Settings, tmp_path: Path) -> None:
    pages = {f"{n}.md": f"# Page {n}\n\nalpaca llama {'vicuna' if n % 3 else 'guanaco'} word{n}\n" for n in range(40)}
    secret = {f"s{n}.md": f"---\naudience: [sre]\n---\n# Secret {n}\n\nalpaca llama vicuna\n" for n in range(5)}
    write(tmp_path / "wiki", {**pages, **secret, "deep/a.tf": 'locals {\n  alpaca = "llama"\n}\n'})
    configure(settings, {"name": "wiki", "type": "folder", "path": str(tmp_path / "wiki")})
    scopes = [
        Scope(access=("everyone",)), Scope(access=("everyone",), kinds=("terraform",)), Scope(access=("nobody",)),
        Scope(access=("everyone",), paths=("deep/*",), matching=("deep/a.tf",)), Scope(access=("everyone",), sources=("wiki",)),
    ]  # fmt: skip
    with open_owner(settings, "sync") as owner:
        owner.sync([], lambda step: None, lambda: False)
        vector = owner.embedder.embed(["llama vicuna"])[0]
        scopes += [Scope(access=owner.catalog.access_keys(Viewer.of(["sre"])))]
        theirs = [owner.chroma.search(vector, 60, scope) for scope in scopes]
        generation = owner.generation
    with open_reader(settings) as reader:
        ours = [ExactVectors(reader.catalog, generation).search(vector, 60, scope) for scope in scopes]
        assert [sorted(hit.id for hit in hits) for hits in ours] == [sorted(hit.id for hit in hits) for hits in theirs]
        assert [len(hits) for hits in ours] == [41, 1, 0, 1, 41, 46]
        assert all(a.score >= b.score for hits in ours for a, b in zip(hits, hits[1:], strict=False))
        found = reader.retriever.search("llama word7", Viewer())
        assert found.passages[0].why == ("lexical", "vectors")
        assert found.coverage.complete
        WriterLock.acquire(settings.home, "sync").release()


def test_a_search_whose_embedder_is_gone_says_so(settings: Settings, tmp_path: Path) -> None:
    synced(settings, tmp_path)
    with sqlite3.connect(settings.home / "catalog.db") as connection:
        connection.execute("update generations set embedder = 'some/other', model = 'some/other@1'")
    connection.close()
    with open_reader(settings) as reader:
        found = reader.retriever.search("word7", Viewer())
    assert found.passages[0].why == ("lexical",)
    assert "some/other@1" in found.coverage.note


def test_a_sync_mends_an_index_that_does_not_hold_what_the_catalog_says(settings: Settings, tmp_path: Path) -> None:
    synced(settings, tmp_path)
    with open_owner(settings, "sync") as owner:
        ids, index = sorted(owner.catalog.stamps(owner.generation)), owner.projections.lexical.index
        stranger = Entry(**{**owner.catalog.entries(ids[:1], owner.generation)[0].__dict__, "id": "stranger"})
        index.apply([stranger], [], index.watermark())
        owner.chroma.apply([], ids[:2], owner.chroma.watermark())
        report = owner.sync([], lambda step: None, lambda: False)
        assert report.mended == {"lexical": 1, "vectors": 2}
        assert examine(owner).sound
        assert owner.sync([], lambda step: None, lambda: False).mended == {}


def test_an_index_that_is_built_anew_holds_nothing_deleted(settings: Settings, tmp_path: Path) -> None:
    synced(settings, tmp_path)
    with open_owner(settings, "sync") as owner:
        ids = sorted(owner.catalog.stamps(owner.generation))
        with owner.catalog.write() as writer:
            writer._log((ids[n % 20], "put") for n in range(5000))  # more than is applied at once
    shutil.rmtree(settings.home / "generation-1" / "lexical")
    with open_owner(settings, "sync") as owner:
        searcher = owner._current.lexical._commit().searcher
        assert (searcher.doc_freq("text", "word7"), len(owner._current.lexical)) == (1, 20)


def test_what_a_kill_left_of_an_index_is_used_and_what_is_wrong_in_it_goes(settings: Settings, tmp_path: Path) -> None:
    synced(settings, tmp_path)
    with open_owner(settings, "sync") as owner:
        index = owner.projections.lexical.index
        entry = owner.catalog.entries(sorted(owner.catalog.stamps(owner.generation))[:1], owner.generation)[0]
        index.apply([Entry(**{**entry.__dict__, "id": "stranger"})], [], 0)
    with open_owner(settings, "sync") as owner:
        assert owner.projections.lexical.index.watermark() == owner.catalog.last_change()
        assert examine(owner).sound


@pytest.mark.parametrize("made", [False, True])
def test_what_is_stored_is_for_its_owner_alone(settings: Settings, made: bool) -> None:
    if made:  # before us, by other rules
        settings.home.mkdir(mode=0o755)
    with open_owner(settings, "sync"):
        for file in (settings.home, *settings.home.glob("catalog.db*")):
            assert file.stat().st_mode & 0o077 == 0, file
