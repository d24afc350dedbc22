"""Whom the gate lets in, and what it tells those whom it doesn't."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from starlette.types import Message

from api.access.doors import check_reachable
from api.access.keys import Keys
from api.access.scopes import OPEN, READ, TABLE, scope_for
from api.settings import Settings
from rag.errors import SettingsError
from tests.api.access.conftest import ELSEWHERE, LOOPBACK, Door

Make = Callable[..., Door]
SCOPES = ["ask", "metrics", "read", "write"]


@pytest.mark.parametrize(
    ("peer", "status"),
    [
        (LOOPBACK, 200), (("::1", 1), 200), (("::ffff:127.0.0.1", 1), 200), (("127.8.9.1", 1), 200), (ELSEWHERE, 401),
        (("::ffff:203.0.113.7", 1), 401), (("testclient", 1), 401), (("localhost", 1), 401), (None, 401),
    ],
)  # fmt: skip
def test_anonymous_is_from_this_machine_alone(door: Make, peer: Any, status: int) -> None:
    reply = door(groups="sre")(peer=peer)
    assert reply.status_code == status
    if status == 200:
        told = {
            "name": "anonymous",
            "via": "anonymous",
            "groups": ["everyone", "sre"],
            "scopes": SCOPES,
            "id": "anonymous",
        }
        assert reply.json() == told
    else:
        assert reply.headers["WWW-Authenticate"] == 'Bearer realm="waypost"'
        assert reply.headers["content-type"] == "application/problem+json"
        assert "waypost keys create" in reply.json()["detail"]


def test_nobody_is_anonymous_where_it_is_off_or_others_reach_the_port(door: Make) -> None:
    assert door(anonymous="off")(peer=LOOPBACK).status_code == 401
    assert door(bound=False)(peer=LOOPBACK).status_code == 401


def test_whoever_is_let_in_from_elsewhere_reads_what_is_for_everyone(door: Make) -> None:
    open_ = door(anonymous="everyone", groups="sre", bound=False)
    for peer in (ELSEWHERE, LOOPBACK):
        told = open_(peer=peer).json()
        assert (told["groups"], told["scopes"]) == (["everyone"], ["ask", "read"])


@pytest.mark.parametrize(
    "header", ["X-Forwarded-For", "Forwarded", "Via", "X-Real-IP", "X-Forwarded-User", "X-My-User"]
)
def test_behind_a_proxy_on_this_machine_nobody_is_anonymous(door: Make, header: str) -> None:
    assert door(proxy_user_header="X-My-User")(peer=LOOPBACK, headers={header: "127.0.0.1"}).status_code == 401


def test_nor_by_the_http_that_proxies_speak(door: Make) -> None:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http", "http_version": "1.0", "method": "GET", "path": "/v1/search", "query_string": b"", "headers": [],
        "client": LOOPBACK,
    }  # fmt: skip
    asyncio.run(door().app(scope, None, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 401


def test_a_key_lets_in_and_what_is_revoked_changed_or_expired_does_not_from_the_next_request_on(
    door: Make, keys: Keys
) -> None:
    asked = door()
    assert asked(token="wp_" + "0" * 12 + "_" + "a" * 43).status_code == 401  # with no file yet
    key, token = keys.create("ci", ["sre"], ["read"], "")
    told = asked(token=token).json()
    assert told == {
        "name": "ci",
        "via": "key",
        "groups": ["everyone", "sre"],
        "scopes": ["read"],
        "id": f"key:{key.id}",
    }
    assert keys.named("ci").last_used_at
    keys.change("ci", groups=[], scopes=["read", "write"])
    told = asked(token=token).json()
    assert (told["groups"], told["scopes"]) == (["everyone"], ["read", "write"])
    keys.change("ci", expires_at="2020-01-01T00:00:00+00:00")
    assert (asked(token=token).status_code, "expired" in asked(token=token).json()["detail"]) == (401, True)
    keys.change("ci", expires_at="")
    assert asked(token=token).status_code == 200
    keys.revoke("ci")
    assert asked(token=token).status_code == 401


def test_without_the_scope_it_says_which(door: Make, keys: Keys) -> None:
    _, token = keys.create("ci", [], ["read"], "")
    reply = door()("/v1/ask", method="POST", token=token)
    assert (reply.status_code, "'ask', which ci does not have" in reply.json()["detail"]) == (403, True)
    assert 'error="insufficient_scope", scope="ask"' in reply.headers["WWW-Authenticate"]


def test_a_token_in_the_address_is_refused_also_with_a_good_one_beside_it(door: Make, keys: Keys) -> None:
    _, token = keys.create("ci", [], ["read"], "")
    for query in (f"access_token={token}", f"q=1&access_token={token}", f"q={token}", "api_key=x"):
        assert door()(f"/v1/search?{query}", token=token).status_code == 401
        assert door()(f"/v1/search?{query}", peer=LOOPBACK).status_code == 401


def test_a_token_that_is_not_valid_is_never_taken_for_anonymous(door: Make) -> None:
    asked = door(anonymous="everyone")
    for given in ("", "Bearer", "Bearer x", "Basic YTpi", "bearer wp_1_2"):
        assert asked(peer=LOOPBACK, headers={"Authorization": given}).status_code == 401


def test_streams_and_mounts_pass(door: Make, keys: Keys) -> None:
    asked, (_, token) = door(), keys.create("ci", [], ["read", "ask"], "")
    assert asked("/v1/ask", method="POST", token=token).text == "abc"
    assert asked("/v1/documents/a/b", token=token).json() == {"mounted": "ci"}
    assert asked("/v1/documents/a/b").status_code == 401


def test_what_no_line_names_is_not_there_and_what_is_open_is_open(door: Make, keys: Keys) -> None:
    asked, (_, token) = door(), keys.create("ci", [], ["read"], "")
    for path in ("/nowhere", "/v1/searches", "/livez/%2e%2e/v1/search", "/v1"):
        assert asked(path, token=token).status_code == 404, path
    assert asked("/livez").status_code == 200
    assert asked("/livez", headers={"Authorization": "Bearer nonsense"}).status_code == 200


def test_the_longest_line_holds_and_methods_may_differ() -> None:
    table = {"/": READ, "/v1/a": READ, "/v1/a/open": OPEN, "POST /v1/a": "write", "/v1/a/b": "ask"}
    paths = {
        "/": READ,
        "/x": None,
        "/v1/a": READ,
        "/v1/a/": READ,
        "/v1/a/x/y": READ,
        "/v1/a/open/x": OPEN,
        "/v1/ab": None,
    }
    assert {path: scope_for("GET", path, table) for path in paths} == paths
    assert [scope_for("POST", path, table) for path in ("/v1/a", "/v1/a/x", "/v1/a/b")] == ["write", "write", "ask"]
    assert [scope_for("GET", path, table) for path in ("/v1/a/./b", "/v1/a/..", "/v1/a\\..\\b", "/v1/a\0")] == [
        None
    ] * 4
    assert all(line.removeprefix("POST ").startswith("/") for line in TABLE)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://waypost.test"}, 200), ({"Sec-Fetch-Site": "same-origin", "Origin": "null"}, 200),
        ({"Origin": "https://kb.example.org"}, 200), ({"Origin": "http://kb.example.org.evil.test"}, 403),
        ({"Origin": "http://evil.test"}, 403), ({"Origin": "null"}, 403), ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "http://waypost.test:3000"}, 403), ({"Sec-Fetch-Site": "same-site"}, 403),
    ],
)  # fmt: skip
def test_a_page_of_another_site_changes_nothing(door: Make, keys: Keys, headers: dict[str, str], status: int) -> None:
    asked = door(allowed_hosts="kb.example.org")
    assert asked(method="POST", peer=LOOPBACK, headers=headers).status_code == status
    assert asked(method="GET", peer=LOOPBACK, headers=headers).status_code == 200
    _, token = keys.create("ci", [], ["read"], "")
    assert asked(method="POST", token=token, headers=headers).status_code == 200


def test_a_proxy_that_is_trusted_names_users_and_nobody_else_does(door: Make) -> None:
    asked = door(trusted_proxies="10.0.0.0/8, 127.0.0.1", proxy_scopes="read")
    named = {"X-Forwarded-User": "ada", "X-Forwarded-Groups": "sre, ops", "X-Forwarded-For": "198.51.100.1"}
    told = asked(peer=("10.2.3.4", 1), headers=named).json()
    assert told == {
        "name": "ada", "via": "proxy", "groups": ["everyone", "ops", "sre"], "scopes": ["read"], "id": "proxy:ada",
    }  # fmt: skip
    assert asked(peer=LOOPBACK, headers=named).json()["name"] == "ada"
    for peer in (ELSEWHERE, ("11.0.0.1", 1), None):
        assert asked(peer=peer, headers=named).status_code == 401
    assert asked(peer=LOOPBACK).status_code == 401  # the proxy itself is nobody
    assert asked(peer=("10.2.3.4", 1), headers={"X-Forwarded-User": " "}).status_code == 401
    assert door()(peer=LOOPBACK, headers=named).status_code == 401  # with no proxy set


def test_a_port_that_others_reach_needs_somebody_who_may_come_in(settings: Settings, keys: Keys) -> None:
    check_reachable(settings, "127.0.0.1")
    with pytest.raises(SettingsError, match="waypost keys create"):
        check_reachable(settings, "0.0.0.0")
    for update in ({"anonymous": "everyone"}, {"trusted_proxies": "10.0.0.1"}):
        check_reachable(settings.model_copy(update=update), "::")
    keys.create("ci", [], ["read"], "")
    check_reachable(settings, "0.0.0.0")
    keys.revoke("ci")
    with pytest.raises(SettingsError, match="waypost keys create"):
        check_reachable(settings, "0.0.0.0")


@pytest.mark.parametrize(
    ("update", "told"),
    [
        ({"trusted_proxies": "10.0.0.1/8"}, "host bits"), ({"trusted_proxies": "all"}, "WAYPOST_TRUSTED_PROXIES"),
        ({"oidc_issuer": "https://a.test"}, "WAYPOST_OIDC_AUDIENCE"), ({"proxy_scopes": "all"}, "WAYPOST_PROXY_SCOPES"),
        ({"oidc_issuer": "http://a.test", "oidc_audience": "x"}, "https"),
        ({"oidc_issuer": "https://a.test", "oidc_audience": "x", "oidc_algorithms": "HS256"}, "HS256"),
        ({"oidc_issuer": "https://a.test", "oidc_audience": "x", "oidc_algorithms": "none"}, "none"),
        ({"oidc_issuer": "https://a.test", "oidc_audience": "x", "oidc_groups": "sre"}, "WAYPOST_OIDC_GROUPS"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_settings_is_said(door: Make, update: dict[str, str], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        door(**update)
