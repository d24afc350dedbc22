"""An OpenID Connect issuer on loopback: its keys, the tokens it signs, and an endpoint that can be down."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Event
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.loopback import running
from tests.web_server import Request, WebServer

AUDIENCE = "waypost"


class TestIssuer:
    """`url` is its name; `keys` are what it publishes, by kid; `down` makes it answer nothing of use."""

    __test__ = False

    def __init__(self, server: WebServer) -> None:
        self.url = server.address
        self.keys: dict[str, RSAPrivateKey] = {"one": new_key()}
        self.down = False
        self._going = Event()
        self._going.set()
        self.server = server
        server.pages["/.well-known/openid-configuration"] = lambda request: self._answer(
            request, {"issuer": self.url, "jwks_uri": f"{server.address}/jwks"}
        )
        server.pages["/jwks"] = lambda request: self._answer(request, {"keys": [self._jwk(kid) for kid in self.keys]})

    @property
    def fetched(self) -> int:
        """How often the keys were asked for."""
        return sum(path == "/jwks" for _, _, path, _, _ in self.server.seen)

    def token(
        self, signed_by: str = "one", algorithm: str = "RS256", key: Any = None, typ: str | None = "JWT", kid: Any = "",
        **claims: Any,
    ) -> str:  # fmt: skip
        """A token that is valid, but for what is told otherwise; a claim of None is left out, as is a `kid` of None."""
        now = int(time.time())
        every: Mapping[str, Any] = {
            "iss": self.url, "aud": AUDIENCE, "sub": "u1", "email": "ada@example.org", "iat": now, "exp": now + 600,
            "groups": ["sre"], **claims,
        }  # fmt: skip
        told = {name: value for name, value in every.items() if value is not None}
        headers = {"kid": signed_by} if kid == "" else {}
        return jwt.encode(
            told, key if key is not None else self.keys[signed_by], algorithm, headers={"typ": typ, **headers}
        )

    @contextmanager
    def hanging(self) -> Iterator[None]:
        """Meanwhile it takes connections, and answers none."""
        self._going.clear()
        yield
        self._going.set()

    def public_pem(self) -> bytes:
        return self.keys["one"].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def _jwk(self, kid: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.keys[kid].public_key()))
        return {**told, "kid": kid, "use": "sig", "alg": "RS256"}

    def _answer(self, request: Request, told: Mapping[str, Any]) -> None:
        self._going.wait()
        request.answer(500 if self.down else 200, json.dumps(told).encode())


def new_key() -> RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@contextmanager
def issuing() -> Iterator[TestIssuer]:
    server = WebServer()
    with running(server):
        yield TestIssuer(server)
