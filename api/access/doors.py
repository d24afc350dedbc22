"""From the settings to how callers are known: which doors there are, and for whom. `api.http` and `api.server` ask."""

from __future__ import annotations

from api.access.caller import Caller
from api.access.identity import Anonymous, Identity
from api.access.keys import FILE, Keys
from api.access.peers import Peers, is_loopback, networks
from api.access.scopes import ADMIN, ASK, READ, SCOPES
from api.compose import viewer_from
from api.settings import Settings
from rag.errors import SettingsError


def identity_from(settings: Settings, bound: bool) -> Identity:
    """What finds the caller of a request. `bound` says that only this machine can reach the port. Raises: SettingsError."""
    peers = Peers(networks(settings.trusted_proxies), bound)
    return Identity(Keys(settings.home / FILE), peers, _anonymous(settings))


def _anonymous(settings: Settings) -> Anonymous:
    """On this machine anonymous reads what WAYPOST_GROUPS says, and does all but administer; elsewhere it reads what is for
    everyone, and asks."""
    local = Caller(viewer=viewer_from(settings.groups), scopes=SCOPES - {ADMIN})
    anybody = Caller(scopes=frozenset({READ, ASK}))
    if settings.anonymous == "off":
        return Anonymous()
    return Anonymous(local, anybody if settings.anonymous == "everyone" else None)


def check_reachable(settings: Settings, host: str) -> None:
    """That a port which others can reach lets in somebody, and not simply anybody. Raises: SettingsError."""
    if is_loopback(host) or settings.anonymous == "everyone" or settings.oidc_issuer or settings.trusted_proxies:
        return
    if not any(key.state == "live" for key in Keys(settings.home / FILE).listed()):
        raise SettingsError(
            f"--host {host}: others can reach that address, and nobody could say who they are. Make a key with `waypost keys "
            "create NAME`, set WAYPOST_OIDC_ISSUER or WAYPOST_TRUSTED_PROXIES (docs/access.md), or WAYPOST_ANONYMOUS=everyone to "
            "let anybody read what is for everyone"
        )
