"""Keys that change while Waypost serves, providers that are down, hang, say another name, or have a certificate of their own."""

from __future__ import annotations

import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode

import jwt
import pytest

from api.access.oidc import Issuer, Terms
from tests.api.access.conftest import Door
from tests.api.access.test_oidc import Clock
from tests.loopback import running
from tests.openid.providers import API, CLIENT, NO_PANVA, Panva, Person, new_jwk
from tests.web_server import WebServer

pytestmark = [pytest.mark.skipif(bool(NO_PANVA), reason=NO_PANVA), pytest.mark.timeout(120)]
Make = Callable[..., Door]


def access(panva: Panva) -> str:
    return str(panva.tokens(Person("ada"), resource=API)["access_token"])


def gate(door: Make, panva: Panva) -> tuple[Door, Clock]:
    clock, asked = Clock(), door(oidc_issuer=panva.issuer, oidc_audience=API)
    assert asked.identity.issuer
    asked.identity.issuer.close()
    asked.identity.issuer = Issuer(Terms(panva.issuer, API, scopes=frozenset({"read"})), clock)
    return asked, clock


def test_a_new_key_is_taken_up_and_the_old_one_refused(door: Make, panva: Panva) -> None:
    """As a rotation goes: the new key is published beside the old one, signs, and the old one goes."""
    asked, clock = gate(door, panva)
    old = access(panva)
    assert asked(token=old).status_code == 200
    panva.state["keys"] = [new_jwk("two"), *panva.state["keys"]]
    panva.save()
    new = access(panva)
    assert jwt.get_unverified_header(new)["kid"] == "two"
    clock.now += 31
    assert [asked(token=token).status_code for token in (new, old)] == [200, 200]
    panva.state["keys"] = panva.state["keys"][:1]
    panva.save()
    clock.now += 601
    assert [asked(token=token).status_code for token in (new, old)] == [200, 401]


def test_a_key_is_changed_and_keeps_its_name(door: Make, panva: Panva) -> None:
    """As when a provider is set up anew."""
    asked, clock = gate(door, panva)
    old = access(panva)
    assert asked(token=old).status_code == 200
    panva.state["keys"] = [new_jwk("one")]
    panva.save()
    clock.now += 31
    assert [asked(token=token).status_code for token in (access(panva), old)] == [200, 401]


def test_a_provider_that_is_gone(door: Make, tmp_path: Path) -> None:
    panva = Panva(tmp_path)
    with panva.serving():
        asked, clock = gate(door, panva)
        token = access(panva)
        assert asked(token=token).status_code == 200
        panva.state["keys"].insert(0, new_jwk("two"))
        panva.save()
        unknown = access(panva)
    clock.now += 3600
    assert asked(token=token).status_code == 200
    reply = asked(token=unknown)
    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "30")
    with panva.serving():
        clock.now += 31
        assert asked(token=unknown).status_code == 200


def test_a_provider_that_hangs(door: Make, panva: Panva) -> None:
    """It takes connections and answers nothing: who has a known key waits two seconds once, others until the fetch fails."""
    asked, clock = gate(door, panva)
    token = access(panva)
    assert asked(token=token).status_code == 200
    panva.state["keys"].insert(0, new_jwk("two"))
    panva.save()
    unknown = access(panva)
    panva.pause()
    try:
        clock.now += 601
        waited = [timed(lambda: asked(token=token)) for _ in range(3)]
        assert [status for status, _ in waited] == [200, 200, 200]
        assert 1.5 < waited[0][1] < 3
        assert waited[1][1] < 0.5
        assert waited[2][1] < 0.5
        status, seconds = timed(lambda: asked(token=unknown))
        assert (status, seconds < 10.5) == (503, True), seconds
    finally:
        panva.go_on()
    clock.now += 31
    assert asked(token=unknown).status_code == 200


def timed(ask: Callable[[], Any]) -> tuple[int, float]:
    begun = time.monotonic()
    return ask().status_code, time.monotonic() - begun


@pytest.mark.parametrize("end", ["", "/"])
def test_a_slash_at_the_end_of_the_name(door: Make, end: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Discovery works with one and without; the name must be just what tokens say, and the log says what to set else."""
    panva = Panva(tmp_path, end)
    with panva.serving():
        token = access(panva)
        assert jwt.decode(token, options={"verify_signature": False})["iss"] == panva.issuer
        assert gate(door, panva)[0](token=token).status_code == 200
        said, panva.issuer = panva.issuer, panva.issuer.removesuffix("/") if end else f"{panva.issuer}/"
        assert gate(door, panva)[0](token=token).status_code == 503
        assert f"to be {said!r}; set WAYPOST_OIDC_ISSUER to just that" in caplog.text


def test_a_certificate_of_the_organisation(
    door: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A provider behind a certificate that only the organisation knows: SSL_CERT_FILE names it."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", certificate, "-days", "2",
         "-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True,
    )  # fmt: skip
    panva = Panva(tmp_path, tls=(certificate, key))
    with panva.serving():
        trusting = ssl.create_default_context(cafile=certificate)
        token = panva.tokens(Person("ada", verify=trusting), resource=API)["access_token"]
        assert gate(door, panva)[0](token=token).status_code == 503
        assert "CERTIFICATE_VERIFY_FAILED" in caplog.text
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert gate(door, panva)[0](token=token).status_code == 200


def test_a_logout_token_lets_nobody_in(door: Make, panva: Panva) -> None:
    """What a provider tells its clients when somebody signs out is signed for the same audience; nobody asks with it."""
    with running(WebServer()) as server:
        panva.client.update(backchannel_logout_uri=f"{server.address}/out", post_logout_redirect_uris=[server.address])
        panva.save()
        person = Person("ada")
        token = panva.tokens(person)["id_token"]
        told = person.http.get(f"{panva.issuer}/.well-known/openid-configuration").json()
        query = {"id_token_hint": token, "post_logout_redirect_uri": server.address}
        person.go(f"{told['end_session_endpoint']}?{urlencode(query)}", server.address)
        (body,) = [body for method, _, path, _, body in server.seen if (method, path) == ("POST", "/out")]
    asked = door(oidc_issuer=panva.issuer, oidc_audience=CLIENT)
    assert asked(token=token).status_code == 200
    reply = asked(token=parse_qs(body)["logout_token"][0])
    assert (reply.status_code, "logout+jwt" in reply.json()["detail"]) == (401, True), reply.text
