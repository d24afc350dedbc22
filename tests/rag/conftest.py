"""Terraform that is written, synced and looked up."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.records import Viewer
from rag.terraform.lookup import TerraformLookup
from tests.conftest import Files, configure, write

LookUp = Callable[[Files], TerraformLookup]


@pytest.fixture
def look_up(owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path) -> LookUp:
    """Syncs these files as the source `infra`: a lookup for everyone."""

    def run(files: Files) -> TerraformLookup:
        configure(settings, {"name": "infra", "type": "folder", "path": str(write(tmp_path / "infra", files))})
        sync()
        return TerraformLookup(owner.catalog, Viewer())

    return run
