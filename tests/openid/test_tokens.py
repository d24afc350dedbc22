"""Tokens that oidc-provider makes, at Waypost's gate: for whom, by whom, until when, signed how, with which groups."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.api.access.conftest import Door
from tests.openid.providers import API, CLIENT, NO_PANVA, Panva, Person, new_jwk

pytestmark = [pytest.mark.skipif(bool(NO_PANVA), reason=NO_PANVA), pytest.mark.timeout(120)]
Make = Callable[..., Door]


def access(panva: Panva, name: str = "ada") -> str:
    return str(panva.tokens(Person(name), resource=API)["access_token"])


def gate(door: Make, panva: Panva, audience: str = API, **more: Any) -> Door:
    return door(oidc_issuer=panva.issuer, oidc_audience=audience, **more)


def test_an_access_token_says_who_asks_and_what_they_may_read(door: Make, panva: Panva) -> None:
    token = access(panva)
    assert jwt.get_unverified_header(token)["typ"] == "at+jwt"
    assert gate(door, panva)(token=token).json() == {
        "name": "ada@example.org", "via": "oidc", "groups": ["everyone", "sre", "staff"], "scopes": ["ask", "read", "write"],
        "id": "oidc:ada",
    }  # fmt: skip


def test_a_token_is_for_its_audience_alone(door: Make, panva: Panva) -> None:
    """An ID token is for the client, an access token for the resource: each is taken where that is what Waypost is called."""
    tokens = panva.tokens(Person("ada"), resource=API)
    as_resource, as_client = gate(door, panva), gate(door, panva, CLIENT)
    assert as_client(token=tokens["id_token"]).json()["groups"] == ["everyone", "sre", "staff"]
    assert as_resource(token=tokens["access_token"]).status_code == 200
    for asked, token in ((as_resource, tokens["id_token"]), (as_client, tokens["access_token"])):
        reply = asked(token=token)
        assert (reply.status_code, "audience" in reply.json()["detail"].lower()) == (401, True), reply.text


def test_an_access_token_that_is_no_jwt_is_refused(door: Make, panva: Panva) -> None:
    token = panva.tokens(Person("ada"))["access_token"]  # for no resource: opaque
    assert "." not in token
    reply = gate(door, panva)(token=token)
    assert (reply.status_code, "opaque" in reply.json()["detail"]) == (401, True), reply.text


@pytest.mark.parametrize(
    ("claims", "name", "groups"),
    [
        ({"groups": ["sre", "ops"]}, "groups", ["everyone", "ops", "sre"]),
        ({"groups": "sre"}, "groups", ["everyone", "sre"]),
        ({}, "groups", ["everyone"]),
        ({"realm_access": {"roles": ["sre"]}}, "realm_access.roles", ["everyone", "sre"]),
        ({"resource_access": {"a.b": {"roles": ["sre"]}}}, "resource_access.a.b.roles", ["everyone", "sre"]),
        ({"https://example.org/groups": ["sre"]}, "https://example.org/groups", ["everyone", "sre"]),
    ],
    ids=["list", "text", "absent", "Keycloak's roles", "Keycloak's roles of a client", "Auth0's namespace"],
)  # fmt: skip
def test_groups(door: Make, panva: Panva, claims: dict[str, Any], name: str, groups: list[str]) -> None:
    panva.state["users"]["ada"] = {"email": "ada@example.org", **claims}
    panva.save()
    assert gate(door, panva, oidc_groups_claim=name)(token=access(panva)).json()["groups"] == groups


def test_a_group_that_is_taken_away_is_gone_with_the_next_token(door: Make, panva: Panva) -> None:
    asked, person = gate(door, panva), Person("ada")
    first = panva.tokens(person, resource=API)["access_token"]
    assert "sre" in asked(token=first).json()["groups"]
    panva.state["users"]["ada"]["groups"] = ["staff"]
    panva.save()
    second = panva.tokens(person, resource=API)["access_token"]
    assert asked(token=second).json()["groups"] == ["everyone", "staff"]
    assert "sre" in asked(token=first).json()["groups"]  # what it says holds until it ends: tokens should be short


def test_an_email_that_is_not_verified_names_nobody(door: Make, panva: Panva) -> None:
    panva.state["users"]["bob"] = {"email": "ada@example.org", "email_verified": False, "preferred_username": "bob"}
    panva.save()
    assert gate(door, panva)(token=access(panva, "bob")).json()["name"] == "bob"


def test_a_token_ends(door: Make, panva: Panva) -> None:
    panva.state["lasts"] = 1
    panva.save()
    token, asked = access(panva), gate(door, panva)
    assert asked(token=token).status_code == 200
    time.sleep(33)  # clocks may be 30 seconds apart
    reply = asked(token=token)
    assert (reply.status_code, "expired" in reply.json()["detail"]) == (401, True)


def test_another_issuer_is_not_believed(door: Make, panva: Panva, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Another provider's token, with the same audience and the same kid."""
    with Panva(tmp_path_factory.mktemp("other")).serving() as other:
        token = access(other)
        assert jwt.get_unverified_header(token)["kid"] == jwt.get_unverified_header(access(panva))["kid"]
        assert gate(door, panva)(token=token).status_code == 401
        assert gate(door, other)(token=token).status_code == 200


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256"])
def test_how_tokens_may_be_signed(door: Make, panva: Panva, algorithm: str) -> None:
    panva.state.update(keys=[new_jwk("rsa", "RS256"), new_jwk("pss", "PS256"), new_jwk("ec", "ES256")], signs=algorithm)
    panva.save()
    token = access(panva)
    reply = gate(door, panva)(token=token)
    if algorithm == "PS256":  # not among those that are taken
        assert (reply.status_code, "PS256" in reply.json()["detail"]) == (401, True)
        reply = gate(door, panva, oidc_algorithms="PS256")(token=token)
    assert reply.status_code == 200, reply.text


def test_keys_that_have_no_name(door: Make, panva: Panva) -> None:
    """While the keys are changed there are two; a token of either that names none is taken."""
    asked = gate(door, panva)
    panva.state["keys"] = [new_jwk("new"), new_jwk("old")]
    panva.save()
    claims = jwt.decode(access(panva), options={"verify_signature": False})
    for key in panva.state["keys"]:
        assert asked(token=jwt.encode(claims, jwt.PyJWK(key).key, "RS256")).status_code == 200
    assert asked(token=jwt.encode(claims, jwt.PyJWK(new_jwk("none")).key, "RS256")).status_code == 401


def test_the_public_key_is_no_shared_secret(door: Make, panva: Panva) -> None:
    """What it signs by RS256, forged with the published key as the secret of HS256, and without any signature."""
    asked, person = gate(door, panva), Person("ada")
    claims = jwt.decode(access(panva), options={"verify_signature": False})
    told = person.http.get(f"{panva.issuer}/.well-known/openid-configuration").json()
    key = person.http.get(told["jwks_uri"]).json()["keys"][0]
    pem = jwt.PyJWK(key).key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    header, body = _part({"alg": "HS256", "kid": key["kid"]}), _part(claims)
    signature = hmac.new(pem, f"{header}.{body}".encode(), hashlib.sha256).digest()
    forged = {
        "HS256": f"{header}.{body}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}",
        "none": f"{_part({'alg': 'none', 'kid': key['kid']})}.{body}.",
        "no alg": f"{_part({'kid': key['kid']})}.{body}.AAAA",
    }
    for name, token in forged.items():
        assert asked(token=token).status_code == 401, name


def _part(told: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")
