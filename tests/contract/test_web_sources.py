"""What every network source must do, on each of `tests.places.PLACES`: whatever fails, nothing is taken for gone.

`make test-listing` runs more rounds: WAYPOST_TEST_ROUNDS.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import ingest.sources.web as web
from api.owner import Owner
from ingest.egress import Limits
from ingest.sync import SourceReport
from rag.records import Document, Viewer
from tests.places import PLACES, Place, opened
from tests.places.server import FAULTS

pytestmark = pytest.mark.timeout(1200)
ROUNDS = int(os.environ.get("WAYPOST_TEST_ROUNDS", "1"))
PARTS = 4  # of the faults, each one test: what it costs is mostly the first sync
NAMES = [f"Page {n}" for n in range(25)]
PATIENT, IMPATIENT = Limits(connect=1, read=1, total=2), Limits(connect=1, read=0.2, total=0.4)  # for who never answers


class Synced:
    """A place and the catalog that is kept in step with it."""

    def __init__(self, owner: Owner, place: Place, folder: Path) -> None:
        self.owner = owner
        self.place = place
        self._folder = folder

    def sync(self, **settings: object) -> SourceReport:
        spec = self.place.spec(**settings)
        source = self.place.source(spec, self._folder)
        return self.owner.sync_sources([(spec, source)], lambda step: None, lambda: False).sources[0]

    def documents(self, viewer: Viewer | None = None) -> dict[str, Document]:
        return {found.path: found for found in self.owner.catalog.documents_for(viewer or Viewer())}

    def paths(self, *names: str) -> set[str]:
        return {self.place.path_of(name) for name in names}


@pytest.fixture(params=sorted(PLACES))
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with opened(request.param) as found:
        yield found


@pytest.fixture
def synced(owner: Owner, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Synced:
    monkeypatch.setattr(web, "_sleep", lambda seconds: None)
    monkeypatch.setattr(web, "_LIMITS", PATIENT)
    for name in NAMES:
        place.put(name, f"The text of {name}, alpaca.")
    (tmp_path / "ours").mkdir()
    return Synced(owner, place, tmp_path / "ours")


def test_everything_is_there_once_and_unchanged_the_next_time(synced: Synced) -> None:
    report = synced.sync()
    assert (report.outcome, report.counts["indexed"]) == ("done", 25), report.message
    assert set(synced.documents()) == synced.paths(*NAMES)
    again = synced.sync()
    assert (again.outcome, again.counts["unchanged"], again.counts.get("indexed", 0)) == ("done", 25, 0)


def test_what_is_stored_is_what_the_page_says(synced: Synced) -> None:
    synced.sync()
    found = synced.documents()[synced.place.path_of("Page 7")]
    assert "The text of Page 7, alpaca." in found.text
    assert "Page 7" in found.title
    assert found.version
    assert found.url.startswith("http")


def test_an_edit_is_seen_and_it_alone(synced: Synced) -> None:
    synced.sync()
    before = synced.documents()
    synced.place.put("Page 3", "Now it says llama.")
    report = synced.sync()
    after = synced.documents()
    path = synced.place.path_of("Page 3")
    assert (report.counts["indexed"], report.counts["unchanged"]) == (1, 24)
    assert "llama" in after[path].text
    assert after[path].version != before[path].version
    assert after[path].id == before[path].id


def test_what_is_removed_is_gone_and_what_is_new_is_there(synced: Synced) -> None:
    synced.sync()
    synced.place.remove("Page 3")
    synced.place.put("New", "A new page.")
    assert synced.sync().outcome == "done"
    assert set(synced.documents()) == synced.paths(*NAMES, "New") - synced.paths("Page 3")


def test_a_moved_page_is_the_same_document(synced: Synced) -> None:
    synced.sync()
    before = synced.documents()[synced.place.path_of("Page 3")]
    synced.place.move("Page 3", "Moved")
    assert synced.sync().outcome == "done"
    after = synced.documents()
    assert synced.place.path_of("Page 3") not in after
    if synced.place.knows_moves:
        assert after[synced.place.path_of("Moved")].id == before.id


def test_a_page_that_is_replaced_under_its_name_is_read_anew(synced: Synced) -> None:
    synced.sync()
    synced.place.remove("Page 3")
    synced.place.put("Page 3", "Another page of that name: vicuna.")
    assert synced.sync().outcome == "done"
    assert "vicuna" in synced.documents()[synced.place.path_of("Page 3")].text


def test_two_pages_change_names(synced: Synced) -> None:
    synced.sync()
    synced.place.move("Page 3", "Aside")
    synced.place.move("Page 4", "Page 3")
    synced.place.move("Aside", "Page 4")
    assert synced.sync().outcome == "done"
    assert synced.sync().outcome == "done"
    found = synced.documents()
    assert "The text of Page 4" in found[synced.place.path_of("Page 3")].text
    assert "The text of Page 3" in found[synced.place.path_of("Page 4")].text


def test_odd_names(synced: Synced) -> None:
    names = ("Ünïcode — ñ", "a & b + c = 100 %", 'quo"te', "what? why?", "C# notes", "it's", "日本語")
    for name in names:
        synced.place.put(name, f"Odd: {name}")
    assert synced.sync().outcome == "done"
    assert synced.paths(*names) <= set(synced.documents())
    assert all(f"Odd: {name}" in synced.documents()[synced.place.path_of(name)].text for name in names)


def test_a_page_may_be_called_as_a_file_is_that_is_never_read(synced: Synced) -> None:
    names = ("id_rsa", "prod.tfstate", "server.key", "logo.png", "go.sum")
    for name in names:
        synced.place.put(name, f"How we keep {name}.")
    assert synced.sync().outcome == "done"
    found = synced.documents()
    refused = {
        path: row.reason for path, row in synced.owner.catalog.items("place").items() if row.outcome != "indexed"
    }
    assert synced.paths(*names) <= set(found), refused


def test_only_what_the_globs_admit(synced: Synced) -> None:
    path = synced.place.path_of("Page 3")
    assert synced.sync(include=(f"/{path}",)).outcome == "done"
    assert set(synced.documents()) == {path}


def test_a_restricted_page_is_found_no_more_by_those_who_may_not(synced: Synced) -> None:
    if not synced.place.restricts:
        pytest.skip("pages here can't be restricted")
    synced.sync()
    synced.place.restrict("Page 3")
    synced.sync()
    assert synced.place.path_of("Page 3") not in synced.documents()
    assert len(synced.documents()) == 24


@pytest.mark.parametrize("part", range(PARTS))
def test_a_listing_that_fails_removes_nothing(synced: Synced, part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    assert synced.sync().outcome == "done"
    faults = list(FAULTS)[part::PARTS]
    for number, fault in enumerate(faults * ROUNDS):
        before = synced.documents()
        gone = f"Page {number + 2}" if number < 20 else f"New {number - 20}"
        synced.place.remove(gone)
        synced.place.put("Page 0", f"Round {number}.")
        synced.place.put(f"New {number}", "A new page.")
        synced.place.server.fault = FAULTS[fault]()
        with monkeypatch.context() as patch:
            patch.setattr(web, "_LIMITS", IMPATIENT if fault == "hanging" else PATIENT)
            report = synced.sync()
        synced.place.server.fault = None
        assert set(synced.documents()) >= set(before), f"round {number}: {fault}"
        if not fault.startswith("later"):
            assert report.outcome in ("failed", "partial"), fault
            assert report.message, fault
            assert {path: found.text for path, found in synced.documents().items()} == {
                path: found.text for path, found in before.items()
            }, fault
        with synced.owner.catalog.write() as writer:  # what failed is tried again at once, not in its time
            for path, item in synced.owner.catalog.items("place").items():
                if item.outcome != "indexed":
                    writer.doubt_item("place", path)
        assert synced.sync().outcome == "done", fault
        expected = synced.paths(f"New {number}") | set(before) - synced.paths(gone)
        assert set(synced.documents()) == expected, fault
        assert f"Round {number}." in synced.documents()[synced.place.path_of("Page 0")].text, fault


def test_credentials_are_shown_to_nobody_else(synced: Synced) -> None:
    synced.sync()
    hosts = {ask.headers["host"] for ask in synced.place.server.asked}
    assert hosts == {synced.place.server.address.removeprefix("http://")}
