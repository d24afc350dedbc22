"""10,000 random (viewer, audiences, query) cases over every route, page and tool against a reference model: `make test-rights`.

`make check` runs some hundred. WAYPOST_TEST_CASES says how many, WAYPOST_TEST_SEED which. What is hidden shows in no answer, and
to ask for it is answered like asking for what never was.
"""

from __future__ import annotations

import json
import os
import random
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.access.scopes import ASK, READ, WRITE
from api.compose import Reader
from api.http import make_app
from api.mcp_tools import TABLE
from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from rag.ports import Scope
from rag.search import Dense, DenseHits, Serving
from tests.api.conftest import LOOPBACK, admitted
from tests.api.rights.requests import HANDLED, PAGES, Asked, Requests
from tests.api.rights.world import GROUPS, World, make

pytestmark = [pytest.mark.filterwarnings("ignore::DeprecationWarning"), pytest.mark.timeout(3600)]
CASES = int(os.environ.get("WAYPOST_TEST_CASES", "400"))
SEED = int(os.environ.get("WAYPOST_TEST_SEED", "7"))  # of the audiences and of the requests
VIEWERS = [frozenset(some) for some in chain.from_iterable(combinations(GROUPS, n) for n in range(3))]
VARYING = re.compile(
    r'"(took_ms|thread|id|request_id|created|at|time|asked_at)": ?("[^"]*"|[\d.]+)|\b\d+(\.\d+)? ?ms\b'
    r"|; (?:there is some in|did you mean) [^\"]*"  # what is spelt alike: twins are spelt otherwise
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
    """A client for each viewer, who has a key."""

    def serving() -> Serving:
        return replace(owner.serving(), dense=Unnamed(owner.serving().dense))

    unlimited = settings.model_copy(update={"requests_per_minute": 0, "tokens_per_day": 0})
    app = make_app(unlimited, Reader(unlimited, owner.catalog, serving), lambda _: None)
    clients = {groups: TestClient(app, base_url="http://127.0.0.1:8765", client=LOOPBACK) for groups in VIEWERS}
    for groups, client in clients.items():
        name = " ".join(("viewer", *sorted(groups)))
        client.headers.update(admitted(settings, *groups, name=name, scopes={READ, ASK, WRITE}))
    with clients[frozenset()]:  # one lifespan
        yield clients


def operations(spec: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Routes, pages and tools: each with its method, `call` for tools."""
    routes = [(method, path) for path, methods in spec["paths"].items() for method in methods if method in HANDLED]
    return [*routes, *(("call", tool) for tool in TABLE)]


def sent(client: TestClient, asked: Asked) -> tuple[int, str]:
    reply = client.request(
        asked.method, asked.path, params=list(asked.query), headers={"Accept": asked.accept}, follow_redirects=False,
        **{"data" if asked.form else "json": asked.body},
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
    spec = {**app.openapi(), "paths": {**app.openapi()["paths"], **PAGES}}
    known, counted, threads = operations(spec), dict[tuple[str, str, int], int](), list[str]()
    # gaps tell questions to who belongs to all groups of their askers
    asked_by: dict[frozenset[str], str] = dict.fromkeys(VIEWERS, "")
    for number in range(CASES):
        groups = chance.choice(VIEWERS)
        method, template = known[number % len(known)]
        requests = Requests(world, spec, groups, chance, threads[-50:])
        asked = (
            requests.call(template, TABLE[template].input_schema)
            if method == "call"
            else requests.make(method, template)
        )
        status, told = sent(clients[groups], asked)
        threads += re.findall(r'"thread": ?"([\w-]+)"', told)
        counted[method, template, status] = counted.get((method, template, status), 0) + 1
        assert status < 500, (sorted(groups), asked, told)
        asked_by[groups] += json.dumps([asked.path, asked.query, asked.body])
        shared = template.startswith("/t/")  # a thread that its asker gives the link of: their words are theirs to tell
        spoken = "".join(texts for others, texts in asked_by.items() if others <= groups or shared)
        assert not leaks(world, groups, spoken, told), (sorted(groups), asked, told)
        if asked.twin != asked and method in ("get", "call") and template != "ask":
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
    operators = {("get", "/metrics"), ("get", "/v1/audit")}  # of which no viewer has the scope
    wanted_ones = {one for one in known if one[0] in ("get", "call")} - operators
    assert 60 * len(known) > CASES or reached >= wanted_ones, sorted(wanted_ones - reached)
