"""`waypost purge`, as a script runs it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from tests.api.conftest import Run, loaded
from tests.conftest import write

VALUE = "xk7Qw2m-PLeakedValue-9vZt4"


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, VALUE.encode() + b"\n")


def given(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    """What the next command finds on stdin."""
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_a_value_from_stdin(synced: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "wiki", {"leak.md": f"# Leak\n\nthe {VALUE} word\n"})
    assert synced("sync")[0] == 0
    assert synced("backup", "b.waypost")[0] == 0
    given(monkeypatch, VALUE.encode() + b"\n")
    code, text, error = synced("purge", "--value", "-", "--backup", "b.waypost", "--json")
    report = loaded((code, text, error))
    assert (report["clean"], report["erased"]["documents"], report["remains"]) == (True, 1, [])
    assert report["backups"] == [str(tmp_path / "b.waypost")]
    assert VALUE not in text + error
    assert "[REDACTED:purged]" in synced("search", "Leak")[1]
    assert "redacted     leak.md:3 purged" in synced("status")[1]
    given(monkeypatch, VALUE.encode())
    code, text, _ = synced("purge", "--value", "-")
    assert (code, "nothing was found" in text, "Replace it" in text) == (0, True, True)
    given(monkeypatch, VALUE.encode())
    assert synced("purge", "--value", "-", "--lift")[0] == 0


def test_a_value_is_never_taken_from_the_command_line(synced: Run) -> None:
    code, _, error = synced("purge", "--value", VALUE)
    assert (code, "shell's history" in error, VALUE in error) == (2, True, False)


def test_what_remains_needs_a_person(synced: Run, tmp_path: Path, stdin: None) -> None:
    write(tmp_path / "home", {"notes": VALUE})
    code, _, error = synced("purge", "--value", "-")
    assert (code, "remains" in error, VALUE in error) == (3, True, False)


def test_a_document(synced: Run, tmp_path: Path) -> None:
    name = tmp_path.joinpath("wiki").name
    assert loaded(synced("purge", f"{name}/unlock.md", "--json"))["erased"]["documents"] == 1
    assert synced("sync")[0] == 0
    assert "unlock.md: purged on" in synced("status")[1]
    assert "force-unlock" not in synced("search", "force-unlock")[1].replace("\n", " ")
    assert synced("purge", f"{name}/unlock.md", "--lift")[0] == 0
    assert synced("purge", f"{name}/unlock.md", "--lift")[0] == 2
    assert synced("sync")[0] == 0
    assert "force-unlock" in synced("search", "force-unlock")[1]


@pytest.mark.parametrize("arguments", [[], ["wiki"], ["wiki/a.md", "--value", "-"], ["wiki/none.md"]])
def test_wrong_usage(synced: Run, arguments: list[str], stdin: None) -> None:
    assert synced("purge", *arguments)[0] == 2


@pytest.mark.parametrize("data", [b"", b"12345\n", b"\xff\xfe\xff\xfe"])
def test_a_value_that_cannot_be(synced: Run, monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    given(monkeypatch, data)
    assert synced("purge", "--value", "-")[0] == 2
