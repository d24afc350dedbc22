"""What every source must do; run on a folder and on a git repository with the same content."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.sources import Listed, Previous, Source, SourceSpec
from ingest.sources.folder import FolderSource
from ingest.sources.git import GitSource
from rag.errors import SettingsError
from tests.conftest import commit, write

FILES = {"readme.md": "# Hello\n", "deep/er/main.tf": "# tf\n", "deep/notes.txt": "notes\n"}


@pytest.fixture(params=["folder", "git"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def make(kind: str, tmp_path: Path, **settings: object) -> Source:
    spec = SourceSpec("s", kind, str(tmp_path / "repo"), **settings)  # type: ignore[arg-type]
    return FolderSource(spec) if kind == "folder" else GitSource(spec, tmp_path / "ours")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    commit(tmp_path / "repo", FILES)
    return tmp_path / "repo"


def signatures(source: Source) -> dict[str, str]:
    return {item.path: item.signature for item in source.listing(Previous()).items}


def test_lists_everything_and_reads_it(kind: str, repo: Path, tmp_path: Path) -> None:
    source = make(kind, tmp_path)
    listing = source.listing(Previous())
    assert listing.complete
    assert {item.path for item in listing.items} == set(FILES)
    read = {item.path: data for item, data in source.fetch(listing.items)}
    assert read == {path: text.encode() for path, text in FILES.items()}


def test_a_changed_file_alone_changes_its_signature(kind: str, repo: Path, tmp_path: Path) -> None:
    source = make(kind, tmp_path)
    before = signatures(source)
    commit(repo, {"readme.md": "# Changed, and longer\n"})
    after = signatures(source)
    assert before["readme.md"] != after["readme.md"]
    if kind == "git":  # a folder's fresh files may still change within their time stamp
        assert {p for p in FILES if before[p] != after[p]} == {"readme.md"}


def test_include_and_exclude(kind: str, repo: Path, tmp_path: Path) -> None:
    assert set(signatures(make(kind, tmp_path, include=("*.md", "*.tf"), exclude=("deep/er/",)))) == {"readme.md"}


def test_what_is_not_there_is_a_settings_error(kind: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="there is no"):
        make(kind, tmp_path).listing(Previous())


def test_nothing_selected_is_not_a_complete_listing(kind: str, repo: Path, tmp_path: Path) -> None:
    listing = make(kind, tmp_path, include=("*.nothing",)).listing(Previous())
    assert not listing.complete
    assert listing.items == ()
    assert "no file" in listing.message


def test_links_of_any_kind_are_refused_with_a_reason(kind: str, repo: Path, tmp_path: Path) -> None:
    secret = tmp_path / "outside.md"
    secret.write_text("secret")
    (repo / "escape.md").symlink_to(secret)
    (repo / "folder-link").symlink_to(tmp_path)
    commit(repo, {})
    listing = make(kind, tmp_path).listing(Previous())
    refused = {item.path: item.refusal for item in listing.items if item.refusal}
    assert set(refused) == {"escape.md", "folder-link"}
    assert all("symbolic link" in reason for reason in refused.values())


def test_odd_names(kind: str, repo: Path, tmp_path: Path) -> None:
    names = {"sp ace/ü — ñ.md": "1", 'quo"te\\back\nline.md': "2", "-dash.md": "3", "{brace}.md": "4"}
    commit(repo, names)
    source = make(kind, tmp_path)
    listing = source.listing(Previous())
    read = {item.path: data for item, data in source.fetch(listing.items)}
    assert {path: read[path].decode() for path in names} == names  # type: ignore[union-attr]
    for item in listing.items:
        source.link(item, "v").line_anchor.format(start=1, end=2)


def test_links_are_pinned(kind: str, repo: Path, tmp_path: Path) -> None:
    source = make(kind, tmp_path)
    item = next(item for item in source.listing(Previous()).items if item.path == "readme.md")
    link = source.link(item, item.version or "cafe" * 16)
    assert (item.version or "cafe" * 3) in link.url
    assert (link.url + link.line_anchor.format(start=3, end=9)).endswith(":3-9")


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("on-call/Rota.md", "on-call/Rota"), ("on-call/README.md", "on-call/"), ("index.md", ""),
        ("a b/ü?.md.erb", "a%20b/%C3%BC%3F"),
    ],
)  # fmt: skip
def test_a_folder_links_to_the_site_that_is_made_of_it(tmp_path: Path, path: str, page: str) -> None:
    site = SourceSpec("s", "folder", str(tmp_path), site_url="https://wiki.example.org/docs/")
    link = FolderSource(site).link(Listed(path, ""), "cafe")
    assert link.url + link.line_anchor.format(start=3, end=9) == f"https://wiki.example.org/docs/{page}"
    assert FolderSource(site).link(Listed("main.tf", ""), "cafe").url == "main.tf@cafe"  # sites make no page of it
    both = replace(site, web_url="https://files.example.org")
    assert FolderSource(both).link(Listed(path, ""), "cafe").url == f"https://files.example.org/{path}"
    assert len({one.fingerprint for one in (site, both, replace(site, site_url=""))}) == 3


def moved(folder: Path, moves: Mapping[str, str], before: Previous) -> Mapping[str, str]:
    """The moves that a folder tells when files get new names, as new: old."""
    for old, new in moves.items():
        (folder / new).parent.mkdir(parents=True, exist_ok=True)
        (folder / old).rename(folder / new)
    return FolderSource(SourceSpec("s", "folder", str(folder))).listing(before).moved


def test_a_folder_tells_files_under_new_names(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "f", {f"{n}.md": f"{n}" * (n + 1) for n in range(6)} | {"same": "x" * 40, "b/same": "x" * 40}
    )
    write(folder, {"empty": "", "other": "x" * 40})
    for file in folder.rglob("*"):
        os.utime(file, (1_700_000_000, 1_700_000_000))  # as a checkout or an archive leaves them
    source = FolderSource(SourceSpec("s", "folder", str(folder)))
    before = Previous("", {item.path: item.signature for item in source.listing(Previous()).items})
    moves = {
        "1.md": "sub/1.md",
        "2.md": "renamed.md",
        "same": "c/same",
        "other": "d/other",
        "b/same": "d/same",
        "empty": "e",
    }
    (folder / "3.md").unlink()
    assert moved(folder, moves, before) == {"sub/1.md": "1.md", "renamed.md": "2.md", "d/other": "other"}
    (folder / "4.md").write_text("changed in the meantime")
    (folder / "4.md").rename(folder / "5b.md")
    assert "5b.md" not in source.listing(before).moved
