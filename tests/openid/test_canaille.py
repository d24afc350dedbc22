"""Canaille's tokens: users and groups as an administrator keeps them, the keys of its configuration, its ways to name itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import jwt
import pytest

from api.access.oidc import Issuer, Terms
from tests.api.access.conftest import Door
from tests.openid.providers import CLIENT, NO_CANAILLE, Canaille, Person
from tests.openid.test_keys import Clock

pytestmark = [pytest.mark.skipif(bool(NO_CANAILLE), reason=NO_CANAILLE), pytest.mark.timeout(180)]
Make = Callable[..., Door]
SCOPE = "openid profile email groups"


def test_users_and_their_groups(door: Make, canaille: Canaille) -> None:
    """Access tokens and ID tokens; a group that a user leaves is gone with the next token; without its scope it is not told."""
    asked, ada = door(oidc_issuer=canaille.issuer, oidc_audience=CLIENT), Person("ada")
    tokens = canaille.tokens(ada, SCOPE)
    for kind in ("access_token", "id_token"):
        told = asked(token=tokens[kind]).json()
        assert (told["name"], told["groups"]) == ("ada@example.org", ["everyone", "sre", "staff"]), told
    assert asked(token=canaille.tokens(Person("bob"), SCOPE)["id_token"]).json()["groups"] == ["everyone"]
    assert asked(token=canaille.tokens(Person("ada"), "openid")["id_token"]).json()["groups"] == ["everyone"]
    canaille.members("sre", "bob")
    assert asked(token=canaille.tokens(ada, SCOPE)["id_token"]).json()["groups"] == ["everyone", "staff"]
    assert asked(token=canaille.tokens(Person("bob"), SCOPE)["id_token"]).json()["groups"] == ["everyone", "sre"]
    canaille.members("sre", "ada")


def test_a_client_whose_tokens_are_signed_by_another_algorithm(door: Make, canaille: Canaille) -> None:
    """Canaille signs by RS512 where a client names no algorithm, and RS512 has to be named to Waypost."""
    canaille.run(["set", "client", f"@client:client-id:{CLIENT}", "--id-token-signed-response-alg", "RS512"])
    token = canaille.tokens(Person("ada"), SCOPE)["id_token"]
    canaille.run(["set", "client", f"@client:client-id:{CLIENT}", "--id-token-signed-response-alg", "RS256"])
    reply = door(oidc_issuer=canaille.issuer, oidc_audience=CLIENT)(token=token)
    assert reply.status_code == 401
    assert "'RS512'; whoever runs Waypost may set WAYPOST_OIDC_ALGORITHMS" in reply.json()["detail"]
    asked = door(oidc_issuer=canaille.issuer, oidc_audience=CLIENT, oidc_algorithms="RS256,RS512")
    assert asked(token=token).status_code == 200


def test_a_rotation(door: Make, canaille: Canaille, tmp_path: Path) -> None:
    """A new key in the configuration, the old one inactive, then gone; and a name with a slash at the end."""
    canaille = Canaille(tmp_path, told=False)
    asked, clock = door(oidc_issuer=canaille.issuer, oidc_audience=CLIENT), Clock()
    asked.identity.issuer = Issuer(Terms(canaille.issuer, CLIENT, scopes=frozenset({"read"})), clock)
    with canaille.serving():
        old = canaille.tokens(Person("ada"), SCOPE)["id_token"]
        assert jwt.decode(old, options={"verify_signature": False})["iss"].endswith("/")
        assert asked(token=old).status_code == 200
    canaille.rotate("second")
    with canaille.serving():
        new = canaille.tokens(Person("ada"), SCOPE)["id_token"]
        clock.now += 31
        assert [asked(token=token).status_code for token in (new, old)] == [200, 200]
    canaille.retired = []
    with canaille.serving():
        clock.now += 601
        assert [asked(token=token).status_code for token in (new, old)] == [200, 401]
