"""Running `waypost …` in this process, as scripts do: its exit code, stdout and stderr."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from api.access.keys import FILE as KEYS
from api.access.keys import Keys
from api.access.scopes import SCOPES
from api.cli import main
from api.settings import Settings
from tests.conftest import write

LOOPBACK = ("127.0.0.1", 50000)  # the peer of a `TestClient` that may ask anonymously
Run = Callable[..., tuple[int, str, str]]
WIKI = {
    "unlock.md": "# Unlock\n\nRun `terraform force-unlock` with the lock id.\n",
    "vpc.tf": 'resource "aws_vpc" "main" {\n  cidr_block = "10.7.0.0/16"\n}\n',
}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `waypost …` in a folder of its own, with the hashing embedder: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WAYPOST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("WAYPOST_EMBEDDER", "hashing")

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["waypost", *arguments])
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


@pytest.fixture
def synced(run: Run, tmp_path: Path) -> Run:
    write(tmp_path / "wiki", WIKI)
    assert run("init", "wiki")[0] == 0
    assert run("sync")[0] == 0
    return run


def admitted(settings: Settings, *groups: str, name: str = "tester", scopes: Iterable[str] = SCOPES) -> dict[str, str]:
    """The header of a new key that may do everything, or what `scopes` say, as somebody of these groups."""
    keys = Keys(settings.home / KEYS)
    try:
        _, token = keys.create(name, groups, scopes, "2099-01-01T00:00:00+00:00")
    finally:
        keys.close()
    return {"Authorization": f"Bearer {token}"}


def flat(routes: Iterable[Any]) -> Iterator[Any]:
    """Routes, with those of the routers that FastAPI keeps whole among them."""
    for route in routes:
        inner = getattr(route, "original_router", None)
        if inner is None:
            yield route
        else:
            yield from flat(inner.routes)


def loaded(result: tuple[int, str, str], code: int = 0) -> Any:
    assert result[0] == code, result
    return json.loads(result[1])
