"""Every route and mount of the application, whoever added it: each wrong token is refused there, and nothing of the content told.

Routes come from OpenAPI and from the application itself, mounts and further pages from the table of scopes.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.types import Message

from api.access.keys import FILE, Keys
from api.access.scopes import OPEN, SCOPES, TABLE, scope_for
from api.http import make_app
from api.owner import Owner
from api.settings import Settings
from ingest.sync import SyncReport
from tests.api.conftest import LOOPBACK, flat
from tests.api.issuer import AUDIENCE, TestIssuer, issuing, new_key
from tests.conftest import configure, write

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
SENTINEL = "zebrafinch"  # a word of the document that everybody with a good token may read
METHODS = {"get", "post", "put", "patch", "delete"}
PROBLEM = {"type", "title", "status", "detail", "error", "request_id", "instance"}  # what a refusal may tell
Header = tuple[str, bytes]


@dataclass(frozen=True)
class Served:
    """The application over one document, with who may come in by key and by OIDC."""

    app: FastAPI
    keys: Keys
    issuer: TestIssuer
    document: str


@pytest.fixture
def served(owner: Owner, sync: Callable[..., SyncReport], tmp_path: Path, settings: Settings) -> Iterator[Served]:
    write(tmp_path / "wiki", {"a.md": f"# {SENTINEL}\n\nThe {SENTINEL} sings at 04:10.\n"})
    configure(settings, {"name": "wiki", "type": "folder", "path": str(tmp_path / "wiki")})
    sync()
    document = owner.catalog.document_at("wiki", "a.md")
    assert document is not None
    keys = Keys(settings.home / FILE)
    with issuing() as issuer:
        update = {"oidc_issuer": issuer.url, "oidc_audience": AUDIENCE}
        app = make_app(settings.model_copy(update=update), owner.reader(), lambda source: None)
        yield Served(app, keys, issuer, document.id)
    keys.close()


def requests_of(served: Served) -> list[tuple[str, str]]:
    """Each (method, path) that is not open to everybody."""
    found = [
        (method.upper(), re.sub(r"\{[^}]*\}", served.document, path))
        for path, methods in served.app.openapi()["paths"].items()
        for method in methods if method in METHODS
    ]  # fmt: skip
    for line in TABLE:
        method, _, path = line.rpartition(" ")
        found += [(method or "GET", path), (method or "GET", f"{path.rstrip('/')}/x"), (method or "POST", path)]
    return [
        (method, path) for method, path in dict.fromkeys(found) if scope_for(method, path) not in (OPEN, None)
    ]  # fmt: skip


def faults(served: Served) -> dict[str, list[Header]]:
    """Each way in which a token can be wrong, as the headers that are sent."""
    issuer, keys = served.issuer, served.keys
    every = sorted(SCOPES)
    _, good = keys.create("good", [], every, "")
    _, expired = keys.create("expired", [], every, "2020-01-01T00:00:00+00:00")
    _, revoked = keys.create("revoked", [], every, "")
    keys.revoke("revoked")
    secret = good.split("_", 2)[2]
    now, end = int(time.time()), int(time.time()) + 600
    claims = {"iss": issuer.url, "aud": AUDIENCE, "sub": "u", "exp": end}
    tokens = {
        "garbage": "x" * 60, "unknown id": f"wp_{'0' * 12}_{secret}", "wrong secret": f"wp_{good.split('_')[1]}_{'A' * 43}",
        "truncated": good[:-1], "expired": expired, "revoked": revoked, "trailing NUL": good + "\0", "trailing space": good + " ",
        "jwt alg none": jwt.encode(claims, None, "none", headers={"kid": "one"}),  # type: ignore[arg-type]
        "jwt signed with the public key": _hs256(claims, issuer.public_pem()), "jwt issuer": issuer.token(iss="https://x.test"),
        "jwt audience": issuer.token(aud="other"), "jwt expired": issuer.token(exp=now - 3600),
        "jwt not yet valid": issuer.token(nbf=now + 3600),
        "jwt of another key": issuer.token(key=new_key()),
    }  # fmt: skip
    issuer.keys["stranger"] = new_key()
    tokens["jwt unknown kid"] = issuer.token("stranger")
    del issuer.keys["stranger"]
    sent = {name: [("Authorization", f"Bearer {token}".encode())] for name, token in tokens.items()}
    basic = [("Authorization", b"Basic " + good.encode())]
    bare: list[Header] = [("Authorization", good.encode())]
    twice = [("Authorization", f"Bearer {good}".encode())] * 2
    empty: list[Header] = [("Authorization", b"")]
    return {**sent, "none": [], "empty": empty, "wrong scheme": basic, "no scheme": bare, "two headers": twice}


def _hs256(claims: dict[str, Any], public_key: bytes) -> str:
    """A token whose issuer's public key is taken for a shared secret, which PyJWT itself refuses to make."""

    def part(value: bytes) -> str:
        return base64.urlsafe_b64encode(value).decode().rstrip("=")

    body = f"{part(json.dumps({'alg': 'HS256', 'kid': 'one'}).encode())}.{part(json.dumps(claims).encode())}"
    return f"{body}.{part(hmac.new(public_key, body.encode(), hashlib.sha256).digest())}"


async def asked(app: FastAPI, number: int, method: str, path: str, headers: list[Header]) -> httpx.Response:
    """A request from an address of its own, so that nobody is told to wait; put together by hand, since there are many."""
    path, _, query = path.partition("?")
    body = json.dumps({"question": SENTINEL}).encode() if method == "POST" else b""
    sent = [(b"host", b"localhost"), (b"content-type", b"application/json")]
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http", "path": path,
        "raw_path": path.encode(), "query_string": query.encode(), "root_path": "", "server": ("127.0.0.1", 80),
        "headers": [*sent, *((name.lower().encode(), value) for name, value in headers)],
        "client": (f"203.0.{113 + number // 250}.{number % 250 + 1}", 1),
    }  # fmt: skip
    received = iter([{"type": "http.request", "body": body}])
    told: list[Message] = []

    async def receive() -> Message:
        return next(received, {"type": "http.disconnect"})

    async def send(message: Message) -> None:
        told.append(message)

    await app(scope, receive, send)
    content = b"".join(message.get("body", b"") for message in told[1:])
    return httpx.Response(told[0]["status"], headers=told[0]["headers"], content=content)


def check(reply: httpx.Response, status: int, where: object) -> None:
    assert reply.status_code == status, where
    assert SENTINEL not in reply.text, where
    assert reply.headers["WWW-Authenticate"].startswith("Bearer"), where
    assert set(reply.json()) <= PROBLEM, where


def test_each_route_refuses_each_wrong_token(served: Served) -> None:
    routes, wrong = requests_of(served), faults(served)
    assert len(routes) > 20
    assert len(wrong) >= 15

    async def everything() -> None:
        number = 0
        for name, headers in wrong.items():
            for method, path in routes:
                check(await asked(served.app, number, method, path, headers), 401, (name, method, path))
                number += 1

    asyncio.run(everything())


def test_each_route_refuses_a_token_without_its_scope_and_no_other(served: Served) -> None:
    tokens = {
        scope: served.keys.create(f"without {scope}", [], sorted(SCOPES - {scope}), "")[1] for scope in sorted(SCOPES)
    }  # fmt: skip
    _, good = served.keys.create("good", [], sorted(SCOPES), "")

    async def everything() -> None:
        for method, path in requests_of(served):
            needed = scope_for(method, path)
            assert needed
            headers = [("Authorization", f"Bearer {tokens[needed]}".encode())]
            reply = await asked(served.app, 0, method, path, headers)
            check(reply, 403, (method, path))
            assert repr(needed) in reply.json()["detail"]

    async def read() -> None:
        headers = [("Authorization", f"Bearer {good}".encode())]
        for path in (f"/v1/search?q={SENTINEL}", f"/v1/documents/{served.document}"):
            reply = await asked(served.app, 0, "GET", path, headers)
            assert (reply.status_code, SENTINEL in reply.text) == (200, True)

    asyncio.run(everything())
    asyncio.run(read())


def test_every_route_has_a_line_and_one_without_is_served_to_nobody(served: Served) -> None:
    for route in flat(served.app.routes):
        path = str(getattr(route, "path", ""))
        assert path, f"{route}: of which no path is known"
        for method in getattr(route, "methods", None) or {"GET"}:
            assert scope_for(method, re.sub(r"\{[^}]*\}", "x", path)) is not None, (
                f"api.access.scopes has no line for {path}"
            )

    @served.app.get("/v1/forgotten")
    def forgotten() -> str:
        return SENTINEL

    reply = TestClient(served.app, base_url="http://localhost", client=LOOPBACK).get("/v1/forgotten")
    assert (reply.status_code, SENTINEL in reply.text) == (404, False)
