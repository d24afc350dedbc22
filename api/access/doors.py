"""From the settings to how callers are known: which doors there are, and for whom. `api.http` and `api.server` ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api.access.budgets import Budgets
from api.access.caller import Caller
from api.access.hosts import Hosts
from api.access.identity import Anonymous, Identity, ProxyHeaders
from api.access.keys import FILE, Keys
from api.access.peers import Peers, is_loopback, networks
from api.access.scopes import ADMIN, ASK, READ, SCOPES
from api.access.sessions import FILE as SECRET
from api.access.sessions import Sessions
from api.compose import viewer_from
from api.settings import Settings, parts_of
from rag.errors import SettingsError

if TYPE_CHECKING:
    from api.access.oidc import Issuer


def identity_from(settings: Settings, bound: bool) -> Identity:
    """What finds the caller of a request. `bound` says that only this machine can reach the port. Raises: SettingsError."""
    keys = Keys(settings.home / FILE)
    proxy = ProxyHeaders(
        settings.proxy_user_header, settings.proxy_groups_header, _scopes(settings.proxy_scopes, "WAYPOST_PROXY_SCOPES")
    )
    named = (proxy.user.lower(), proxy.groups.lower())
    return Identity(
        keys, Peers(networks(settings.trusted_proxies), bound, named), _anonymous(settings),
        Sessions(settings.home / SECRET, settings.session_hours),
        Budgets(keys, settings.tokens_per_day, settings.evidence_tokens + settings.max_tokens), proxy,
        Hosts.of(settings.allowed_hosts), _issuer(settings),
    )  # fmt: skip


def _anonymous(settings: Settings) -> Anonymous:
    """On this machine anonymous reads what WAYPOST_GROUPS says, and does all but administer; elsewhere it reads what is for
    everyone, and asks."""
    local = Caller(viewer=viewer_from(settings.groups), scopes=SCOPES - {ADMIN})
    anybody = Caller(scopes=frozenset({READ, ASK}))
    if settings.anonymous == "off":
        return Anonymous()
    return Anonymous(local, anybody if settings.anonymous == "everyone" else None)


def _issuer(settings: Settings) -> Issuer | None:
    if not settings.oidc_issuer:
        return None
    from api.access.oidc import Issuer, Terms

    return Issuer(
        Terms(
            settings.oidc_issuer, settings.oidc_audience, settings.oidc_jwks_url, parts_of(settings.oidc_algorithms),
            settings.oidc_groups_claim, _mapping(settings.oidc_groups),
            _scopes(settings.oidc_scopes, "WAYPOST_OIDC_SCOPES"),
        )
    )  # fmt: skip


def _mapping(given: str) -> dict[str, str] | None:
    """`theirs=ours`, separated by commas. Raises: SettingsError."""
    found = [tuple(part.strip() for part in pair.rsplit("=", 1)) for pair in parts_of(given)]
    for pair in found:
        if len(pair) != 2 or not all(pair):
            raise SettingsError("WAYPOST_OIDC_GROUPS: write their-group=audience, separated by commas")
    return {pair[0]: pair[1] for pair in found} or None


def _scopes(given: str, setting: str) -> frozenset[str]:
    found = frozenset(parts_of(given))
    if not found <= SCOPES:
        wrong, known = ", ".join(sorted(found - SCOPES)), ", ".join(sorted(SCOPES))
        raise SettingsError(f"{setting}: there is no scope {wrong}; there are: {known}")
    return found


def check_reachable(settings: Settings, host: str) -> None:
    """That a port which others can reach lets in somebody, and not simply anybody. Raises: SettingsError."""
    if is_loopback(host) or settings.anonymous == "everyone" or settings.oidc_issuer or settings.trusted_proxies:
        return
    keys = Keys(settings.home / FILE)
    found = keys.any_live()
    keys.close()
    if not found:
        raise SettingsError(
            f"--host {host}: others can reach that address, and nobody could say who they are. Make a key with `waypost keys "
            "create NAME`, set WAYPOST_OIDC_ISSUER or WAYPOST_TRUSTED_PROXIES (docs/access.md), or WAYPOST_ANONYMOUS=everyone to "
            "let anybody read what is for everyone"
        )


def unnamed(settings: Settings, host: str) -> str:
    """What to set where others can reach the port by a name that is not known; "" where nothing is missing."""
    if is_loopback(host) or settings.allowed_hosts:
        return ""
    return (
        "WAYPOST_ALLOWED_HOSTS is not set: only requests that call this machine localhost or 127.0.0.1 are answered. Set it to "
        "the names and addresses by which others call it, as WAYPOST_ALLOWED_HOSTS=waypost.example.org,10.0.0.7"
    )
