"""Documents that move keep their id, whichever way they go round, and whenever reading them fails."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.sources import Link, Listed, Listing, Previous, SourceSpec
from ingest.sources.moves import moved_by_content
from ingest.sync import SourceReport, SyncReport
from rag import doctor
from rag.errors import SourceError
from rag.records import Viewer
from tests.conftest import commit, configure, write


class Numbered:
    """Pages by number: a page is known by it, whatever it is called. `fails`: none can be read."""

    def __init__(self, titles: Mapping[int, str], *, fails: bool = False) -> None:
        self._titles = titles
        self._fails = fails

    def listing(self, previous: Previous) -> Listing:
        was = {signature: path for path, signature in previous.signatures.items()}
        items = tuple(Listed(f"{title}.md", str(number)) for number, title in self._titles.items())
        moved = {item.path: was[item.signature] for item in items if was.get(item.signature, item.path) != item.path}
        return Listing(items, complete=True, moved=moved)

    def fetch(self, items: Sequence[Listed]) -> Iterator[tuple[Listed, bytes | Exception]]:
        for item in items:
            if self._fails:
                raise SourceError("down")
            yield item, f"# Number {item.signature}\n".encode()

    def link(self, item: Listed, version: str) -> Link:
        return Link(f"https://example.org/{item.signature}", "")

    def close(self) -> None:
        """Keeps nothing."""


def synced(owner: Owner, titles: Mapping[int, str], *, fails: bool = False) -> SourceReport:
    pair = (SourceSpec("s", "folder", "/nowhere"), Numbered(titles, fails=fails))
    return owner.sync_sources([pair], lambda step: None, lambda: False).sources[0]


def documents(owner: Owner) -> dict[str, tuple[str, str]]:
    """Id and title by path."""
    return {found.path: (found.id, found.title) for found in owner.catalog.documents_for(Viewer())}


FIRST = {1: "a", 2: "b", 3: "c"}


@pytest.mark.parametrize(
    "then",
    [
        {1: "b", 2: "a", 3: "c"},
        {1: "b", 2: "c", 3: "a"},
        {1: "b", 3: "c"},
        {1: "c", 2: "d"},
        {1: "b", 2: "c", 3: "d"},
        {4: "a", 1: "b", 2: "x", 3: "c"},
        {4: "a", 5: "b", 6: "c"},
    ],
)
@pytest.mark.parametrize("failures", [0, 1, 2])
def test_each_is_what_it_was_under_its_new_path(owner: Owner, then: dict[int, str], failures: int) -> None:
    assert synced(owner, FIRST).outcome == "done"
    ids = {number: documents(owner)[f"{title}.md"][0] for number, title in FIRST.items()}
    for _ in range(failures):
        assert synced(owner, then, fails=True).outcome == "failed"
    assert synced(owner, then).outcome == "done"
    found = documents(owner)
    assert {path: title for path, (_, title) in found.items()} == {f"{t}.md": f"Number {n}" for n, t in then.items()}
    kept = {number: title for number, title in then.items() if number in ids}
    assert {number: found[f"{title}.md"][0] for number, title in kept.items()} == {n: ids[n] for n in kept}
    assert {path for path, row in owner.catalog.items("s").items() if row.document_id} == set(found)
    assert doctor.examine(owner.catalog, owner.projections).sound


def change_places(folder: Path) -> None:
    """a ↔ b, and c → d → e → c."""
    for ring in ("ab", "cde"):
        for at, name in enumerate(ring):
            (folder / f"{name}.md").rename(folder / f"{at}.tmp")
        for at, name in enumerate(ring[1:] + ring[:1]):
            (folder / f"{at}.tmp").rename(folder / f"{name}.md")


@pytest.mark.parametrize("kind", ["git", "folder"])
def test_pages_that_change_places_are_what_they_were(
    owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path, kind: str
) -> None:
    place = commit if kind == "git" else write
    pages: dict[str, str | bytes] = {f"{name}.md": f"# {name}\n\n{name * (n + 5)}\n" for n, name in enumerate("abcdef")}
    place(tmp_path / "s", {**pages, "empty.md": "", "bare.md": ""})
    configure(settings, {"name": "s", "type": kind, "path": str(tmp_path / "s")})
    sync()
    ids = {title: found for found, title in documents(owner).values()}
    change_places(tmp_path / "s")
    place(tmp_path / "s", {"f.md": "# f\n\nsomething else\n"})
    report = sync()
    found = documents(owner)
    assert {path: title for path, (_, title) in found.items() if len(title) == 1} == {
        "b.md": "a", "a.md": "b", "d.md": "c", "e.md": "d", "c.md": "e", "f.md": "f",
    }  # fmt: skip
    assert {title: name for name, title in found.values()} == ids
    assert (report.sources[0].outcome, report.sources[0].counts["gone"]) == ("done", 0)
    assert doctor.examine(owner.catalog, owner.projections).sound


@pytest.mark.parametrize(
    ("now", "before", "expected"),
    [
        ({"a": "2", "b": "1"}, {"a": "1", "b": "2"}, {"a": "b", "b": "a"}),
        ({"b": "1", "c": "2"}, {"a": "1", "b": "2"}, {"b": "a", "c": "b"}),
        (
            {"a": "9", "a.bak": "1"},
            {"a": "1"},
            {},
        ),  # a copy was kept of what was written anew: citations of `a` mean `a`
        ({"a": "9"}, {"a": "1", "a.tmp": "9"}, {}),  # what was written beside it was put in its place
        ({"a": "1", "b": "1"}, {"a": "1", "b": "2"}, {}),  # a copy
        ({"a": "2", "b": "1", "c": "1"}, {"a": "1", "b": "2"}, {}),  # which of them is it?
        ({"x/a": "1", "y/b": "1"}, {"a": "1", "b": "1"}, {"x/a": "a", "y/b": "b"}),
        ({"a": "", "b": ""}, {"c": "", "d": ""}, {}),
    ],
)
def test_what_counts_as_a_move(now: dict[str, str], before: dict[str, str], expected: dict[str, str]) -> None:
    assert moved_by_content(now, before) == expected


def test_what_moved_and_went_before_it_could_be_read_is_gone(owner: Owner) -> None:
    synced(owner, FIRST)
    assert synced(owner, {**FIRST, 1: "moved"}, fails=True).outcome == "failed"
    assert synced(owner, {2: "b", 3: "c"}).outcome == "done"
    assert set(documents(owner)) == {"b.md", "c.md"}
