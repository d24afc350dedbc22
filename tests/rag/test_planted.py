"""How many planted disagreements are found, and how many innocents are taken for one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.drift import REPORTED, facts_for, find_drift
from rag.records import Viewer
from tests.conftest import configure, write
from tests.rag.planted import AGAINST_CODE, ALIKE, APART, CODE, WITH_CODE
from tests.rag.test_conflicts import between


def test_pages_against_terraform(
    owner: Owner, sync: Callable[..., SyncReport], settings: Settings, tmp_path: Path
) -> None:
    pages = {f"against{at}.md": text for at, text in enumerate(AGAINST_CODE)}
    pages |= {f"innocent{at}.md": text for at, text in enumerate(WITH_CODE)}
    folder = write(tmp_path / "wiki", pages | {"terraform/main.tf": CODE})
    configure(settings, {"name": "wiki", "type": "folder", "path": str(folder)})
    sync()
    found = find_drift(owner.catalog, Viewer(), facts_for(owner.catalog, Viewer()))
    paths = {one.document.path for one in found if one.confidence >= REPORTED and one.kind == "value"}
    assert sorted(path for path in paths if path.startswith("innocent")) == []
    assert sorted(path for path in pages if path.startswith("against") and path not in paths) == []


@pytest.mark.parametrize("pair", APART)
def test_pages_that_are_planted_to_disagree(pair: tuple[str, str]) -> None:
    assert len(between(*pair)) == 1


@pytest.mark.parametrize("pair", ALIKE)
def test_pages_that_only_look_like_it(pair: tuple[str, str]) -> None:
    assert between(*pair) == []
