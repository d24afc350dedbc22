"""The layout's rules that no linter knows."""

from __future__ import annotations

import importlib.metadata
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = [file for room in ("rag", "ingest", "api") for file in (ROOT / room).rglob("*.py")]


def test_no_other_package_installs_our_names() -> None:
    owners = importlib.metadata.packages_distributions()
    for name in ("rag", "ingest", "api"):
        assert set(owners.get(name, ["waypost"])) == {"waypost"}


def test_importing_a_command_imports_no_heavy_vendor() -> None:
    heavy = "torch", "sentence_transformers", "chromadb", "anthropic", "llama_index", "transformers", "lxml", "pypdf"
    code = f"import sys, api.cli, api.compose, ingest.sync; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"


def test_no_patching_and_no_registry_hosts() -> None:
    patching = "mock" + ".patch"
    hosts = re.compile(
        "|".join(("py" + r"pi\.org", "download\\.py" + r"torch", "python" + "hosted", "registry\\.npm" + "js"))
    )
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, tracked.split("\0")):
        file = ROOT / name
        text = file.read_text(encoding="utf-8", errors="replace") if file.is_file() else ""
        assert not hosts.search(text), name
        assert name.startswith("tests/architecture") or patching not in text, name


def test_every_module_says_what_it_is() -> None:
    for file in SOURCES:
        assert file.read_text().lstrip().startswith('"""'), file


def test_no_room_for_odds_and_ends() -> None:
    assert not [file for file in SOURCES if file.stem in ("utils", "helpers", "common", "manager", "misc")]
