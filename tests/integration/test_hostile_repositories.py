"""Git repositories that mean harm, all of them in one sync with a good one: no program is run, nothing outside is read, each is
either indexed or refused with a reason, and the good one is not kept waiting.

`make test-hostile` adds those that take long to make or to refuse: WAYPOST_TEST_HOSTILE.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from api.owner import open_owner
from api.settings import Settings
from ingest import git_process
from ingest.git import GitRepository, _blob
from ingest.sources import Credentials, Previous, SourceSpec
from ingest.sources.git import GitSource
from ingest.sync import SourceReport
from rag.errors import SourceError
from rag.records import Viewer
from tests.conftest import commit, git, write
from tests.git_server import serving
from tests.ingest.hostile_repositories import MAKERS, PAGE, SECRET, Expected, Trap

pytestmark = pytest.mark.timeout(300)
SLOW = () if os.environ.get("WAYPOST_TEST_HOSTILE") else ("bomb in the past", "a small delta of a huge blob")
NAMES = [name for name in MAKERS if name not in SLOW]
OVER_HTTP = (
    "bomb of trees", "a huge blob", "paths that lead out", "odd names", "links in the tree", "submodules that run programs",
    "lfs", "folders without end", "one name twice", "colliding names", "filters and drivers", "absurd times",
    "hooks",
)  # fmt: skip


@dataclass(frozen=True)
class Synced:
    """What one sync of them all did."""

    expected: Mapping[str, Expected]
    reports: Mapping[str, SourceReport]
    pages: Mapping[str, set[str]]
    texts: Mapping[str, str]
    mark: Path
    home: Path
    took: float


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synced]:
    folder = tmp_path_factory.mktemp("hostile")
    mark = folder / "mark"
    canary = (
        write(folder, {"canary.sh": f"#!/bin/sh\necho $0 $@ >> {mark}\nexit 0\n", "secret.txt": f"{SECRET}\n" * 9})
        / "canary.sh"
    )
    canary.chmod(0o755)
    commit(folder / "secret", {"secret.md": f"# Secret\n\n{SECRET}\n"})
    commit(folder / "good", {f"{n}.md": f"# Good {n}\n\nHARMLESS words {n}.\n" for n in range(20)})
    expected: dict[str, Expected] = {"good": Expected(frozenset(f"{n}.md" for n in range(20)))}
    locations = {"good": str(folder / "good")}
    for name in NAMES:
        repo = folder / "served" / name.replace(" ", "-")
        expected[name] = MAKERS[name](Trap(repo, canary, mark, folder / "secret", folder / "secret.txt"))
        locations[name] = str(repo)
    with pytest.MonkeyPatch.context() as patch, serving(folder / "served") as server:
        for name in ("GIT_DIR", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_SSH", "GIT_SSH_COMMAND", "GIT_PROXY_COMMAND",
                     "GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_EDITOR", "GIT_EXEC_PATH", "GIT_TEMPLATE_DIR"):  # fmt: skip
            patch.setenv(name, str(canary))
        patch.setenv("GIT_CONFIG_PARAMETERS", f"'core.fsmonitor'='{canary}'")
        patch.setenv("GIT_ALLOW_PROTOCOL", "ext:file")
        patch.setattr(git_process, "_MEMORY", 400_000)
        patch.setattr(git_process, "_READING", 8)
        for name in OVER_HTTP:
            expected[f"http {name}"] = expected[name]
            locations[f"http {name}"] = f"{server.address}/{name.replace(' ', '-')}/.git"
        settings = Settings(home=folder / "home", config=folder / "waypost.yaml", embedder="hashing")
        with open_owner(settings, "sync") as owner:
            sources = []
            for name, location in locations.items():
                spec = SourceSpec(name.replace(" ", "-"), "git", location)
                sources.append((spec, GitSource(spec, folder / "home" / "git" / spec.name)))
            began = time.monotonic()
            report = owner.sync_sources(sources, lambda step: None, lambda: False)
            took = time.monotonic() - began
            pages: dict[str, set[str]] = {}
            texts: dict[str, str] = {}
            for document in owner.catalog.documents_for(Viewer()):
                pages.setdefault(document.source, set()).add(document.path)
                texts[f"{document.source}/{document.path}"] = document.text
        reports = {source.name: source for source in report.sources}
        yield Synced(expected, reports, pages, texts, mark, folder / "home", took)


def test_there_are_enough_of_them() -> None:
    assert len(NAMES) >= 30


@pytest.mark.parametrize("name", ["good", *NAMES, *(f"http {name}" for name in OVER_HTTP)])
def test_each_is_indexed_or_refused_with_a_reason(synced: Synced, name: str) -> None:
    expected, source = synced.expected[name], name.replace(" ", "-")
    report = synced.reports[source]
    if expected.refused:
        assert report.outcome == "failed", report
        assert re.search(expected.refused, report.message), report.message
        assert synced.pages.get(source, set()) == set()
        return
    assert report.outcome == "done", report
    assert synced.pages.get(source) == set(expected.pages)
    assert report.counts.get("skipped", 0) == expected.skipped, report
    assert report.counts.get("quarantined", 0) == expected.quarantined, report


def test_no_program_was_run(synced: Synced) -> None:
    assert not synced.mark.exists(), synced.mark.read_text()


def test_nothing_outside_was_read(synced: Synced) -> None:
    """Not in the catalog, an index, a message, nor anywhere in the data folder."""
    assert SECRET not in str(synced.reports)
    assert not any(SECRET in text for text in synced.texts.values())
    for file in synced.home.rglob("*"):
        assert not file.is_file() or b"CANARY-SECRET" not in file.read_bytes(), file


def test_pages_say_what_was_committed(synced: Synced) -> None:
    assert not any("EVIL" in text for text in synced.texts.values())
    for name in ("replaced objects", "lying shortcuts", "filters and drivers", "lfs"):
        assert synced.texts[f"{name.replace(' ', '-')}/page.md"] == PAGE


def test_it_came_to_an_end(synced: Synced) -> None:
    assert synced.took < 120


def test_messages_do_not_steer_a_terminal(synced: Synced) -> None:
    for report in synced.reports.values():
        assert all(character.isprintable() or character == "\n" for character in report.message)


# -- servers that mean harm -------------------------------------------------------------------------------------------

TOKEN = "s3cr3t" + "-of-the-host"


def asked(tmp_path: Path, location: str, **options: object) -> GitRepository:
    return GitRepository(tmp_path / "ours", location, Credentials(token=TOKEN), "s", **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("on", ["info/refs", "git-upload-pack"])
def test_a_redirect_to_another_host_is_not_followed(tmp_path: Path, status: int, on: str) -> None:
    commit(tmp_path / "served" / "repo", {"page.md": PAGE})
    with serving(tmp_path / "served") as ours, serving(tmp_path / "served") as other:
        seen: list[str] = []
        other.fault = lambda request, _: bool(seen.append(str(request.headers)))

        def elsewhere(request: object, _: bytes) -> bool:
            if on not in request.path:  # type: ignore[attr-defined]
                return False
            request.answer(status, b"", {"Location": other.address + request.path})  # type: ignore[attr-defined]
            return True

        ours.fault = elsewhere
        with pytest.raises(Exception, match=r"correct its `url`|returned error: 30") as failed:
            asked(tmp_path, f"{ours.address}/repo/.git").update("")
        assert TOKEN not in str(failed.value)
    assert seen == []


def test_a_repository_that_moved_within_its_host_is_read_where_it_is(tmp_path: Path) -> None:
    head = commit(tmp_path / "served" / "repo", {"page.md": PAGE})
    with serving(tmp_path / "served") as server:
        seen: list[tuple[str, bool]] = []

        def moved(request: object, _: bytes) -> bool:
            seen.append((request.path, "Authorization" in request.headers))  # type: ignore[attr-defined]
            if "/old" not in request.path:  # type: ignore[attr-defined]
                return False
            request.answer(301, b"", {"Location": request.path.replace("/old", "/repo/.git")})  # type: ignore[attr-defined]
            return True

        server.fault = moved
        repository = asked(tmp_path, f"{server.address}/old")
        assert repository.update("") == head
        assert repository.update("main") == head
        oids = [entry.oid for entry in repository.tree(head)]
        repository.fetch_blobs(oids)
        assert list(repository.blobs(oids)) == [PAGE.encode()]
    assert all(with_token for _, with_token in seen)


@pytest.mark.parametrize("alternates", ["objects/info/http-alternates", "objects/info/alternates"])
def test_a_plain_web_server_can_not_send_us_elsewhere(tmp_path: Path, alternates: str) -> None:
    """git's old way of reading from files over HTTP knows of objects at other hosts."""
    commit(tmp_path / "served" / "repo", {"page.md": PAGE})
    with serving(tmp_path / "served") as ours, serving(tmp_path / "served") as other:
        seen: list[str] = []
        other.fault = lambda request, _: bool(seen.append(request.path))

        def files(request: object, _: bytes) -> bool:
            path = request.path.split("?")[0]  # type: ignore[attr-defined]
            body = {"info/refs": b"1" * 40 + b"\trefs/heads/main\n", "HEAD": b"ref: refs/heads/main\n",
                    alternates: f"{other.address}/repo/.git/objects\n".encode()}  # fmt: skip
            found = next((text for end, text in body.items() if path.endswith(end)), None)
            request.answer(200 if found else 404, found or b"", {"Content-Type": "text/plain"})  # type: ignore[attr-defined]
            return True

        ours.fault = files
        with pytest.raises(Exception, match="source 's'"):
            asked(tmp_path, f"{ours.address}/repo/.git").update("main")
    assert seen == []


def test_what_a_server_says_does_not_steer_a_terminal(tmp_path: Path) -> None:
    commit(tmp_path / "served" / "repo", {"page.md": PAGE})
    with serving(tmp_path / "served") as server:
        line = b"ERR \x1b[2J\x1b]0;pwned\x07\x1b[31m" + TOKEN.encode()
        said = b"001e# service=git-upload-pack\n0000" + b"%04x" % (len(line) + 4) + line
        kind = {"Content-Type": "application/x-git-upload-pack-advertisement"}
        server.fault = lambda request, _: (request.answer(200, said, kind), True)[1]
        with pytest.raises(Exception, match="pwned") as failed:
            asked(tmp_path, f"{server.address}/repo/.git").update("")
    assert all(character.isprintable() or character == "\n" for character in str(failed.value))
    assert TOKEN not in str(failed.value)


def test_what_git_passes_on_from_a_server_is_made_printable() -> None:
    run = git_process.Git("s", "https://git.example.org/x", Credentials(token=TOKEN), "https")
    said = str(run._failure(128, f"remote: \x1b[2J\x9b31m https://me:{TOKEN}@git.example.org/ {TOKEN}".encode()))
    assert said.endswith("remote:  [2J 31m https://***@git.example.org/ ***")


def test_a_pack_larger_than_the_limit_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(tmp_path / "served" / "repo", {f"{n}/{m}.md": os.urandom(9) for n in range(60) for m in range(60)})
    monkeypatch.setattr(git_process, "_FILE", 100)  # 50 kB
    with serving(tmp_path / "served") as server:
        with pytest.raises(Exception, match="source 's'"):
            asked(tmp_path, f"{server.address}/repo/.git").update("")
        monkeypatch.undo()
        asked(tmp_path, f"{server.address}/repo/.git").update("")
    assert not list((tmp_path / "ours" / "clone" / "objects" / "pack").glob("tmp_*"))


@pytest.mark.parametrize("which", ["_TIMEOUT", "_OUTPUT"])
def test_time_and_output_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str) -> None:
    head = commit(tmp_path / "repo", {f"{n}.md": PAGE for n in range(300)})
    repository = GitRepository(tmp_path / "ours", str(tmp_path / "repo"), Credentials(), "s")
    repository.update("")
    monkeypatch.setattr(git_process, which, 0 if which == "_TIMEOUT" else 10)
    with pytest.raises(Exception, match=r"longer than|larger than|signal"):
        repository.history(head) if which == "_OUTPUT" else repository.tree(head)


def test_files_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    head = commit(tmp_path / "repo", {f"{n}.md": PAGE for n in range(12)})
    repository = GitRepository(tmp_path / "ours", str(tmp_path / "repo"), Credentials(), "s")
    repository.update("")
    monkeypatch.setattr("ingest.git._MOST_PATHS", 11)
    with pytest.raises(SourceError, match="more than 11 files"):
        repository.tree(head)


def test_the_time_of_the_processor_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A blob reader has no clock: what a blob takes is limited by the system."""
    commit(tmp_path / "repo", {"page.md": PAGE})
    run = git_process.Git("s", str(tmp_path / "repo"), Credentials(), "")
    monkeypatch.setattr(git_process, "_READING", 1)
    monkeypatch.setattr(git_process, "_LIMITED", git_process._LIMITED.replace('exec "$@"', "while :; do :; done"))
    began = time.monotonic()
    process = run.start(tmp_path / "repo" / ".git", "log")
    process.communicate()
    assert process.returncode < 0
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("when", ["before the first", "after the first"])
def test_a_repository_that_goes_away_is_not_a_set_of_bad_documents(tmp_path: Path, when: str) -> None:
    """Documents that can't be read leave the index; those of a source that can't be read stay."""
    commit(tmp_path / "repo", {f"{n}.md": f"{PAGE}{n}" for n in range(5)})
    source = GitSource(SourceSpec("s", "git", str(tmp_path / "repo")), tmp_path / "ours")
    items = source.listing(Previous()).items
    gone = tmp_path / "repo" / ".git" / "objects"
    if when == "before the first":
        gone.rename(tmp_path / "gone")
        with pytest.raises(SourceError, match="went away"):
            list(source.fetch(items))
        return
    reading = source.fetch(items)
    assert next(reading)[1] == f"{PAGE}0".encode()
    shutil.rmtree(gone)
    with pytest.raises(SourceError, match="went away"):
        for _, data in reading:
            if isinstance(data, Exception):
                list(source.fetch(items))


def test_half_a_blob_is_none() -> None:
    whole, cut = io.BytesIO(b"0123456789\n"), io.BytesIO(b"01234")
    assert _blob([b"oid", b"blob", b"10"], whole) == b"0123456789"
    assert _blob([b"oid", b"blob", b"10"], cut) is None


def test_names_that_hold_gits_own_marks_break_no_reading(tmp_path: Path) -> None:
    trap = Trap(tmp_path / "repo", tmp_path, tmp_path, tmp_path, tmp_path)
    MAKERS["marks in names and messages"](trap)
    repository = GitRepository(tmp_path / "ours", str(trap.repo), Credentials(), "s")
    head = repository.update("")
    assert len(repository.removals(head)) == 1
    assert len(list(repository.subjects(head, 9))) >= 2
    assert list(repository.removed_lines(head, ".md"))


def test_a_repository_of_another_user_is_read(tmp_path: Path) -> None:
    if os.getuid():
        pytest.skip("only root can give files away")
    head = commit(tmp_path / "repo", {"page.md": PAGE})
    for file in [tmp_path / "repo", *(tmp_path / "repo").rglob("*")]:
        os.chown(file, 12345, 12345)
    assert GitRepository(tmp_path / "ours", str(tmp_path / "repo"), Credentials(), "s").update("") == head


def test_a_submodule_and_a_worktree_are_read_where_they_stand(tmp_path: Path) -> None:
    inner = commit(tmp_path / "inner", {"page.md": PAGE})
    commit(tmp_path / "outer", {"a.md": "1"})
    git(
        tmp_path / "outer", "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(tmp_path / "inner"), "sub"
    )
    git(tmp_path / "inner", "worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    for place in (tmp_path / "outer" / "sub", tmp_path / "linked"):
        assert GitRepository(tmp_path / place.name, str(place), Credentials(), "s").update("") == inner
