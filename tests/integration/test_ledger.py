"""The ledger: counts that add up, deletions that are held, access alone, quarantine, and sources side by side."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest import side_by_side
from ingest.ledger import retry_at, too_many
from ingest.sources import Link, Listed, Listing, Previous, SourceSpec
from ingest.sync import SyncReport
from rag import doctor
from rag.errors import DocumentError, SettingsError, SourceError
from rag.records import AccessRule, Viewer
from tests.conftest import commit, configure, write

Sync = Callable[..., SyncReport]
SRE = AccessRule.of([["sre"]])


class FakeSource:
    """A source in memory: path to text; `fault` is raised when it is listed, `hangs` until it is set free."""

    def __init__(self, texts: dict[str, str], fault: Exception | None = None) -> None:
        self.texts = texts
        self.fault = fault
        self.complete = True
        self.access: dict[str, AccessRule] = {}
        self.owners: dict[str, str] = {}
        self.broken: set[str] = set()
        self.twice = False
        self.fetched: list[str] = []
        self.hangs: threading.Event | None = None

    def listing(self, previous: Previous) -> Listing:
        if self.hangs:
            self.hangs.wait(20)
        if self.fault:
            raise self.fault
        items = [
            Listed(path, text, access=self.access.get(path, AccessRule()), owner=self.owners.get(path, ""))
            for path, text in self.texts.items()
        ]
        return Listing(tuple(items * 2 if self.twice else items), self.complete)

    def fetch(self, items: Sequence[Listed]) -> Iterator[tuple[Listed, bytes | Exception]]:
        for item in items:
            self.fetched.append(item.path)
            broken = item.path in self.broken
            yield item, DocumentError("it can't be read") if broken else self.texts[item.path].encode()

    def close(self) -> None:
        pass

    def link(self, item: Listed, version: str) -> Link:
        return Link(item.path, "")


def pages(count: int) -> dict[str, str]:
    return {f"{n}.md": f"# Page {n}\n\nword{n} and more\n" for n in range(count)}


class Runner:
    """Syncs fake sources by name into one owner."""

    def __init__(self, owner: Owner) -> None:
        self.owner = owner

    def __call__(self, **sources: FakeSource) -> SyncReport:
        named = [(SourceSpec(name, "fake", f"fake:{name}"), source) for name, source in sources.items()]
        report = self.owner.sync_sources(named, lambda step: None, lambda: False)
        for one in report.sources:
            accounted = sum(one.counts.get(k, 0) for k in ("indexed", "unchanged", "skipped", "quarantined"))
            assert one.outcome == "failed" or accounted == one.counts["listed"]
        assert doctor.examine(self.owner.catalog, self.owner.projections).sound
        return report

    def paths(self, source: str = "wiki") -> set[str]:
        return {d.path for d in self.owner.catalog.documents_for(Viewer.of(["sre"])) if d.source == source}


@pytest.fixture
def run(owner: Owner) -> Runner:
    return Runner(owner)


@pytest.mark.parametrize(
    ("known", "gone", "held"), [(30, 20, False), (30, 21, True), (500, 25, False), (500, 26, True)]
)
def test_the_boundary_of_what_may_go_at_once(known: int, gone: int, held: bool) -> None:
    assert too_many(gone, known) is held


@pytest.mark.parametrize("gone", [20, 21])
def test_much_that_is_gone_is_held_until_a_person_approves(run: Runner, gone: int) -> None:
    wiki = FakeSource(pages(30))
    run(wiki=wiki)
    wiki.texts = dict(list(wiki.texts.items())[gone:])
    report = run(wiki=wiki)
    if gone == 20:
        assert (report.sources[0].outcome, len(run.paths())) == ("done", 10)
        return
    assert report.sources[0].outcome == "held"
    assert report.needs_a_person
    assert "waypost approve wiki" in report.sources[0].message
    assert len(run.paths()) == 30
    assert run(wiki=wiki).sources[0].outcome == "held"  # and stays so
    assert run.owner.approve("wiki") == 21
    assert len(run.paths()) == 9
    assert run(wiki=wiki).sources[0].outcome == "done"
    with pytest.raises(SettingsError, match="no source has a held deletion"):
        run.owner.approve("wiki")


def test_what_is_listed_again_is_held_no_longer(run: Runner) -> None:
    wiki = FakeSource(pages(30))
    run(wiki=wiki)
    every, wiki.texts = wiki.texts, {}
    wiki.texts = {"0.md": every["0.md"]}
    run(wiki=wiki)
    wiki.texts = dict(list(every.items())[:28])
    assert run(wiki=wiki).sources[0].outcome == "done"  # two are gone, which is not much
    assert len(run.paths()) == 28
    with pytest.raises(SettingsError):
        run.owner.approve("wiki")


@pytest.mark.parametrize("fault", ["error", "bug", "incomplete", "empty", "twice"])
def test_a_listing_that_can_not_be_trusted_deletes_nothing(run: Runner, fault: str) -> None:
    wiki = FakeSource(pages(5))
    run(wiki=wiki)
    every = wiki.texts
    wiki.texts = {"4.md": every["4.md"]}
    if fault == "error":
        wiki.fault = SourceError("it answers 500")
    elif fault == "bug":
        wiki.fault = ValueError("not JSON")
    elif fault == "empty":
        wiki.texts = {}
    elif fault == "twice":
        wiki.twice = True
    else:
        wiki.complete = False
    report = run(wiki=wiki)
    assert report.needs_a_person
    assert report.sources[0].outcome in ("failed", "partial")
    assert len(run.paths()) == 5


def test_a_change_of_access_alone_reads_and_embeds_nothing(run: Runner) -> None:
    wiki = FakeSource({**pages(3), "own.md": "---\naudience: [dba]\n---\n# Own\n\nwordown\n"})
    run(wiki=wiki)
    wiki.fetched.clear()
    before = {d.path: d.id for d in run.owner.catalog.documents_for(Viewer.of(["dba", "sre"]))}
    wiki.access = {"1.md": SRE, "own.md": SRE}
    wiki.owners = {"2.md": "platform"}
    report = run(wiki=wiki)
    assert (wiki.fetched, report.embedded, report.sources[0].counts["unchanged"]) == ([], 0, 4)
    found = {d.path: d for d in run.owner.catalog.documents_for(Viewer.of(["dba", "sre"]))}
    assert {path: d.id for path, d in found.items()} == before
    assert found["2.md"].owner == "platform"
    search = run.owner.reader().retriever.search

    def first(word: str, *groups: str) -> str:
        return search(word, Viewer.of(groups)).passages[0].document.path

    assert first("word1", "sre") == "1.md"
    assert "1.md" not in [p.document.path for p in search("word1", Viewer()).passages]
    for groups in (["dba"], ["sre"]):  # what the document says of itself still holds
        assert "own.md" not in [p.document.path for p in search("wordown", Viewer.of(groups)).passages]
    wiki.access = {}
    run(wiki=wiki)
    assert first("word1") == "1.md"
    assert first("wordown", "dba") == "own.md"


def test_an_audience_in_the_settings_is_access_alone_too(
    owner: Owner, sync: Sync, settings: Settings, tmp_path: Path
) -> None:
    commit(tmp_path / "repo", {"a.md": "# A\n\nalpha\n"})
    entry = {"name": "repo", "type": "git", "path": str(tmp_path / "repo")}
    configure(settings, entry)
    sync()
    configure(settings, {**entry, "audience": ["sre"], "owner": "platform"})
    assert sync().sources[0].counts["unchanged"] == 1
    assert owner.catalog.documents_for(Viewer()) == []
    assert [d.owner for d in owner.catalog.documents_for(Viewer.of(["sre"]))] == ["platform"]


def test_a_document_on_new_terms_that_can_t_be_read_is_shown_to_nobody(
    owner: Owner, sync: Sync, settings: Settings, tmp_path: Path
) -> None:
    commit(tmp_path / "repo", {"a.md": "# A\n\nalpha\n", "b.md": "# B\n\nbeta\n"})
    entry = {"name": "repo", "type": "git", "path": str(tmp_path / "repo")}
    configure(settings, entry)
    sync()
    with owner.catalog.write() as writer:  # as an older Waypost let it in
        writer._connection.exec_driver_sql(
            "update documents set text = '---\naudiences: [x]\n---\n' where path = 'a.md'"
        )
    configure(settings, {**entry, "audience": ["sre"]})
    report = sync().sources[0]
    assert (report.outcome, report.counts["unchanged"], report.counts["quarantined"]) == ("done", 1, 1)
    assert "audience" in owner.catalog.items("repo")["a.md"].reason
    assert [d.path for d in owner.catalog.documents_for(Viewer.of(["sre"]))] == ["b.md"]
    with owner.catalog.write() as writer:
        writer.doubt_item("repo", "a.md")
    assert sync().sources[0].counts["indexed"] == 1
    assert [d.path for d in owner.catalog.documents_for(Viewer.of(["sre"]))] == ["a.md", "b.md"]


def test_what_is_quarantined_is_tried_again_when_it_is_time_or_when_it_changed(
    run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    wiki = FakeSource(pages(2))
    wiki.broken = {"1.md"}
    assert run(wiki=wiki).sources[0].counts["quarantined"] == 1
    wiki.fetched.clear()
    report = run(wiki=wiki)
    assert (wiki.fetched, report.sources[0].counts["quarantined"], report.needs_a_person) == ([], 1, True)
    monkeypatch.setattr("ingest.sync.now", lambda: "2999-01-01T00:00:00Z")
    run(wiki=wiki)
    assert wiki.fetched == ["1.md"]
    assert run.owner.catalog.items("wiki")["1.md"].attempts == 2
    monkeypatch.undo()
    wiki.texts["1.md"] += "changed\n"
    run(wiki=wiki)
    assert (wiki.fetched, run.owner.catalog.items("wiki")["1.md"].attempts) == (["1.md", "1.md"], 1)
    wiki.broken = set()
    with run.owner.catalog.write() as writer:
        writer.retry_now(["wiki"])
    assert run(wiki=wiki).sources[0].counts["indexed"] == 1
    assert len(run.paths()) == 2


def test_a_retry_waits_longer_each_time_and_a_day_at_most() -> None:
    waits = [retry_at(attempts) for attempts in (1, 2, 3, 4, 9)]
    assert waits == sorted(waits)
    assert waits[-1] == waits[-2]


def test_a_hanging_source_stops_nobody(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "_IDLE", 0.2)
    slow, quick = FakeSource(pages(2)), FakeSource(pages(3))
    slow.hangs = threading.Event()
    reports: list[Any] = []
    thread = threading.Thread(target=lambda: reports.append(run(slow=slow, quick=quick)))
    thread.start()
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        coverage = run.owner.reader().retriever.search("word2", Viewer()).coverage
        if run.paths("quick") and coverage.complete:
            break
        time.sleep(0.05)
    assert (run.paths("quick"), run.paths("slow")) == ({"0.md", "1.md", "2.md"}, set())
    assert coverage.complete  # its vectors too
    slow.hangs.set()
    thread.join()
    assert run.paths("slow") == {"0.md", "1.md"}
    assert [source.outcome for source in reports[0].sources] == ["done", "done"]


def test_a_source_that_says_nothing_is_given_up(run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(side_by_side, "PATIENCE", 0.5)
    slow, quick = FakeSource(pages(2)), FakeSource(pages(3))
    slow.hangs = threading.Event()
    report = run(slow=slow, quick=quick)
    assert [source.outcome for source in report.sources] == ["failed", "done"]
    assert "given up" in report.sources[0].message
    slow.hangs.set()  # what it says later is not heard
    time.sleep(0.1)
    assert run.paths("slow") == set()


def test_a_run_that_was_killed_is_not_called_running_for_ever(
    owner: Owner, sync: Sync, settings: Settings, tmp_path: Path
) -> None:
    configure(settings, {"name": "w", "type": "folder", "path": str(write(tmp_path / "w", {"a.md": "# A\n"}))})
    with owner.catalog.write() as writer:
        writer.start_run("w")
        writer.start_run("another")
    assert sync().sources[0].outcome == "done"
    runs = {(run["source"], run["outcome"]) for run in owner.catalog.runs()}
    assert runs == {("w", "interrupted"), ("another", "running"), ("w", "done")}


@pytest.mark.parametrize("trouble", ["held", "failed", "partial"])
def test_an_audience_reaches_what_no_listing_shows(
    owner: Owner, sync: Sync, settings: Settings, tmp_path: Path, trouble: str
) -> None:
    folder = write(tmp_path / "w", {f"{n}.md": f"# Page {n}\n\nalpaca\n" for n in range(30)})
    entry = {"name": "w", "type": "folder", "path": str(folder)}
    configure(settings, entry)
    assert sync().sources[0].outcome == "done"
    if trouble == "held":
        for n in range(25):
            (folder / f"{n}.md").unlink()
    elif trouble == "failed":
        folder.rename(tmp_path / "elsewhere")
    else:
        shutil.rmtree(folder)
        folder.mkdir()
    configure(settings, {**entry, "audience": ["sre"]})
    assert sync().sources[0].outcome == trouble
    assert owner.catalog.documents_for(Viewer()) == []
    assert len(owner.catalog.documents_for(Viewer.of(["sre"]))) == 30
    assert not owner.reader().retriever.search("alpaca", Viewer()).passages
    configure(settings, entry)
    sync()
    listed = {"held": 5, "failed": 0, "partial": 0}[trouble]
    assert len(owner.catalog.documents_for(Viewer())) == listed  # what is not listed stays narrow, to be safe
    if trouble == "failed":
        (tmp_path / "elsewhere").rename(folder)
    write(folder, {f"{n}.md": f"# Page {n}\n\nalpaca\n" for n in range(30)})
    assert sync().sources[0].outcome == "done"
    assert len(owner.catalog.documents_for(Viewer())) == 30
    configure(settings, {**entry, "audience": ["dev"]})
    sync()
    configure(settings, {**entry, "audience": ["ops"]})
    sync()
    assert len(owner.catalog.documents_for(Viewer.of(["ops"]))) == 30
    assert owner.catalog.documents_for(Viewer.of(["dev"])) == []
