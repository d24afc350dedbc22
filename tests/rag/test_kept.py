"""What is kept of the catalog: the same until something changes, a refused file among it, and for each viewer their own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from api.compose import open_reader
from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.catalog.kept import Kept
from rag.records import Viewer
from rag.terraform.values import find_values
from tests.conftest import commit, configure, write


def test_it_is_read_once_for_a_viewer(
    owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path
) -> None:
    wiki = write(tmp_path / "wiki", {"a.md": "# A\n"})
    configure(settings, {"name": "wiki", "type": "folder", "path": str(wiki), "audience": ["ops"]})
    sync()
    kept: Kept[list[str]] = Kept(owner.catalog, lambda viewer: [d.path for d in owner.catalog.documents_for(viewer)])
    ops = Viewer.of(["ops"])
    assert kept.of(ops) is kept.of(ops)
    assert (kept.of(Viewer()), kept.of(ops)) == ([], ["a.md"])
    write(wiki, {"b.md": "# B\n"})
    sync()
    assert kept.of(ops) == ["a.md", "b.md"]


def test_values_learn_of_a_file_that_is_refused(
    owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path
) -> None:
    infra = tmp_path / "infra"  # a repository: a fresh file of a folder would be read again, and count as a change
    commit(infra, {"main.tf": 'variable "size" {\n  default = 1\n}\n'})
    configure(settings, {"name": "infra", "type": "git", "path": str(infra)})
    sync()

    with open_reader(settings) as reader:

        def known() -> list[bool]:
            found = find_values(reader.terraform(Viewer()), "var.size")
            return [value.known for _, values in found for value in values]

        assert known() == [True]
        commit(infra, {"terraform.tfvars": b"\0GITCRYPT\0" + bytes(range(200))})
        sync()
        assert known() == [False]
