"""A small application behind the gate, asked from wherever a test says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from api.access.budgets import Budgets
from api.access.doors import identity_from
from api.access.gate import Gate
from api.access.identity import Identity
from api.access.keys import FILE, Keys
from api.access.refusal import Refusal
from api.access.sessions import begin, end
from api.settings import Settings
from tests.api.conftest import LOOPBACK

ELSEWHERE = ("203.0.113.7", 50000)
Ask = Callable[..., httpx.Response]


async def whoami(request: Request) -> Response:
    caller = request.state.caller
    return JSONResponse(
        {
            "name": caller.name, "via": caller.via, "groups": sorted(caller.viewer.groups), "scopes": sorted(caller.scopes),
            "id": caller.id,
        }
    )  # fmt: skip


async def mounted(scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse({"mounted": scope["state"]["caller"].name})(scope, receive, send)


async def stream(request: Request) -> Response:
    async def pieces() -> Any:
        for piece in "abc":
            yield piece
            await asyncio.sleep(0)

    return StreamingResponse(pieces())


async def sign_in(request: Request) -> Response:
    response = Response("in")
    try:
        begin(request, response, (await request.body()).decode())
    except Refusal as refusal:
        return refusal.response()
    return response


async def sign_out(request: Request) -> Response:
    response = Response("out")
    end(response)
    return response


ROUTES = [
    Route("/v1/search", whoami, methods=["GET", "POST"]),
    Route("/v1/ask", stream, methods=["POST"]),
    Mount("/v1/documents", mounted),
    Route("/livez", sign_out, methods=["GET"]),
    Route("/v1/hooks/signin", sign_in, methods=["POST"]),
    Route("/nowhere", whoami),
]


class Door:
    """The gate with the settings of a test, in front of `ROUTES`."""

    def __init__(self, settings: Settings, *, bound: bool = True, budgets: Budgets | None = None) -> None:
        self.identity: Identity = identity_from(settings, bound)
        if budgets:
            self.identity.budgets = budgets
        self.app = Gate(Starlette(routes=ROUTES), self.identity, settings.requests_per_minute)

    def __call__(
        self, path: str = "/v1/search", *, peer: Any = ELSEWHERE, method: str = "GET", token: str = "", **options: Any
    ) -> httpx.Response:
        headers = list(options.pop("headers", {}).items()) + ([("Authorization", f"Bearer {token}")] if token else [])
        headers = [(name.encode(), value if isinstance(value, bytes) else value.encode()) for name, value in headers]

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=peer)
            async with httpx.AsyncClient(transport=transport, base_url="http://waypost.test") as client:
                return await client.request(method, path, headers=headers, **options)

        return asyncio.run(ask())


@pytest.fixture
def door(settings: Settings) -> Iterator[Callable[..., Door]]:
    made: list[Door] = []

    def make(*, bound: bool = True, **update: Any) -> Door:
        made.append(Door(settings.model_copy(update=update), bound=bound))
        return made[-1]

    yield make
    for one in made:
        one.identity.close()


@pytest.fixture
def keys(settings: Settings) -> Iterator[Keys]:
    """Written as by the command line: by a connection of its own."""
    opened = Keys(settings.home / FILE)
    yield opened
    opened.close()


__all__ = ["ELSEWHERE", "LOOPBACK", "Door"]
