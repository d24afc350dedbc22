"""The providers, each started once for a module, and Waypost's gate before them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.access.conftest import door
from tests.openid.providers import PEOPLE, Canaille, Panva

__all__ = ["door"]  # the gate with the settings of a test


@pytest.fixture(scope="module")
def panva_serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Panva]:
    with Panva(tmp_path_factory.mktemp("panva")).serving() as serving:
        yield serving


@pytest.fixture
def panva(panva_serving: Panva) -> Iterator[Panva]:
    """oidc-provider as it was at first, whatever the test before made of it."""
    before = copy.deepcopy(panva_serving.state)
    yield panva_serving
    panva_serving.state = before
    panva_serving.save()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("openid")


@pytest.fixture(scope="module")
def canaille(folder: Path) -> Iterator[Canaille]:
    with Canaille(folder).serving() as serving:
        yield serving


@pytest.fixture(autouse=True)
def browsers_are_closed() -> Iterator[None]:
    yield
    while PEOPLE:
        PEOPLE.pop().http.close()
