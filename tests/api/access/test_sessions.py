"""Signing in to the web page with a key, and being signed in no longer than the key holds."""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import SimpleCookie
from pathlib import Path

import pytest

from api.access.keys import Keys
from api.access.sessions import COOKIE, FILE, Sessions
from api.settings import Settings
from rag.errors import StorageError
from tests.api.access.conftest import ELSEWHERE, LOOPBACK, Door

Make = Callable[..., Door]
OURS = {"Sec-Fetch-Site": "same-origin"}


def signed_in(asked: Door, token: str) -> SimpleCookie:
    reply = asked("/v1/hooks/signin", method="POST", content=token, headers=OURS)
    assert reply.status_code == 200
    return SimpleCookie(reply.headers["set-cookie"])


def test_a_cookie_that_scripts_and_other_sites_do_not_get(door: Make, keys: Keys, settings: Settings) -> None:
    _, token = keys.create("ada", ["sre"], ["read", "write"], "")
    asked = door(session_hours=1)
    cookie = signed_in(asked, f" {token}\n")[COOKIE]
    assert token.rpartition("_")[2] not in cookie.value
    assert (cookie["httponly"], cookie["samesite"], cookie["max-age"], cookie["path"]) == (True, "strict", "3600", "/")
    assert (settings.home / FILE).stat().st_mode & 0o777 == 0o600
    told = asked(headers={"Cookie": f"{COOKIE}={cookie.value}"}).json()
    assert (told["name"], told["via"], told["groups"]) == ("ada", "session", ["everyone", "sre"])
    https = door(trusted_proxies=ELSEWHERE[0])
    reply = https("/v1/hooks/signin", method="POST", content=token, headers={**OURS, "X-Forwarded-Proto": "https"})
    assert "Secure" in reply.headers["set-cookie"]


def test_it_ends_with_the_key_with_its_time_and_when_it_is_not_ours(door: Make, keys: Keys, settings: Settings) -> None:
    key, token = keys.create("ada", [], ["read"], "")
    asked = door()
    value = signed_in(asked, token)[COOKIE].value
    sent = {"Cookie": f"{COOKIE}={value}"}
    assert asked(headers=sent).status_code == 200
    ended = Sessions(settings.home / FILE, -1).made(key.id)
    forged = value.replace(key.id, "0" * 12)
    for wrong in (ended, forged, value[:-1], value + "A", key.id, "..", "", "é"):
        sent_wrong = {"Cookie": f"{COOKIE}={wrong}".encode()}
        assert asked(headers=sent_wrong).status_code == 401, wrong
    keys.revoke("ada")
    assert asked(headers=sent).status_code == 401
    assert asked(headers=sent, peer=LOOPBACK).json()["via"] == "anonymous"


def test_with_a_cookie_a_page_must_say_that_it_is_ours(door: Make, keys: Keys) -> None:
    _, token = keys.create("ada", [], ["read"], "")
    asked = door()
    cookie = {"Cookie": f"{COOKIE}={signed_in(asked, token)[COOKIE].value}"}
    for headers, status in (
        (OURS, 200), ({"Origin": "http://waypost.test"}, 200), ({}, 403), ({"Origin": "http://evil.test"}, 403),
    ):  # fmt: skip
        assert asked(method="POST", headers={**cookie, **headers}).status_code == status, headers


def test_signing_in_takes_keys_alone_from_no_other_site_and_slows_down_guesses(door: Make, keys: Keys) -> None:
    _, token = keys.create("ada", [], ["read"], "")
    keys.revoke("ada")
    asked = door()

    def tried(given: str, **headers: str) -> int:
        return asked("/v1/hooks/signin", method="POST", content=given, headers=headers or OURS).status_code

    assert [tried(given) for given in (token, "", "x", "wp_")] == [401] * 4
    assert tried(token, Origin="http://evil.test") == 403
    assert [tried("wp_") for _ in range(30)][-1] == 429


def test_signing_out_takes_the_cookie_away(door: Make) -> None:
    assert f'{COOKIE}=""' in door()("/livez").headers["set-cookie"]


def test_a_damaged_secret_lets_nobody_in(tmp_path: Path, door: Make, settings: Settings) -> None:
    settings.home.mkdir(parents=True)
    (settings.home / FILE).write_bytes(b"short")
    assert door()(headers={"Cookie": f"{COOKIE}=a.1.b"}).status_code == 503
    with pytest.raises(StorageError, match="remove it"):
        Sessions(settings.home / FILE, 1).made("a")
