"""Sources of other people's making that break: each costs itself alone."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api.compose import departures_from
from api.owner import Owner, open_owner
from api.purge import purge_value
from api.settings import Settings
from ingest.sources.registry import source_type
from ingest.sync import SyncReport
from rag.records import Viewer
from tests.conftest import configure, write

Sync = Callable[..., SyncReport]
MODULE = """
from pydantic import Field
from ingest.sources import Link, Listed, Listing, Options, SourceType
from rag.errors import SettingsError

class BreakOptions(Options):
    at: str = ""

class Breaking:
    def __init__(self, spec, folder):
        self.at = spec.options.at
        self.folder = folder
        if self.at == "making":
            raise ZeroDivisionError("no shelf")
        if self.at == "settings":
            raise SettingsError("name a shelf")
        if self.at == "leaving":
            raise SystemExit(2)

    def listing(self, previous):
        if self.at == "listing":
            raise KeyError("pages")
        if self.at == "ending":
            raise SystemExit(2)
        if self.at == "nonsense":
            return None
        if self.at == "dates":
            return Listing((Listed("a.md", "1", updated_at=None),), complete=True)
        items = [Listed(f"{n}.md", str(n)) for n in range(3)]
        return Listing(tuple(items), complete=True)

    def fetch(self, items):
        if self.at == "fetching":
            raise OSError("no disk")
        for item in items[: 1 if self.at == "some" else None]:
            self.folder.mkdir(parents=True, exist_ok=True)
            (self.folder / item.path).write_text("The value is walrus-walrus-walrus.")
            yield item, b"# Page\\n\\nText.\\n"

    def link(self, item, version):
        if self.at == "linking":
            raise IndexError("no link")
        if self.at == "wrong links":
            return Link(None, "")
        return Link(item.path, "")

    def close(self):
        if self.at == "closing":
            raise RuntimeError("can't be closed")

TYPE = SourceType(Breaking, BreakOptions, locations=())
"""


@pytest.fixture(autouse=True)
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    site = write(
        tmp_path / "site",
        {
            "acme_broken.py": MODULE,
            "acme_broken-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: acme_broken\nVersion: 1.0\n",
            "acme_broken-1.0.dist-info/entry_points.txt": "[waypost.sources]\nbreaking = acme_broken:TYPE\n",
        },
    )
    monkeypatch.syspath_prepend(site)
    source_type.cache_clear()
    yield
    source_type.cache_clear()


def name(settings: Settings, at: str) -> None:
    folder = settings.config.parent / "docs"
    if not folder.exists():
        write(folder, {"a.md": "# A\n\nalpaca\n"})
    configure(
        settings,
        {"name": "broken", "type": "breaking", "at": at},
        {"name": "docs", "type": "folder", "path": str(folder)},
    )


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("making", "source 'broken' can't be made: ZeroDivisionError: no shelf"),
        ("settings", "name a shelf"),
        ("leaving", "can't be made: SystemExit"),
        ("listing", "KeyError while reading it"),
        ("ending", "wanted to end the program"),
        ("nonsense", "NoneType where a Listing was expected"),
        ("dates", "no Listed: updated_at"),
        ("fetching", "OSError while reading it: no disk"),
        ("some", "accounted for"),
        ("closing", "RuntimeError while reading it"),
    ],
)
def test_one_that_breaks_stops_no_other(owner: Owner, sync: Sync, settings: Settings, at: str, said: str) -> None:
    name(settings, "")
    assert [report.outcome for report in sync().sources] == ["done", "done"]
    write(settings.config.parent / "docs", {"b.md": "# B\n\nvicuna\n"})
    with owner.catalog.write() as writer:
        for path in ("0.md", "1.md", "2.md"):
            writer.doubt_item("broken", path)
    name(settings, at)
    broken, beside = sync().sources
    assert broken.outcome in ("failed", "partial")
    assert said in broken.message
    assert at != "settings" or broken.message == said
    assert beside.outcome == "done"
    assert len(owner.catalog.documents_for(Viewer())) == 5


@pytest.mark.parametrize("at", ["linking", "wrong links"])
def test_one_whose_links_can_not_be_made_stops_no_other(owner: Owner, sync: Sync, settings: Settings, at: str) -> None:
    name(settings, at)
    broken, beside = sync().sources
    assert broken.counts["quarantined"] == 3
    assert (beside.outcome, beside.counts["indexed"]) == ("done", 1)


def test_what_a_source_keeps_is_removed_by_a_purge(settings: Settings) -> None:
    name(settings, "")
    with open_owner(settings, "sync") as owner:
        owner.sync([], lambda step: None, lambda: False)
    kept = settings.home / "sources" / "breaking" / "broken"
    assert (kept / "0.md").exists()
    report = purge_value(settings, "walrus-walrus-walrus", [])
    assert report.clean
    assert report.mirrors == ("broken",)
    assert not kept.exists()
    shutil.rmtree(settings.home / "sources")


@pytest.mark.parametrize(
    "url", ["ext::sh -c touch% {}", "--upload-pack=touch {}", "file://{}", "ssh://-oProxyCommand=touch%20{}/x"]
)
def test_a_source_whose_url_is_refused_stops_no_other_and_runs_nothing(
    owner: Owner, sync: Sync, settings: Settings, tmp_path: Path, url: str
) -> None:
    canary = tmp_path / "canary"
    docs = {"name": "docs", "type": "folder", "path": str(write(tmp_path / "docs", {"a.md": "# A\n"}))}
    for _ in range(2):
        configure(settings, {"name": "bad", "type": "git", "url": url.format(canary)}, docs)
        report = sync()
        assert [source.outcome for source in report.sources] == ["failed", "done"]
        assert report.sources[0].message
        assert report.needs_a_person
        assert not canary.exists()
        rows = {row.name: row for row in owner.catalog.sources()}
        assert (rows["bad"].state, rows["bad"].location.endswith("/canary")) == ("stale", False)
        assert departures_from(settings, owner.catalog)("bad", [], []) == {}
