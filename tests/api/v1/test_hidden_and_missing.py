"""What is hidden and what is missing take the same time: pairs of requests, interleaved, compared by Mann-Whitney's test.

40 pairs of each kind, which tells only gross differences (a busy machine makes no test fail); `make test-api` sends 1,000.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator

import pytest
from fastapi.testclient import TestClient
from scipy.stats import mannwhitneyu

from api.http import make_app
from api.owner import Owner, open_owner
from api.settings import Settings
from tests.api.v1.served import BASE, LOOPBACK
from tests.conftest import configure, write

LONG_RUN = "WAYPOST_TEST_CASES" in os.environ  # read before tests forget the environment
PAIRS = 1_000 if LONG_RUN else 40
LINES = "The batch runs at night and nobody may see it. " * 8 + "\n\n"


@pytest.fixture(scope="module")
def owner_of_much(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Owner]:
    """A hidden document that is large, and one that is to be seen."""
    folder = tmp_path_factory.mktemp("hidden")
    write(folder / "hidden", {"1.md": f"# Hidden\n\n{LINES * (500 if LONG_RUN else 40)}"})
    write(folder / "shown", {"a.md": "# A\n\nShown.\n"})
    settings = Settings(home=folder / "home", config=folder / "waypost.yaml", embedder="hashing")
    configure(
        settings,
        {"name": "hidden", "type": "folder", "path": str(folder / "hidden"), "audience": ["board"]},
        {"name": "shown", "type": "folder", "path": str(folder / "shown")},
    )
    with open_owner(settings, "sync") as owner:
        owner.sync([], lambda step: None, lambda: False)
        yield owner


def pair(kind: str, owner: Owner) -> tuple[str, str]:
    """The addresses of a hidden thing and of a missing one, which differ in the id alone."""
    document = owner.catalog.document_at("hidden", "1.md")
    assert document is not None
    hidden = document.id
    if kind == "passages":
        hidden = owner.reader().passages_of(document.id)[0].id
    missing = "".join("0123456789abcdef"[(int(letter, 16) + 7) % 16] for letter in hidden)
    end = "?version=x" if kind == "versions" else ""
    path = "documents" if kind == "versions" else kind
    return f"/v1/{path}/{hidden}{end}", f"/v1/{path}/{missing}{end}"


def timed(ask: Callable[[], object]) -> float:
    begun = time.perf_counter()
    ask()
    return time.perf_counter() - begun


@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["documents", "passages", "versions"])
def test_hidden_and_missing_take_the_same_time(owner_of_much: Owner, kind: str) -> None:
    app = make_app(owner_of_much.settings, owner_of_much.reader())
    with TestClient(app, base_url=BASE, client=LOOPBACK) as client:
        addresses = pair(kind, owner_of_much)
        assert [client.get(one).status_code for one in addresses] == [404, 404]
        times: tuple[list[float], list[float]] = ([], [])
        for number in range(PAIRS):
            for which in ((0, 1), (1, 0))[number % 2]:
                times[which].append(timed(lambda at=addresses[which]: client.get(at)))  # type: ignore[misc]
        p = mannwhitneyu(*times).pvalue
    print(f"{kind}: {PAIRS} pairs, p = {p:.3f}")
    assert p > (0.01 if LONG_RUN else 0.0001)
