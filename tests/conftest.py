"""What many tests need: a data folder with an owner on the hashing embedder, and folders and repositories to sync."""

from __future__ import annotations

import fcntl
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import hypothesis
import pytest
import yaml

from api.owner import Owner, open_owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.embedders.onnx import OnnxEmbedder

Files = Mapping[str, str | bytes]

hypothesis.settings.register_profile("waypost", deadline=None)  # a busy machine makes no test fail
hypothesis.settings.load_profile("waypost")


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests see no key and no settings of whoever runs them."""
    for name in list(os.environ):
        if name.startswith(("WAYPOST_", "ANTHROPIC_")):
            monkeypatch.delenv(name)


def write(folder: Path, files: Files) -> Path:
    """Writes files below a folder."""
    for path, content in files.items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def git(folder: Path, *arguments: str, date: str = "2026-03-01T12:00:00Z") -> str:
    """Runs git in a test's repository, with fixed names and dates."""
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", "GIT_COMMITTER_DATE": date,
        "GIT_AUTHOR_DATE": date, "GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@example.org",
    }  # fmt: skip
    done = subprocess.run(["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def commit(folder: Path, files: Files, message: str = "change", date: str = "2026-03-01T12:00:00Z") -> str:
    """Writes files into a repository (made if need be), commits everything, and gives the commit."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / ".git").exists():
        git(folder, "init", "-q", "-b", "main")
    write(folder, files)
    git(folder, "add", "-A", "-f")
    git(folder, "commit", "-q", "--allow-empty", "-m", message, date=date)
    return git(folder, "rev-parse", "HEAD")


def runs(pid: int) -> bool:
    """Whether a process runs; a dead one may wait to be reaped by others."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the packaged model's network, which takes long to make: made once for all processes of a run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "models"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        OnnxEmbedder(folder).embed(["made"])
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", config=tmp_path / "waypost.yaml", embedder="hashing")


def configure(settings: Settings, *sources: Mapping[str, object]) -> None:
    settings.config.write_text(yaml.safe_dump({"sources": [dict(source) for source in sources]}))


@pytest.fixture
def owner(settings: Settings) -> Iterator[Owner]:
    with open_owner(settings, "sync") as opened:
        yield opened


@pytest.fixture
def sync(owner: Owner) -> Callable[..., SyncReport]:
    """Syncs the configured sources of `owner`."""

    def run(*names: str, stop: Callable[[], bool] = lambda: False) -> SyncReport:
        return owner.sync(names, lambda step: None, stop)

    return run
