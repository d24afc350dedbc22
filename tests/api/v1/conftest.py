"""One organisation for all tests of this folder: they read it, and write feedback and gaps alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from fastapi.testclient import TestClient

from api.http import make_app
from api.owner import Owner, open_owner
from api.settings import Settings
from tests.api.v1.served import BASE, LOOPBACK, set_up

As = Callable[[str], TestClient]


@pytest.fixture(scope="session")
def organisation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    """The owner of the synced organisation."""
    folder = tmp_path_factory.mktemp("organisation")
    settings = Settings(home=folder / "home", config=folder / "waypost.yaml", embedder="hashing")
    set_up(settings, folder)
    with open_owner(settings, "sync") as owner:
        owner.sync([], lambda step: None, lambda: False)
        yield owner


@pytest.fixture(scope="session")
def pushed() -> list[str]:
    """The sources that were asked to be synced."""
    return []


@pytest.fixture(scope="session")
def asking_as(organisation: Owner, pushed: list[str]) -> Iterator[As]:
    """A client whose anonymous caller is of these groups."""
    with ExitStack() as stack:
        made: dict[str, TestClient] = {}

        def client(groups: str) -> TestClient:
            if groups not in made:
                settings = organisation.settings.model_copy(update={"groups": groups})
                app = make_app(settings, organisation.reader(), pushed.append)
                made[groups] = stack.enter_context(
                    TestClient(app, base_url=BASE, client=LOOPBACK, raise_server_exceptions=False)
                )
            return made[groups]

        yield client


@pytest.fixture
def client(asking_as: As) -> TestClient:
    """A client who belongs to no group but everyone."""
    return asking_as("")
