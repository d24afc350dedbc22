"""Hostile files beside ordinary ones: each is accounted for, nothing outside is read, no code runs, the rest is found.

`make test-hostile` makes them larger: WAYPOST_TEST_HOSTILE.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.sources import Listed, SourceSpec
from ingest.sources.folder import FolderSource
from ingest.sync import SyncReport
from rag import doctor
from rag.records import Viewer
from tests.conftest import configure, write
from tests.ingest.hostile_files import hostile_files

pytestmark = pytest.mark.timeout(1800)
SIZE = 100_000 if os.environ.get("WAYPOST_TEST_HOSTILE") else 4_000
CANARY = Path("/tmp/waypost-canary")
ORDINARY = {f"docs/{n}.md": f"# Page {n}\n\nalpaca{n}\n" for n in range(10)}


def traps(folder: Path, outside: Path) -> set[str]:
    """What is no file, or leads out of the folder, by path."""
    os.mkfifo(folder / "pipe.md")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("wiki/socket.md")  # relative: an address has 107 letters at most
    links = {
        "passwd.md": "/etc/passwd", "secret.md": str(outside), "relative.md": "../" * 20 + "etc/passwd", "self.md": "self.md",
        "nowhere.md": "nowhere", "loop": ".", "up": "..", "root": "/",
        "device.md": "/dev/zero", "process.md": "/proc/self/environ",
    }  # fmt: skip
    for name, target in links.items():
        (folder / name).symlink_to(target)
    write(folder / "folder.md", {"page.md": "# tarpan\n"})
    shut = folder / "shut.md"
    shut.write_text("# shut\n")
    shut.chmod(0)
    return {"pipe.md", "socket.md", *links}


def odd_names(folder: Path) -> set[str]:
    names = {
        "a\nb.md",
        "…\u202e.md",
        "-rf.md",
        "--help.md",
        "$(touch x).md",
        "a'b\"c.md",
        " .md",
        "x" * 240 + ".md",
        "\x1b[2J.md",
    }
    for name in names:
        (folder / name).write_text("# vicuna\n")
    (folder / os.fsdecode(b"\xff\xfe.md")).write_text("# a\n")
    deep = folder
    for _ in range(60):
        deep = deep / "deeper"
    deep.mkdir(parents=True)
    (deep / "page.md").write_text("# guanaco\n")
    return names


def test_each_is_accounted_for_and_the_rest_is_found(
    owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    CANARY.unlink(missing_ok=True)
    monkeypatch.chdir(tmp_path)
    outside = write(tmp_path, {"outside.md": "# OUTSIDE-CANARY\n"}) / "outside.md"
    files = hostile_files(SIZE)
    folder = write(tmp_path / "wiki", {**ORDINARY, **files})
    apart, odd = traps(folder, outside), odd_names(folder)
    configure(settings, {"name": "wiki", "type": "folder", "path": str(folder)})
    report = sync().sources[0]
    rows = owner.catalog.items("wiki")
    assert len(files) + len(apart) + len(odd) >= 300
    assert report.outcome == "done", report.message
    steering = {
        "a\nb.md": r"a\u000ab.md",
        "…\u202e.md": r"…\u202e.md",
        "\x1b[2J.md": r"\u001b[2J.md",
    }  # as they are shown
    assert {*ORDINARY, *files, *apart, *(steering.get(name, name) for name in odd)} <= set(rows)
    assert all("control characters" in rows[shown].reason for shown in steering.values())
    assert report.counts["listed"] == len(rows) == sum(report.counts[o] for o in ("indexed", "skipped", "quarantined"))
    assert [rows[path].outcome for path in ORDINARY] == ["indexed"] * len(ORDINARY)
    assert all(rows[path].outcome == "skipped" for path in apart)
    assert all(row.reason for row in rows.values() if row.outcome != "indexed")
    ours = (
        "AttributeError",
        "KeyError",
        "IndexError",
        "TypeError",
        "ValueError",
        "AssertionError",
        "UnicodeEncodeError",
    )
    assert not [row.path for row in rows.values() if row.reason.startswith(ours)]  # a parser's own mistake
    told = b"".join(file.read_bytes() for file in settings.home.rglob("*") if file.is_file())
    assert b"OUTSIDE-CANARY" not in told
    assert b"root:x:0:0" not in told
    assert not CANARY.exists()
    reader = owner.reader().retriever
    for number in range(10):
        assert reader.search(f"alpaca{number}", Viewer()).passages[0].document.path == f"docs/{number}.md"
    assert reader.search("guanaco", Viewer()).passages[0].document.path.startswith("deeper/")
    assert reader.search("tarpan", Viewer()).passages[0].document.path == "folder.md/page.md"
    assert rows["shut.md"].outcome == ("indexed" if os.getuid() == 0 else "quarantined")
    assert doctor.examine(owner.catalog, owner.projections).sound
    again = sync().sources[0]
    assert again.outcome == "done"
    assert again.counts.get("indexed", 0) <= len(rows)


class Shifting(FolderSource):
    """A folder that changes between its listing and its reading."""

    def fetch(self, items: Sequence[Listed]) -> Iterator[tuple[Listed, bytes | Exception]]:
        root, outside = self._root, self._root.parent / "outside.md"
        for name in ("gone", "link", "pipe", "folder", "sparse", "longer"):
            (root / f"{name}.md").unlink(missing_ok=True)
        (root / "link.md").symlink_to(outside)
        os.mkfifo(root / "pipe.md")
        (root / "folder.md").mkdir()
        with (root / "sparse.md").open("wb") as grown:
            grown.truncate(1 << 40)
        (root / "longer.md").write_text("# longer\n\nquagga\n")
        (root / "below" / "page.md").unlink()
        (root / "below").rmdir()
        (root / "below").symlink_to(root.parent / "elsewhere")
        return super().fetch(items)


def test_what_changes_while_it_is_read_leads_nowhere(owner: Owner, tmp_path: Path) -> None:
    write(tmp_path, {"outside.md": "# OUTSIDE-CANARY\n", "elsewhere/page.md": "# OUTSIDE-CANARY\n"})
    names = ("gone", "link", "pipe", "folder", "sparse", "longer", "below/page", "ordinary")
    write(tmp_path / "wiki", {f"{name}.md": f"# {name}\n\nalpaca\n" for name in names})
    spec = SourceSpec("wiki", "folder", str(tmp_path / "wiki"))
    report = owner.sync_sources([(spec, Shifting(spec))], lambda step: None, lambda: False).sources[0]
    rows = owner.catalog.items("wiki")
    assert report.outcome == "done", report.message
    assert {path for path, row in rows.items() if row.outcome == "indexed"} == {"longer.md", "ordinary.md"}
    assert rows["sparse.md"].reason.startswith("too large")
    assert "CANARY" not in "".join(d.text for d in owner.catalog.documents_for(Viewer()))


def test_ctrl_c_ends_a_sync_at_once_though_a_document_takes_long(tmp_path: Path) -> None:
    root = Path(__file__).parents[2]
    write(tmp_path / "wiki", {"long.ini": "password=\n" * 490_000, "short.md": "# a\n"})
    (tmp_path / "waypost.yaml").write_text("sources: [{name: wiki, type: folder, path: wiki}]\n")
    settings = {"WAYPOST_HOME": str(tmp_path / "home"), "WAYPOST_EMBEDDER": "hashing", "PYTHONPATH": str(root)}
    command = [sys.executable, "-m", "api.cli", "sync"]
    with subprocess.Popen(command, cwd=tmp_path, env={**os.environ, **settings}, stderr=subprocess.DEVNULL) as syncing:
        deadline = time.monotonic() + 60
        while not (workers := _workers(syncing.pid)) and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(3)  # it is at it
        assert syncing.poll() is None
        syncing.send_signal(signal.SIGINT)
        began = time.monotonic()
        syncing.wait(60)
        assert time.monotonic() - began < 10
    assert workers
    time.sleep(0.5)
    assert not any(_runs(pid) for pid in workers)


def _runs(pid: int) -> bool:
    """Whether a process runs; a dead one may wait to be reaped by others."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def _workers(parent: int) -> list[int]:
    """The children of a process, whichever of its threads started them."""
    try:
        tasks = [task.read_text() for task in Path(f"/proc/{parent}/task").glob("*/children")]
    except OSError:  # a thread ended meanwhile
        return []
    return [int(pid) for children in tasks for pid in children.split()]
