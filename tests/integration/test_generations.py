"""Another embedder or splitter: a generation is built beside the one that serves, which answers meanwhile; and back."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

import api.owner
import ingest.generations
from api.compose import open_reader
from api.owner import Owner, open_owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag import doctor
from rag.embedders.hashing import HashingEmbedder
from rag.errors import DocumentError, GenerationChangedError, SettingsError
from rag.owner import owner_of
from rag.ports import Progress, Scope, Vectors
from rag.records import Document, Viewer
from rag.remote import RemoteDense
from rag.search import SearchResult
from tests.conftest import configure, write

PAGES = {f"{n}.md": f"# Page {n}\n\nalpaca word{n} llama\n\n## More\n\nvicuna other{n}\n" for n in range(30)}
Stop = Callable[[], bool]


@pytest.fixture
def pages(settings: Settings, tmp_path: Path) -> Path:
    configure(settings, {"name": "wiki", "type": "folder", "path": str(tmp_path / "wiki")})
    return write(tmp_path / "wiki", PAGES)


def asking_for(settings: Settings, embedder: str) -> Settings:
    return settings.model_copy(update={"embedder": embedder})


def synced(settings: Settings, stop: Stop = lambda: False) -> SyncReport:
    with open_owner(settings, "sync") as owner:
        return owner.sync([], lambda step: None, stop)


def searched(settings: Settings, question: str = "word7") -> SearchResult:
    with open_reader(settings) as reader:
        return reader.retriever.search(question, Viewer())


@contextmanager
def opened(settings: Settings) -> Iterator[Owner]:
    with open_owner(settings, "sync") as owner:
        yield owner


def states(settings: Settings) -> list[tuple[int, str, str]]:
    with opened(settings) as owner:
        assert doctor.examine(owner.catalog, owner.projections).sound
        return [(g.number, g.model, g.state) for g in owner.catalog.generations()]


def test_another_embedder_serves_after_a_sync_and_the_old_one_is_kept(settings: Settings, pages: Path) -> None:
    assert synced(settings).embedded == 60
    other = asking_for(settings, "hashing-64")
    report = synced(other)
    assert "generation 2 (hashing-64) serves now" in report.generation
    assert "use 1" in report.generation
    assert states(other) == [(1, "hashing-384", "kept"), (2, "hashing-64", "serving")]
    found = searched(other)
    assert (found.passages[0].why, found.coverage.complete) == (("lexical", "vectors"), True)
    assert synced(other).generation == ""


def test_a_reader_follows_the_switch_and_asks_its_owner_for_the_same_generation(
    settings: Settings, pages: Path
) -> None:
    synced(settings)
    with open_reader(settings) as alone:
        assert alone.retriever.search("word7", Viewer()).coverage.complete
        other = asking_for(settings, "hashing-64")
        with open_owner(other, "serve") as owner, open_reader(settings) as beside:
            assert beside.retriever.search("word7", Viewer()).coverage.complete
            owner.sync([], lambda step: None, lambda: False)
            for reader in (alone, beside, owner.reader()):
                found = reader.retriever.search("word7", Viewer())
                assert (found.passages[0].why, found.coverage.complete) == (("lexical", "vectors"), True)
                assert reader._serving().generation.number == 2


def test_the_old_one_answers_and_learns_what_is_new_until_the_build_is_done(settings: Settings, pages: Path) -> None:
    synced(settings)
    write(pages, {"new.md": "# New\n\nguanaco\n"})
    other, steps = asking_for(settings, "hashing-64"), list[Progress]()
    with opened(other) as owner:  # stopped half-way through embedding all of it for the new one
        report = owner.sync(
            [], steps.append, lambda: any(step.stage == "embedding" and step.total > 30 for step in steps)
        )
    assert report.interrupted
    assert report.waiting > 0
    assert states(other)[0] == (1, "hashing-384", "serving")
    found = searched(other, "guanaco")
    assert (found.passages[0].document.path, found.coverage.complete) == ("new.md", True)
    assert searched(other).passages[0].why == ("lexical", "vectors")
    assert not synced(other).interrupted
    assert states(other)[1] == (2, "hashing-64", "serving")


def test_going_back_holds_until_another_word(settings: Settings, pages: Path) -> None:
    synced(settings)
    other = asking_for(settings, "hashing-64")
    synced(other)
    write(pages, {"new.md": "# New\n\nguanaco\n", "7.md": "# Page 7\n\nchanged entirely\n"})
    (pages / "8.md").unlink()
    synced(other)
    with opened(other) as owner:
        assert owner.use_generation(1, lambda step: None, lambda: False)
        assert owner.generation.model == "hashing-384"
    assert searched(other, "guanaco").coverage.complete  # what came since is there, with its vectors
    assert not [f for f in searched(other, "word8").passages if f.document.path == "8.md"]
    assert "is held" in synced(other).generation
    assert states(other) == [(1, "hashing-384", "serving"), (2, "hashing-64", "kept")]
    with opened(other) as owner:
        assert owner.use_generation(2, lambda step: None, lambda: False)
    assert synced(other).generation == ""


def test_only_the_one_before_is_kept(settings: Settings, pages: Path) -> None:
    for embedder in ("hashing", "hashing-64", "hashing-32"):
        synced(asking_for(settings, embedder))
    assert states(asking_for(settings, "hashing-32")) == [(2, "hashing-64", "kept"), (3, "hashing-32", "serving")]
    assert sorted(folder.name for folder in settings.home.glob("generation-*")) == ["generation-2", "generation-3"]
    with opened(settings) as owner, pytest.raises(SettingsError, match=r"no generation 1; there are: 2, 3"):
        owner.use_generation(1, lambda step: None, lambda: False)


def test_another_splitter_is_built_from_the_catalog_and_reuses_vectors(
    settings: Settings, pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced(settings)
    (pages / "9.md").write_text("# Page 9\n\nchanged in the same sync\n")
    for module in (api.owner, ingest.generations):
        monkeypatch.setattr(module, "SPLITTER", "next")
    report = synced(settings)
    assert report.embedded == 1  # the changed text alone
    assert states(settings) == [(1, "hashing-384", "kept"), (2, "hashing-384", "serving")]
    found = searched(settings, "changed in the same sync")
    assert (found.passages[0].document.path, found.coverage.complete) == ("9.md", True)
    with opened(settings) as owner, pytest.raises(SettingsError, match="split by another Waypost, and 1 document"):
        owner.use_generation(1, lambda step: None, lambda: False)


def test_an_embedder_that_cannot_be_loaded_changes_nothing(settings: Settings, pages: Path) -> None:
    synced(settings)
    with pytest.raises(SettingsError, match="can't be loaded"):
        synced(asking_for(settings, "no/such/model/here"))
    assert states(settings) == [(1, "hashing-384", "serving")]
    assert searched(settings).coverage.complete


def test_a_generation_that_does_not_hold_what_it_should_never_serves(
    settings: Settings, pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced(settings)
    sound = doctor.Report((doctor.Diagnosis("vectors", 60, missing=("x",)),))
    with monkeypatch.context() as broken:
        broken.setattr(doctor, "examine", lambda catalog, projections: sound)
        report = synced(asking_for(settings, "hashing-64"))
    assert report.needs_a_person
    assert "does not hold what it should (vectors)" in report.generation
    assert states(settings)[0] == (1, "hashing-384", "serving")
    assert "serves now" in synced(asking_for(settings, "hashing-64")).generation


def test_what_is_gone_or_restricted_is_so_in_every_generation(settings: Settings, pages: Path) -> None:
    synced(settings)
    other = asking_for(settings, "hashing-64")
    synced(other)
    (pages / "3.md").write_text("---\naudience: [sre]\n---\n# Page 3\n\nalpaca word3 llama\n")
    (pages / "4.md").unlink()
    synced(other)
    with opened(other) as owner:
        owner.use_generation(1, lambda step: None, lambda: False)
    seen = {
        f.document.path for question in ("word3 alpaca", "word4 alpaca") for f in searched(other, question).passages
    }
    assert not seen & {"3.md", "4.md"}


def test_a_page_that_the_new_splitter_refuses_stops_nothing(
    settings: Settings, pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced(settings)
    parse = ingest.generations.parse_document

    def refusing(document: Document) -> object:
        if document.path == "5.md":
            raise DocumentError("can't be split")
        return parse(document)

    for module in (api.owner, ingest.generations):
        monkeypatch.setattr(module, "SPLITTER", "next")
    monkeypatch.setattr(ingest.generations, "parse_document", refusing)
    report = synced(settings)
    assert not report.interrupted
    assert states(settings)[1] == (2, "hashing-384", "serving")
    assert searched(settings, "word5").passages[0].document.path == "5.md"  # read anew by the same sync


def test_what_was_rendered_is_split_anew_as_markdown(
    settings: Settings, pages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(pages, {"a.html": "<h1>Page</h1><p>alpaca</p><h2>More</h2><p>guanaco</p>"})
    synced(settings)
    before = searched(settings, "guanaco").passages[0].passage
    for module in (api.owner, ingest.generations):
        monkeypatch.setattr(module, "SPLITTER", "next")
    synced(settings)
    after = searched(settings, "guanaco").passages[0].passage
    assert after.id != before.id
    assert (after.heading_path, after.text, after.kind) == (before.heading_path, before.text, before.kind)
    assert after.heading_path == ("More",)


def test_a_remote_searcher_of_another_generation_begins_anew(settings: Settings, pages: Path) -> None:
    synced(settings)
    with open_owner(settings, "serve") as owner:
        handler = RemoteDense(str(owner_of(settings.home)["socket"]), replace(owner.generation, number=9))
        with pytest.raises(GenerationChangedError):
            handler.search("word7", 5, Scope(owner.catalog.access_keys(Viewer())))


def test_an_embedder_that_is_gone_does_not_hold_syncs_up(settings: Settings, pages: Path) -> None:
    synced(settings)
    with sqlite3.connect(settings.home / "catalog.db") as connection:
        connection.execute(
            "update generations set embedder = '/gone/model', model = 'sentence-transformers//gone/model@float32'"
        )
        connection.execute("update passages set embedded = 0")
    connection.close()
    write(pages, {"new.md": "# New\n\nguanaco\n"})
    found = searched(settings)
    assert (found.passages[0].why, "/gone/model" in found.coverage.note) == (("lexical",), True)
    assert "serves now" in synced(settings).generation
    found = searched(settings, "guanaco")
    assert (found.passages[0].document.path, found.coverage.complete) == ("new.md", True)


def test_folders_that_no_generation_owns_are_removed(settings: Settings, pages: Path) -> None:
    synced(settings)
    write(settings.home / "generation-9" / "lexical", {"left": "by a kill"})
    synced(settings)
    assert [folder.name for folder in settings.home.glob("generation-*")] == ["generation-1"]


class Missing(HashingEmbedder):
    """An embedder that can't be loaded, and counts how often that was tried."""

    tried = 0

    def embed(self, texts: Sequence[str]) -> Vectors:
        self.tried += 1
        raise SettingsError("it can't be loaded")


def test_an_embedder_that_cannot_be_loaded_is_tried_once(settings: Settings, pages: Path) -> None:
    synced(settings)
    with opened(settings) as owner:
        embedder = Missing()
        owner._current = replace(owner._current, embedder=embedder)
        for _ in range(3):
            found = owner.reader().retriever.search("word7", Viewer())
            assert (found.passages[0].why, "can't be loaded" in found.coverage.note) == (("lexical",), True)
        assert embedder.tried == 1
