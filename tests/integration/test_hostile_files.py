"""Hostile files beside ordinary ones: each is accounted for, nothing outside is read, no code runs, the rest is found.

`make test-hostile` makes them larger: WAYPOST_TEST_HOSTILE.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag import doctor
from rag.records import Viewer
from tests.conftest import configure, write
from tests.ingest.hostile_files import hostile_files

pytestmark = pytest.mark.timeout(1800)
SIZE = 1_000_000 if os.environ.get("WAYPOST_TEST_HOSTILE") else 4_000
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
    assert {*ORDINARY, *files, *apart, *odd} <= set(rows)
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
    assert doctor.examine(owner.catalog, owner.projections).sound
    again = sync().sources[0]
    assert again.outcome == "done"
    assert again.counts.get("indexed", 0) <= len(rows)
