"""10,000 random (viewer, audiences, query) cases over every route against a reference model; `make check` runs some hundred.

WAYPOST_TEST_CASES says how many, WAYPOST_TEST_SEED which. What is hidden shows in no answer, and to ask for it is answered like
asking for what never was.
"""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain, combinations
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.compose import Reader
from api.http import make_app
from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.ports import Scope
from rag.search import Dense, DenseHits, Serving
from tests.api.conftest import LOOPBACK
from tests.api.rights.requests import HANDLED, Asked, Requests
from tests.api.rights.world import GROUPS, World, make

pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"), pytest.mark.timeout(3600)]
CASES = int(os.environ.get("WAYPOST_TEST_CASES", "400"))
SEED = int(os.environ.get("WAYPOST_TEST_SEED", "7"))  # of the audiences and of the requests
VIEWERS = [frozenset(some) for some in chain.from_iterable(combinations(GROUPS, n) for n in range(3))]
VARYING = re.compile(
    r'"(took_ms|thread|id|request_id|created|at|time|asked_at)": ?("[^"]*"|[\d.]+)|\b\d+(\.\d+)? ?ms\b'
)


class Unnamed:
    """Vector search to which all words that stand in one document alone mean the same, so that twins are equally near."""

    def __init__(self, dense: Dense) -> None:
        self._dense = dense

    def search(self, text: str, k: int, scope: Scope) -> DenseHits:
        return self._dense.search(re.sub(r"\b[a-z]+\d+x\d+\b", "thing", text), k, scope)


@pytest.fixture
def world(tmp_path: Path, settings: Settings, owner: Owner, sync: Callable[..., SyncReport]) -> World:
    return make(tmp_path / "organisation", settings, owner, sync, SEED)


@pytest.fixture
def clients(world: World, owner: Owner, settings: Settings) -> Iterator[dict[frozenset[str], TestClient]]:
    """A client for each viewer."""

    def serving() -> Serving:
        return replace(owner.serving(), dense=Unnamed(owner.serving().dense))

    apps = {}
    for groups in VIEWERS:
        own = settings.model_copy(update={"groups": ",".join(sorted(groups))})
        reader = Reader(own, owner.catalog, serving)
        apps[groups] = TestClient(
            make_app(own, reader, lambda _: None), base_url="http://127.0.0.1:8765", client=LOOPBACK
        )
    yield apps


def operations(app: FastAPI) -> list[tuple[str, str]]:
    return [
        (method, path) for path, methods in app.openapi()["paths"].items() for method in methods if method in HANDLED
    ]


def sent(client: TestClient, asked: Asked) -> tuple[int, str]:
    reply = client.request(
        asked.method, asked.path, params=list(asked.query), json=asked.body, headers={"Accept": asked.accept},
        follow_redirects=False,
    )  # fmt: skip
    told = "\n".join(
        f"{name}: {value}" for name, value in reply.headers.items() if name not in ("x-request-id", "content-length")
    )
    return reply.status_code, f"{told}\n{reply.text}"


def leaks(world: World, groups: frozenset[str], spoken: str, told: str) -> list[str]:
    """What an answer says of documents that the viewer may not see, and that is not in what was `spoken` to them."""
    seen = {word for held in world.documents if held.visible(groups) for word in (*held.inner, held.known)}
    words = {word for held in world.hidden(groups) for word in (held.known, *held.inner)} | world.hidden_sources(groups)
    ids = {one for one, held in {**world.ids, **world.passages}.items() if not held.visible(groups)}
    return sorted(word for word in (words - seen) | ids if word in told and word not in spoken)


def difference(one: str, other: str) -> str:
    """Where two answers part."""
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return f"{one[max(at - 200, 0) : at + 200]!r} / {other[max(at - 200, 0) : at + 200]!r}"


def test_what_is_hidden_shows_nowhere(world: World, clients: dict[frozenset[str], TestClient]) -> None:
    chance = random.Random(SEED)
    app = next(iter(clients.values())).app
    assert isinstance(app, FastAPI)
    spec, known, counted = app.openapi(), operations(app), {}
    asked_by: dict[frozenset[str], str] = dict.fromkeys(
        VIEWERS, ""
    )  # gaps tell questions to who belongs to all groups of their askers
    for number in range(CASES):
        groups = chance.choice(VIEWERS)
        method, template = known[number % len(known)]
        asked = Requests(world, spec, groups, chance).make(method, template)
        status, told = sent(clients[groups], asked)
        counted[method, template, status] = counted.get((method, template, status), 0) + 1
        assert status < 500, (sorted(groups), asked, told)
        asked_by[groups] += json.dumps([asked.path, asked.query, asked.body])
        spoken = "".join(texts for others, texts in asked_by.items() if others <= groups)
        assert not leaks(world, groups, spoken, told), (sorted(groups), asked, told)
        if asked.names and method == "get":
            other = sent(clients[groups], asked.twin)
            wanted = told
            for hidden, never in asked.names:
                wanted = wanted.replace(hidden, never)
            assert (status, VARYING.sub("", wanted)) == (other[0], VARYING.sub("", other[1])), (
                sorted(groups),
                asked,
                difference(told, other[1]),
            )
    for (method, template, status), times in sorted(counted.items()):
        print(f"{method:6} {template:45} {status} {times}")  # pytest -s shows what was reached
    reached = {(method, template) for method, template, status in counted if status < 400}
    assert reached >= {one for one in known if one[0] == "get" and 40 * len(known) <= CASES}, sorted(
        set(known) - reached
    )
