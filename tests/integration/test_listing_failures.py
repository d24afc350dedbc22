"""A git host that fails in every way: no document is ever taken for gone, and what is true is found once it answers again.

`make test-listing` runs more rounds: WAYPOST_TEST_ROUNDS.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.owner import Owner
from ingest import git_process as git_command
from ingest.git import GitRepository
from ingest.sources import Credentials, SourceSpec
from ingest.sources.git import GitSource
from ingest.sync import SourceReport
from rag.records import Viewer
from tests.conftest import commit, git
from tests.git_server import FAULTS, GitServer, serving

pytestmark = pytest.mark.timeout(1200)
ROUNDS = int(os.environ.get("WAYPOST_TEST_ROUNDS", "1"))
GONE = ("branch deleted", "everything deleted", "repository gone", "repository emptied", "host unknown", "host down")


class Remote:
    """A repository behind a server, and the source that reads it."""

    def __init__(self, owner: Owner, folder: Path, server: GitServer) -> None:
        self.owner = owner
        self.server = server
        self.work = folder / "work"
        self.bare = server.root / "repo.git"
        self.url = f"{server.address}/repo.git"

    def push(self, files: dict[str, str], gone: tuple[str, ...] = ()) -> None:
        for path in gone:
            (self.work / path).unlink()
        commit(self.work, files)
        if not self.bare.exists():
            git(self.work, "clone", "-q", "--bare", str(self.work), str(self.bare))
        else:
            git(self.work, "push", "-q", "-f", str(self.bare), "main")

    def sync(self, url: str = "") -> SourceReport:
        spec = SourceSpec("repo", "git", url or self.url)
        source = GitSource(spec, self.owner.settings.home / "git" / "repo")
        return self.owner.sync_sources([(spec, source)], lambda step: None, lambda: False).sources[0]

    def paths(self) -> set[str]:
        return {document.path for document in self.owner.catalog.documents_for(Viewer())}


@pytest.fixture
def remote(owner: Owner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Remote]:
    quick = tuple(option.replace("lowSpeedTime=60", "lowSpeedTime=1") for option in git_command._HARDENED)
    monkeypatch.setattr(git_command, "_HARDENED", quick)
    (tmp_path / "served").mkdir()
    with serving(tmp_path / "served") as server:
        yield Remote(owner, tmp_path, server)


def pages(count: int, text: str) -> dict[str, str]:
    return {f"{n}.md": f"# Page {n}\n\n{text} {n}\n" for n in range(count)}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_listing_that_fails_removes_nothing(remote: Remote, fault: str) -> None:
    rng = random.Random(fault)
    count = rng.randint(3, 12)
    remote.push(pages(count, "first"))
    assert remote.sync().outcome == "done"
    for number in range(ROUNDS):
        remote.push(
            {"0.md": f"# Page 0\n\nround {number}\n", f"new{number}.md": "# New\n\nnew\n"}, (f"{count - 1}.md",)
        )
        before = remote.paths()
        remote.server.fault = FAULTS[fault]
        report = remote.sync()
        remote.server.fault = None
        assert report.outcome in ("failed", "partial"), fault
        assert report.message
        assert remote.paths() >= before, f"round {number}: {before - remote.paths()}"
        assert remote.sync().outcome == "done"
        assert remote.paths() == (before | {f"new{number}.md"}) - {f"{count - 1}.md"}
        remote.push({f"{count - 1}.md": f"# Again\n\n{number}\n"})
        assert remote.sync().outcome == "done"


@pytest.mark.parametrize("fault", GONE)
def test_a_repository_that_is_not_what_it_was_removes_nothing(remote: Remote, fault: str) -> None:
    remote.push(pages(6, "first"))
    assert remote.sync().outcome == "done"
    url = ""
    match fault:
        case "branch deleted":
            git(remote.bare, "update-ref", "-d", "refs/heads/main")
        case "everything deleted":
            remote.push({}, tuple(pages(6, "")))
        case "repository gone":
            remote.bare.rename(remote.bare.with_name("elsewhere"))
        case "repository emptied":
            remote.bare.rename(remote.bare.with_name("elsewhere"))
            git(remote.server.root, "init", "-q", "--bare", str(remote.bare))
        case "host unknown":
            url = "http://nowhere.invalid/repo.git"
        case "host down":
            url = "http://127.0.0.1:9/repo.git"
    report = remote.sync(url)
    assert report.outcome in ("failed", "partial"), fault
    assert report.message
    assert len(remote.paths()) == 6


def test_what_files_said_is_not_kept_in_our_copy_and_a_rename_is_seen_all_the_same(remote: Remote) -> None:
    secret, long = "ghp_" + "a1B2c3D4e5" * 4, "".join(f"line {n}\n" for n in range(30))
    remote.push({"a.md": f"# A\n\ntoken = {secret}\n{long}", "b.md": "# B\n", "main.tf": 'variable "a" {}\n'})
    assert remote.sync().counts["indexed"] == 3
    before = remote.owner.catalog.document_at("repo", "a.md")
    remote.push({"moved.md": f"# A\n\nanother = {secret}\n{long}"}, gone=("a.md",))
    assert remote.sync().outcome == "done"
    after = remote.owner.catalog.document_at("repo", "moved.md")
    assert before and after and before.id == after.id
    ours = GitRepository(remote.owner.settings.home / "git" / "repo", "", Credentials(), "repo")
    held = list(ours.contents())
    assert not [data for data in held if secret.encode() in data]
    assert any(b"moved.md" in data for data in held)  # trees are there
    assert not [file for file in (remote.owner.settings.home / "git" / "repo" / "blobs").rglob("*") if file.is_file()]
