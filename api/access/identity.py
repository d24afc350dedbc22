"""Who sends a request: by a key, an OIDC token, a session, a trusted proxy's headers, or nobody. `api.access.gate` asks.

What a request shows is judged alone: one with a token that is not valid is refused, and never taken for anonymous.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.types import Scope

from api.access.budgets import Budgets
from api.access.caller import Caller
from api.access.hosts import Hosts
from api.access.keys import TOKEN, Key, Keys
from api.access.limits import Guesses
from api.access.peers import Peers
from api.access.refusal import Refusal, unknown
from api.access.sessions import COOKIE, Sessions
from api.settings import parts_of
from rag.records import Viewer

if TYPE_CHECKING:
    from api.access.oidc import Issuer

_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.I)
_LONGEST = 16_384  # characters of a token, so that checking any costs less than the request around it
_NEEDED = (
    "say who you are: send a key or an OIDC token as `Authorization: Bearer …`; whoever runs Waypost makes keys with `waypost "
    "keys create`"
)
_NOT_VALID = "the token is not valid: it is unknown, incomplete or wrong"


@dataclass(frozen=True)
class Anonymous:
    """Who is let in without saying who they are: `local` from this machine, `anybody` from elsewhere; None: nobody."""

    local: Caller | None = None
    anybody: Caller | None = None


@dataclass(frozen=True)
class ProxyHeaders:
    """In which headers a trusted proxy names users, and what these may do."""

    user: str
    groups: str
    scopes: frozenset[str]


@dataclass
class Identity:
    """Finds the caller of a request. `hosts` are the names by which pages may call this one."""

    keys: Keys
    peers: Peers
    anonymous: Anonymous
    sessions: Sessions
    budgets: Budgets
    proxy: ProxyHeaders
    hosts: Hosts = field(default_factory=Hosts)
    issuer: Issuer | None = None

    def __post_init__(self) -> None:
        self._guesses = Guesses()

    def close(self) -> None:
        """Lets go of the keys' file, and of the issuer."""
        self.keys.close()
        if self.issuer:
            self.issuer.close()

    async def caller(self, scope: Scope, headers: Headers) -> Caller:
        """Who sent a request. Raises: Refusal; StorageError."""
        if given := headers.getlist("authorization"):
            return await self._by_token(scope, headers, given)
        found = self._by_proxy(scope, headers) or self._by_session(scope)
        if found is None:
            local = self.peers.is_local(scope, headers)
            found = self.anonymous.local if local else self.anonymous.anybody
        if found is None:
            raise unknown(_NEEDED, wrong=False)
        return found

    def by_key_alone(self, scope: Scope, token: str) -> Caller:
        """Whom a key's token lets in, without any other. Raises: Refusal; StorageError."""
        address = self.peers.origin(scope, Headers(scope=scope))
        try:
            return self._by_key(token)
        except Refusal:
            self._guesses.failed(address)
            raise

    def is_https(self, scope: Scope) -> bool:
        """Whether the browser came by https, as far as a trusted proxy or the connection tells."""
        told = Headers(scope=scope).get("x-forwarded-proto", "") if self.peers.is_trusted(scope) else ""
        return (told or str(scope.get("scheme", ""))) == "https"

    async def _by_token(self, scope: Scope, headers: Headers, given: list[str]) -> Caller:
        address = self.peers.origin(scope, headers)
        try:
            token = bearer(given)
            if token.startswith("wp_") or not self.issuer:
                return self._by_key(token)
            return await self.issuer.caller(token)
        except Refusal as refusal:
            if refusal.status == 401:
                self._guesses.failed(address)
            raise

    def _by_key(self, token: str) -> Caller:
        key = self.keys.checked(token) if TOKEN.fullmatch(token) else None
        if key is None:
            raise unknown(_NOT_VALID)
        if key.state != "live":
            raise unknown(f"the key {key.name} is {key.state}; ask whoever runs Waypost for another")
        return by_key(key, "key")

    def _by_session(self, scope: Scope) -> Caller | None:
        cookie = HTTPConnection(scope).cookies.get(COOKIE)
        key_id = self.sessions.key_of(cookie) if cookie else ""
        key = self.keys.by_id(key_id) if key_id else None
        return by_key(key, "session") if key and key.state == "live" else None

    def _by_proxy(self, scope: Scope, headers: Headers) -> Caller | None:
        """Whom a trusted proxy names; what others send in its headers is not looked at. Raises: Refusal."""
        if not self.peers.is_trusted(scope):
            return None
        users = headers.getlist(self.proxy.user)
        if len(users) > 1:
            raise unknown(f"there is more than one header {self.proxy.user}: the proxy must take away what users send")
        name = users[0].strip()[:200] if users else ""
        if not name:
            return None
        lists = headers.getlist(self.proxy.groups)
        return Caller(name, Viewer.of(parts_of(",".join(lists))), self.proxy.scopes, "proxy", f"proxy:{name}")


def bearer(given: list[str]) -> str:
    """The token of an Authorization header. Raises: Refusal for another scheme, and for more than one header."""
    if len(given) > 1:
        raise unknown("there is more than one Authorization header; send one")
    if len(given[0]) > _LONGEST:
        raise unknown(f"the token has more than {_LONGEST:,} characters, which is the most that is read")
    found = _BEARER.fullmatch(given[0])
    if not found:
        raise unknown("the Authorization header must be `Bearer ` and a token, and nothing else")
    return found[1]


def by_key(key: Key, via: str) -> Caller:
    """Whom a key lets in."""
    return Caller(
        key.name, Viewer.of(key.groups), frozenset(key.scopes), via, f"key:{key.id}", key.requests_per_minute,
        key.tokens_per_day,
    )  # fmt: skip
