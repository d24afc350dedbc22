"""Terraform that is written, synced and looked up, and what questions about it are told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.answers.evidence import assemble
from rag.answers.values.asked import AskedFor, asked_values
from rag.answers.values.settled import settled
from rag.cite import Citer
from rag.records import Viewer
from rag.terraform.lookup import TerraformLookup
from tests.conftest import Files, configure, write

LookUp = Callable[[Files], TerraformLookup]
Told = Callable[[Files, str], tuple[AskedFor, str]]


@pytest.fixture
def look_up(owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path) -> LookUp:
    """Syncs these files as the source `infra`: a lookup for everyone."""

    def run(files: Files) -> TerraformLookup:
        configure(settings, {"name": "infra", "type": "folder", "path": str(write(tmp_path / "infra", files))})
        sync()
        return TerraformLookup(owner.catalog, Viewer())

    return run


@pytest.fixture
def told(owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path) -> Told:
    """Syncs these files, and gives what is asked for and how it is told."""

    def run(files: Files, question: str) -> tuple[AskedFor, str]:
        configure(settings, {"name": "infra", "type": "folder", "path": str(write(tmp_path / "infra", files))})
        sync()
        lookup = TerraformLookup(owner.catalog, Viewer())
        found = owner.reader().retriever.search(question, Viewer(), 12)
        asked = asked_values(question, found.passages, lookup)
        evidence = assemble(question, found, owner.catalog, Viewer(), lookup, asked=asked)
        return asked, settled(asked, evidence, Citer(owner.catalog, Viewer(), evidence))

    return run
