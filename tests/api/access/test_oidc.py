"""Tokens of an OpenID Connect issuer."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import jwt
import pytest

from api.access.jwks import _json
from api.access.oidc import Issuer, Terms, claimed
from api.http import make_app
from api.owner import Owner
from api.settings import Settings
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
        ({"a": "text"}, "a.b", []), ({"groups": {"a": 1}}, "groups", []), ({"a": {"b.c": {"d": "e"}}}, "a.b.c.d", ["e"]),
        ({"a.b": 1, "a": {"b": "c"}}, "a.b", []), ({"a": None}, "a", []), ({"a": {"b": "c"}}, "a", []),
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


def test_tokens_of_other_kinds_let_nobody_in(asked: Door, issuer: TestIssuer) -> None:
    """They are signed by the same key for the same audience: what tells of a logout, by its type or without."""
    for kind in ("JWT", "at+jwt", "application/at+jwt", None):
        assert asked(token=issuer.token(typ=kind)).status_code == 200
    event = {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}}
    for token in (issuer.token(typ="logout+jwt"), issuer.token(typ="secevent+jwt"), issuer.token(**event)):
        assert asked(token=token).status_code == 401
    assert "'logout+jwt'" in asked(token=issuer.token(typ="logout+jwt")).json()["detail"]


def test_what_is_wrong_is_told(asked: Door, issuer: TestIssuer) -> None:
    told = {
        "'RS512'; whoever runs Waypost may set WAYPOST_OIDC_ALGORITHMS": issuer.token(algorithm="RS512"),
        "it is not for 'waypost'": issuer.token(aud="account"), "expired": issuer.token(exp=1),
        "opaque": "2YotnFZFEjr1zCsicMWpAA",
    }  # fmt: skip
    for words, token in told.items():
        reply = asked(token=token)
        assert (reply.status_code, words in reply.json()["detail"]) == (401, True), reply.text


def test_an_email_that_is_not_verified_names_nobody(asked: Door, issuer: TestIssuer) -> None:
    """Else whoever may write their own at the issuer stands in the audit as another."""
    assert asked(token=issuer.token(email_verified=True)).json()["name"] == "ada@example.org"
    assert asked(token=issuer.token(email_verified=False, preferred_username="eve")).json()["name"] == "eve"
    assert asked(token=issuer.token(email_verified=False)).json()["name"] == "u1"


def test_groups_that_are_left_out_are_logged_once(
    asked: Door, issuer: TestIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    """As Entra leaves them out where there are more than 200."""
    token = issuer.token(
        groups=None, _claim_names={"groups": "src1"}, _claim_sources={"src1": {"endpoint": "https://x.test"}}
    )
    for _ in range(2):
        assert asked(token=token).json()["groups"] == ["everyone"]
    assert caplog.text.count("leaves the groups of 'u1' out") == 1


def test_keys_without_names_are_each_tried(asked: Door, issuer: TestIssuer) -> None:
    clock = with_clock(asked, issuer)
    issuer.keys["two"] = new_key()
    for key in ("one", "two"):
        assert asked(token=issuer.token(key, kid=None)).status_code == 200
    issuer.keys["three"] = new_key()
    assert asked(token=issuer.token("three", kid=None)).status_code == 401  # fetched a moment ago
    clock.now += 31
    assert asked(token=issuer.token("three", kid=None)).status_code == 200
    assert issuer.fetched == 2


def test_a_key_that_is_changed_under_its_name_is_fetched(asked: Door, issuer: TestIssuer) -> None:
    clock = with_clock(asked, issuer)
    old = issuer.token()
    assert asked(token=old).status_code == 200
    issuer.keys["one"] = new_key()
    clock.now += 31
    assert asked(token=issuer.token()).status_code == 200
    assert asked(token=old).status_code == 401
    assert issuer.fetched == 2


def test_an_issuer_that_hangs_holds_up_nobody_with_a_known_key(asked: Door, issuer: TestIssuer) -> None:
    clock = with_clock(asked, issuer)
    token = issuer.token()
    assert asked(token=token).status_code == 200
    clock.now += 601
    with issuer.hanging():
        begun = time.monotonic()
        assert [asked(token=token).status_code for _ in range(3)] == [200, 200, 200]
        assert time.monotonic() - begun < 4  # two seconds, once


def test_a_document_that_drips_is_given_up() -> None:
    def drip() -> Iterator[bytes]:
        while True:
            time.sleep(0.05)
            yield b" "

    transport = httpx.MockTransport(lambda request: httpx.Response(200, content=drip()))
    with httpx.Client(transport=transport) as client, pytest.raises(ValueError, match=r"more than 0\.2 seconds"):
        _json(client, "https://issuer.test/keys", 0.2)


def test_the_keys_are_looked_for_before_anybody_asks(owner: Owner, settings: Settings, issuer: TestIssuer) -> None:
    make_app(settings.model_copy(update={"oidc_issuer": issuer.url, "oidc_audience": AUDIENCE}), owner.reader())
    end = time.monotonic() + 20
    while not issuer.fetched and time.monotonic() < end:
        time.sleep(0.01)
    assert issuer.fetched == 1


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
