"""Tokens of an OpenID Connect issuer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest

from api.access.oidc import Issuer, Terms, claimed
from tests.api.access.conftest import Door
from tests.api.issuer import AUDIENCE, TestIssuer, issuing, new_key

Make = Callable[..., Door]


@pytest.fixture
def issuer() -> Iterator[TestIssuer]:
    with issuing() as opened:
        yield opened


@pytest.fixture
def asked(door: Make, issuer: TestIssuer) -> Door:
    return door(oidc_issuer=issuer.url, oidc_audience=AUDIENCE)


class Clock:
    """A clock that a test sets; it is handed to the issuer of a door."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def with_clock(asked: Door, issuer: TestIssuer) -> Clock:
    clock = Clock()
    asked.identity.issuer = Issuer(Terms(issuer.url, AUDIENCE, scopes=frozenset({"read"})), clock)
    return clock


def test_a_user_with_groups_and_scopes(asked: Door, issuer: TestIssuer) -> None:
    told = asked(token=issuer.token()).json()
    assert told == {
        "name": "ada@example.org", "via": "oidc", "groups": ["everyone", "sre"], "scopes": ["ask", "read", "write"],
        "id": "oidc:u1",
    }  # fmt: skip
    assert asked(token=issuer.token(aud=["other", AUDIENCE], groups="ops", email=None)).json()["groups"] == [
        "everyone",
        "ops",
    ]
    assert asked(token=issuer.token(groups=None)).json()["groups"] == ["everyone"]
    assert issuer.fetched == 1


def test_groups_may_be_mapped_and_stand_in_another_claim(door: Make, issuer: TestIssuer) -> None:
    asked = door(
        oidc_issuer=issuer.url, oidc_audience=AUDIENCE, oidc_groups="cn=ops,cn=b=x, 42=sre", oidc_groups_claim="realm.roles"
    )  # fmt: skip
    token = issuer.token(realm={"roles": ["42", "other", "sre"]})
    assert asked(token=token).json()["groups"] == ["everyone", "sre"]


@pytest.mark.parametrize(
    ("claims", "name", "found"),
    [
        ({"groups": ["a", 1, None, "b"]}, "groups", ["a", "b"]), ({"groups": "a b"}, "groups", ["a b"]), ({}, "groups", []),
        ({"a": {"b": ["c"]}}, "a.b", ["c"]), ({"https://x.org/groups": ["c"]}, "https://x.org/groups", ["c"]),
        ({"a": "text"}, "a.b", []), ({"groups": {"a": 1}}, "groups", []),
    ],
)  # fmt: skip
def test_a_claim_of_groups(claims: dict[str, Any], name: str, found: list[str]) -> None:
    assert claimed(claims, name) == found


def test_what_is_not_valid(asked: Door, issuer: TestIssuer) -> None:
    other = new_key()
    wrong = {
        "issuer": issuer.token(iss="https://evil.test"), "audience": issuer.token(aud="other"),
        "no audience": issuer.token(aud=None),
        "no subject": issuer.token(sub=None), "no end": issuer.token(exp=None), "another key": issuer.token(key=other),
        "algorithm": issuer.token(algorithm="RS512"), "late": issuer.token(exp=1), "early": issuer.token(nbf=2**31),
    }  # fmt: skip
    wrong["unsigned"] = jwt.encode({"sub": "u"}, None, "none", headers={"kid": "one"})  # type: ignore[arg-type]
    for name, token in wrong.items():
        reply = asked(token=token)
        assert (reply.status_code, 'error="invalid_token"' in reply.headers["WWW-Authenticate"]) == (401, True), name


def test_a_new_key_of_the_issuer_is_fetched_and_not_too_often(asked: Door, issuer: TestIssuer) -> None:
    clock = with_clock(asked, issuer)
    assert asked(token=issuer.token()).status_code == 200
    issuer.keys["two"] = new_key()
    assert asked(token=issuer.token("two")).status_code == 401  # fetched a moment ago
    clock.now += 31
    assert asked(token=issuer.token("two")).status_code == 200
    assert issuer.fetched == 2
    stranger = issuer.token("two").split(".")
    for _ in range(5):
        assert asked(token=".".join(["eyJhbGciOiJSUzI1NiIsImtpZCI6Im5vIn0", *stranger[1:]])).status_code == 401
    assert issuer.fetched == 2
    del issuer.keys["one"]
    clock.now += 601
    assert asked(token=issuer.token("two")).status_code == 200
    assert asked(token=issuer.token("two", key=issuer.keys["two"])).status_code == 200
    assert issuer.fetched == 3


def test_while_the_keys_cannot_be_had_nobody_new_is_let_in(asked: Door, issuer: TestIssuer) -> None:
    clock = with_clock(asked, issuer)
    issuer.down = True
    reply = asked(token=issuer.token())
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "30")
    tries = len(issuer.server.seen)
    assert asked(token=issuer.token()).status_code == 503
    assert len(issuer.server.seen) == tries  # tried a moment ago
    issuer.down = False
    clock.now += 31
    assert asked(token=issuer.token()).status_code == 200
    issuer.down = True
    clock.now += 3600
    assert asked(token=issuer.token()).status_code == 200  # known keys hold
    issuer.keys["two"] = new_key()
    assert asked(token=issuer.token("two")).status_code == 503
    clock.now += 86_400
    assert asked(token=issuer.token()).status_code == 503


def test_an_issuer_that_says_to_be_another_is_not_believed(asked: Door, issuer: TestIssuer) -> None:
    token = issuer.token()
    issuer.url = "https://evil.test"
    assert asked(token=token).status_code == 503
    assert issuer.fetched == 0
