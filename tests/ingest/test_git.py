"""Git sources: versions as `git log` has them, pinned links, and nothing run that a repository asks for."""

from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest

from ingest.git import GitRepository
from ingest.history import last_changes
from ingest.sources import Credentials, Previous, SourceSpec
from ingest.sources.git import GitSource, pinned_link, web_url_of
from rag.errors import SettingsError, SourceError
from tests.conftest import commit, git, write
from tests.git_server import serving
from tests.ingest.hostile_urls import BAD_ADDRESSES, MALFORMED


def source(tmp_path: Path, location: str | Path, **settings: object) -> GitSource:
    return GitSource(SourceSpec("s", "git", str(location), **settings), tmp_path / "ours")  # type: ignore[arg-type]


def random_history(repo: Path, seed: int) -> None:
    """Branches, merges (some of them conflicting, resolved to one side), reverts, deletions and renames."""
    rng = random.Random(seed)
    commit(repo, {f"f{n}": f"{n}\n" for n in range(8)})
    for step in range(40):
        action = rng.random()
        name = f"f{rng.randrange(10)}"
        if action < 0.5:
            commit(repo, {name: f"{rng.randrange(3)}\n"}, f"edit {step}", date=f"2026-03-01T12:00:{step:02}Z")
        elif action < 0.6 and (repo / name).exists():
            (repo / name).unlink()
            commit(repo, {}, f"delete {step}")
        elif action < 0.66 and (repo / name).exists():
            git(repo, "mv", "-f", name, f"f{rng.randrange(10, 14)}")
            commit(repo, {}, f"move {step}", date=f"2026-03-01T14:00:{step:02}Z")
        elif action < 0.7 and (repo / name).exists():
            (repo / name).chmod(rng.choice([0o644, 0o755]))
            commit(repo, {}, f"mode {step}", date=f"2026-03-01T13:00:{step:02}Z")
        elif action < 0.8:
            git(repo, "checkout", "-q", "-B", f"side{rng.randrange(3)}")
        else:
            branches = [b for b in git(repo, "branch", "--format=%(refname:short)").split() if b]
            git(repo, "merge", "-q", "--no-edit", "-X", rng.choice(["ours", "theirs"]), "--no-ff", rng.choice(branches),
                date=f"2026-03-02T12:00:{step:02}Z") if _mergeable(repo) else None  # fmt: skip
            git(repo, "checkout", "-q", rng.choice(branches))


def dated_by_hand(repo: Path, commit: str, path: str, ignored: set[str]) -> str:
    """When what stands at a path came to be, asked of git one commit at a time."""
    while True:
        here = tree_of(repo, commit)
        parents = git(repo, "log", "-1", "--format=%P", commit).split()
        trees = {parent: tree_of(repo, parent) for parent in parents}
        mode, blob = here[path]
        same = [(p, path) for p in parents if trees[p].get(path) == (mode, blob)]
        same += [(p, path) for p in parents if trees[p].get(path, ("", ""))[1] == blob]
        names = {p: sorted(old for old, (_, b) in trees[p].items() if b == blob and old not in here) for p in parents}
        same += [(p, names[p][0]) for p in parents if path not in trees[p] and names[p]]
        same += [(p, path) for p in parents if path in trees[p] and commit in ignored]
        if not same:
            return git(repo, "log", "-1", "--format=%cd", "--date=format-local:%Y-%m-%dT%H:%M:%SZ", commit)
        commit, path = same[0]


def tree_of(repo: Path, commit: str) -> dict[str, tuple[str, str]]:
    rows = git(repo, "ls-tree", "-r", commit).splitlines()
    return {path: (meta.split()[0], meta.split()[2]) for meta, path in (row.split("\t") for row in rows)}


def _mergeable(repo: Path) -> bool:
    return git(repo, "status", "--porcelain") == ""


@pytest.mark.parametrize("seed", range(8))
def test_last_changes_are_what_git_log_says_and_dates_those_of_the_content(tmp_path: Path, seed: int) -> None:
    repo = tmp_path / "repo"
    try:
        random_history(repo, seed)
    except subprocess.CalledProcessError:  # a conflict that -X can't resolve ends the story there
        git(repo, "reset", "-q", "--hard")
    head = git(repo, "rev-parse", "HEAD")
    ours = GitRepository(tmp_path / "ours", str(repo), Credentials(), "s")
    ours.update("")
    paths = {entry.path for entry in ours.tree(head)}
    ignored = {name for name in git(repo, "rev-list", "HEAD").split() if name < "5"}
    found = last_changes(ours, head, paths, ignored=ignored)
    assert {p: c.commit for p, c in found.items()} == {p: git(repo, "log", "-1", "--format=%H", "--", p) for p in paths}
    assert {p: c.date for p, c in found.items()} == {p: dated_by_hand(repo, head, p, ignored) for p in paths}
    for known_head in git(repo, "rev-list", "--max-count=12", "HEAD").split():
        known = last_changes(ours, known_head, {entry.path for entry in ours.tree(known_head)}, ignored=ignored)
        assert last_changes(ours, head, paths, known_head, known, ignored) == found


def dates(tmp_path: Path, previous: Previous | None = None, repo: str = "repo") -> dict[str, str]:
    """The day of each path, as a source lists it."""
    items = source(tmp_path, tmp_path / repo).listing(previous or Previous()).items
    return {item.path: item.updated_at[:10] for item in items}


def test_a_date_is_that_of_what_a_page_says(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    commit(
        repo,
        {"a.md": "alpha\n", "b.md": "beta\n", "run.sh": "exit\n", "x/c.md": "gamma\n"},
        date="2020-01-01T00:00:00Z",
    )
    git(repo, "mv", "a.md", "moved.md")
    git(repo, "mv", "x", "y")
    (repo / "run.sh").chmod(0o755)
    renamed = commit(repo, {}, date="2021-01-01T00:00:00Z")
    git(repo, "mv", "moved.md", "again.md")
    commit(repo, {"b.md": "beta 2\n", "copy.md": "gamma\n"}, date="2022-01-01T00:00:00Z")
    git(repo, "mv", "b.md", "b2.md")
    commit(repo, {"b2.md": "beta 3\n"}, date="2023-01-01T00:00:00Z")
    assert dates(tmp_path) == {
        "again.md": "2020-01-01", "b2.md": "2023-01-01", "copy.md": "2022-01-01", "run.sh": "2020-01-01", "y/c.md": "2020-01-01",
    }  # fmt: skip
    versions = {item.path: item.version for item in source(tmp_path, repo).listing(Previous()).items}
    assert versions["y/c.md"] == renamed  # a link must hold: it was not called so before


def test_commits_that_the_repository_says_changed_nothing_change_no_date(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    commit(repo, {"a.md": "alpha\n", "b.md": "beta\n"}, date="2020-01-01T00:00:00Z")
    format_all = commit(repo, {"a.md": "Alpha\n", "b.md": "Beta\n", "new.md": "new\n"}, date="2021-01-01T00:00:00Z")
    commit(repo, {"b.md": "Beta 2\n"}, date="2022-01-01T00:00:00Z")
    before = source(tmp_path, repo).listing(Previous())
    known = Previous(before.head, {item.path: item.signature for item in before.items})
    assert dates(tmp_path, known)["a.md"] == "2021-01-01"
    text = f"# formatted\n{format_all.upper()}  # all of it\n{format_all[:12]}\nnonsense\n\n"
    commit(repo, {".git-blame-ignore-revs": text}, date="2023-01-01T00:00:00Z")
    expected = {
        "a.md": "2020-01-01",
        "b.md": "2022-01-01",
        "new.md": "2021-01-01",
        ".git-blame-ignore-revs": "2023-01-01",
    }
    assert dates(tmp_path, known) == dates(tmp_path) == expected
    commit(repo, {".git-blame-ignore-revs": "", "docs/.git-blame-ignore-revs": text}, date="2024-01-01T00:00:00Z")
    assert dates(tmp_path, known)["a.md"] == "2021-01-01"


def test_a_merge_dates_nothing_that_a_side_of_it_said_already(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    commit(repo, {"old/a.md": "alpha\n", "b.md": "beta\n"}, date="2020-01-01T00:00:00Z")
    git(repo, "checkout", "-q", "-b", "side")
    commit(repo, {"old/new.md": "new on the side\n"}, date="2021-01-01T00:00:00Z")
    git(repo, "checkout", "-q", "main")
    git(repo, "mv", "old", "now")
    commit(repo, {}, date="2022-01-01T00:00:00Z")
    git(repo, "-c", "merge.directoryRenames=true", "merge", "-q", "--no-edit", "side", date="2023-01-01T00:00:00Z")
    assert dates(tmp_path) == {"now/a.md": "2020-01-01", "now/new.md": "2021-01-01", "b.md": "2020-01-01"}


def test_a_shallow_clone_answers_with_its_oldest_commit_and_without_a_date(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    commit(repo, {"a.md": "1"}, date="2020-01-01T00:00:00Z")
    commit(repo, {"b.md": "2"}, date="2021-01-01T00:00:00Z")
    commit(repo, {"c.md": "3"}, date="2022-01-01T00:00:00Z")
    git(tmp_path, "clone", "-q", "--depth", "2", f"file://{repo}", "shallow")
    listing = source(tmp_path, tmp_path / "shallow").listing(Previous())
    oldest, head = git(repo, "rev-parse", "HEAD~1", "HEAD").split()
    assert {item.path: item.version for item in listing.items} == {"a.md": oldest, "b.md": oldest, "c.md": head}
    known = Previous(listing.head, {item.path: item.signature for item in listing.items})
    assert dates(tmp_path, known, "shallow") == {"a.md": "", "b.md": "", "c.md": "2022-01-01"}
    git(tmp_path / "shallow", "fetch", "-q", "--unshallow")
    assert dates(tmp_path, known, "shallow") == {"a.md": "2020-01-01", "b.md": "2021-01-01", "c.md": "2022-01-01"}


def test_refs_are_branches_tags_or_commits(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    first = commit(repo, {"a.md": "first"})
    git(repo, "tag", "-a", "v1", "-m", "v1")
    git(repo, "branch", "dev/x")
    commit(repo, {"a.md": "second"})
    for ref in ("v1", "dev/x", first):
        assert source(tmp_path, repo, ref=ref).listing(Previous()).head == first
    with pytest.raises(SettingsError, match="no branch or tag 'nope'"):
        source(tmp_path, repo, ref="nope").listing(Previous())


def test_an_empty_repository_and_a_folder_are_no_sources(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    git(tmp_path / "empty", "init", "-q")
    with pytest.raises(SettingsError, match="no commits"):
        source(tmp_path, tmp_path / "empty").listing(Previous())
    (tmp_path / "plain").mkdir()
    with pytest.raises(SettingsError, match="type: folder"):
        source(tmp_path, tmp_path / "plain").listing(Previous())


def test_a_linked_work_tree_and_a_bare_repository(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    head = commit(repo, {"a.md": "1"})
    git(repo, "worktree", "add", "-q", "--detach", str(tmp_path / "linked"))
    git(tmp_path, "clone", "-q", "--bare", str(repo), "bare.git")
    for place in ("linked", "bare.git"):
        assert source(tmp_path, tmp_path / place).listing(Previous()).head == head


def test_a_remote_is_cloned_without_blobs_that_are_fetched_when_read(tmp_path: Path) -> None:
    repo = tmp_path / "repo"
    commit(repo, {f"{n}.md": f"text {n}\n" for n in range(5)})
    commit(repo, {"0.md": "newer\n"})
    git(repo, "config", "uploadpack.allowAnySHA1InWant", "true")
    with serving(tmp_path) as server:
        url = f"{server.address}/repo/.git"
        under_test = source(tmp_path, url)
        listing = under_test.listing(Previous())
        ours = GitRepository(tmp_path / "ours", url, Credentials(), "s")
        assert set(ours.sizes([item.handle for item in listing.items]).values()) == {-1}
        read = {item.path: data for item, data in under_test.fetch(listing.items[:2])}
        assert read == {"0.md": b"newer\n", "1.md": b"text 1\n"}
        sizes = ours.sizes([item.handle for item in listing.items])
        assert sorted(size < 0 for size in sizes.values()) == [False, False, True, True, True]
        head = commit(repo, {"1.md": "again\n"})
        again = under_test.listing(Previous(listing.head, {item.path: item.signature for item in listing.items}))
        assert again.head == head
        assert next(item.version for item in again.items if item.path == "1.md") == head
        assert {i.path: d for i, d in under_test.fetch(again.items)}["1.md"] == b"again\n"
        under_test.close()
        assert set(ours.sizes([item.handle for item in again.items]).values()) == {-1}
        assert not [data for data in ours.contents() if b"again" in data or b"text" in data]


@pytest.mark.parametrize(
    "trap", ["hook", "fsmonitor", "filter", "sshcommand", "alias", "uploadpack", "pager", "include"]
)
def test_nothing_is_run_that_a_repository_asks_for(tmp_path: Path, trap: str) -> None:
    repo, canary = tmp_path / "repo", tmp_path / "canary"
    commit(repo, {"a.md": "1", ".gitattributes": "*.md filter=evil diff=evil\n"})
    script = write(tmp_path, {"evil.sh": f"#!/bin/sh\ntouch {canary}\ncat\n"}) / "evil.sh"
    script.chmod(0o755)
    more = write(tmp_path, {"more.cfg": f"[core]\n\tfsmonitor = {script}\n\tpager = {script}\n"}) / "more.cfg"
    if trap == "hook":
        for hook in ("post-checkout", "reference-transaction", "post-index-change", "pre-auto-gc"):
            target = repo / ".git" / "hooks" / hook
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(script.read_bytes())
            target.chmod(0o755)
    options = {
        "fsmonitor": [("core.fsmonitor", str(script))],
        "filter": [("filter.evil.smudge", str(script)), ("diff.evil.textconv", str(script))],
        "sshcommand": [("core.sshCommand", str(script))],
        "alias": [("alias.log", f"!{script}")],
        "uploadpack": [("uploadpack.packObjectsHook", str(script)), ("remote.origin.uploadpack", str(script))],
        "pager": [("core.pager", str(script)), ("pager.log", str(script))],
        "include": [("core.hooksPath", str(tmp_path)), ("include.path", str(more))],
    }.get(trap, [])
    for key, value in options:
        git(repo, "config", key, value)
    under_test = source(tmp_path, repo)
    listing = under_test.listing(Previous())
    assert len(list(under_test.fetch(listing.items))) == 2
    assert not canary.exists()


def test_locations_that_lead_elsewhere_or_run_programs_are_refused(tmp_path: Path) -> None:
    """The table of hostile URLs, and git's own ways of naming a program; no git is started for any of them."""
    canary = tmp_path / "canary"
    own = [
        f"ext::sh -c touch% {canary}", f"--upload-pack=touch {canary}", f"-utouch {canary}", "fd::17", "file:///etc", "file://localhost/etc",
        "http::http://wiki.example.org/x", "git://wiki.example.org/x", "git+ssh://wiki.example.org/x",
        "ssh+git://wiki.example.org/x",
        "ssh://-host/y", "ssh://-x@host/y", "ssh://-oProxyCommand=x/y", "ssh://-oProxyCommand=x@host/y",
        "ssh://host/-x\n", "ssh://a b/y",
        "ssh://host:port/y", "ssh://host",
        "git@-oProxyCommand=x:y", "-oProxyCommand=x@host:y", "git@host:-x", "git@host::x", "git@host:a b", "ssh://[::1%25lo]/y",
        "bundle.bundle://x/y", "rsync://wiki.example.org/x", "ftp://wiki.example.org/x.git", "transport::address",
        "https://a:b@wiki.example.org/x",
    ]  # fmt: skip
    read = []
    for location in {*own, *MALFORMED} - {"https://user@wiki.example.org/"}:  # a user's name alone is ordinary for git
        try:
            source(tmp_path, location).listing(Previous())
        except SettingsError as refused:
            assert "b@wiki" not in str(refused)
        else:
            read.append(location)
    assert read == []
    assert not canary.exists()
    assert not (tmp_path / "ours").exists()


@pytest.mark.parametrize(
    "location",
    [
        "https://git.example.org/x.git", "ssh://git@git.example.org:2222/x", "git@git.example.org:o/r.git", "git@host:~/x",
        "https://me@git.example.org/x.git", "http://localhost:3000/x", "ssh://[fd12::1]/x", "git@git.corp.local:/srv/x",
    ],
)  # fmt: skip
def test_locations_that_are_read(tmp_path: Path, location: str) -> None:
    GitRepository(tmp_path / "ours", location, Credentials(), "s")


@pytest.mark.parametrize("address", BAD_ADDRESSES)
def test_a_name_is_not_asked_at_an_address_that_is_no_git_host(tmp_path: Path, address: str) -> None:
    ours = GitRepository(
        tmp_path / "ours", "https://git.example.org/x", Credentials(), "s", lambda host, port: [address]
    )
    with pytest.raises(SourceError, match="may be connected to"):
        ours.update("")
    assert not (tmp_path / "ours").exists()


def test_git_connects_to_the_address_that_was_looked_at(tmp_path: Path) -> None:
    """Its own look-up would find no such name; a second answer of the name server is never asked for."""
    head = commit(tmp_path / "served" / "repo", {"a.md": "1"})
    with serving(tmp_path / "served") as server:
        answers = [["127.0.0.1"], ["169.254.169.254"]]
        url = server.address.replace("127.0.0.1", "git.invalid") + "/repo/.git"
        ours = GitRepository(tmp_path / "ours", url, Credentials(), "s", lambda host, port: answers.pop(0))
        assert ours.update("") == head
        oids = [entry.oid for entry in ours.tree(head)]
        ours.fetch_blobs(oids)
        assert list(ours.blobs(oids)) == [b"1"]
        assert len(answers) == 1
        with pytest.raises(SourceError, match="may be connected to"):
            ours.update("")


def test_a_submodule_is_refused_and_not_fetched(tmp_path: Path) -> None:
    commit(tmp_path / "inner", {"x.md": "x"})
    commit(tmp_path / "repo", {"a.md": "1"})
    git(tmp_path / "repo", "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(tmp_path / "inner"), "sub")
    commit(tmp_path / "repo", {})
    listing = source(tmp_path, tmp_path / "repo").listing(Previous())
    refused = {item.path: item.refusal for item in listing.items if item.refusal}
    assert "submodule" in refused["sub"]


def test_a_token_is_in_no_error_no_command_and_no_file(tmp_path: Path) -> None:
    token = "s3cr3t" + "-token-1"
    credentials = Credentials(token=token)
    with pytest.raises(SourceError) as failed:
        source(tmp_path, "https://127.0.0.1:9/org/repo.git", credentials=credentials).listing(Previous())
    assert token not in str(failed.value)
    assert token not in repr(credentials)
    for file in (tmp_path / "ours").rglob("*"):
        assert not file.is_file() or token.encode() not in file.read_bytes()


@pytest.mark.parametrize(
    ("web", "expected"),
    [
        ("https://github.com/o/r", "https://github.com/o/r/blob/abc/a%20b.md?plain=1#L3-L9"),
        ("https://gitlab.example.org/o/r/", "https://gitlab.example.org/o/r/-/blob/abc/a%20b.md#L3-9"),
        ("https://bitbucket.org/o/r", "https://bitbucket.org/o/r/src/abc/a%20b.md#lines-3:9"),
        ("https://gitea.example.org/o/r", "https://gitea.example.org/o/r/src/commit/abc/a%20b.md#L3-L9"),
        ("", "a b.md@abc:3-9"),
    ],
)
def test_pinned_links(web: str, expected: str) -> None:
    link = pinned_link(web, "abc", "a b.md")
    assert link.url + link.line_anchor.format(start=3, end=9) == expected


@pytest.mark.parametrize(
    ("location", "web"),
    [
        ("https://github.com/o/r.git", "https://github.com/o/r"),
        ("git@github.com:o/r.git", "https://github.com/o/r"),
        ("ssh://git@git.example.org:2222/o/r.git", "https://git.example.org/o/r"),
        ("/srv/git/r", ""),
    ],
)
def test_web_urls_are_guessed(location: str, web: str) -> None:
    assert web_url_of(location) == web


def test_git_itself_missing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(tmp_path / "repo", {"a.md": "1"})
    monkeypatch.setitem(os.environ, "PATH", str(tmp_path))
    with pytest.raises(SettingsError, match="not installed"):
        source(tmp_path, tmp_path / "repo").listing(Previous())


def test_a_local_clone_links_to_where_it_came_from(tmp_path: Path) -> None:
    repository = tmp_path / "clone"
    head = commit(repository, {"a.md": "# A\n"})
    git(repository, "remote", "add", "origin", "https://user:secret@github.com/acme/ops.git")
    config = repository / ".git/config"
    config.write_text(config.read_text() + "[include]\n\tpath = /etc/hostname\n")
    source = GitSource(SourceSpec("ops", "git", str(repository)), tmp_path / "ours")
    (item,) = source.listing(Previous()).items
    link = source.link(item, head)
    assert link.url == f"https://github.com/acme/ops/blob/{head}/a.md"
