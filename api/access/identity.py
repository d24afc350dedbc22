"""Who sends a request: by a key, an OIDC token, a session, a trusted proxy's headers, or nobody. `api.access.gate` asks.

What a request shows is judged alone: one with a token that is not valid is refused, and never taken for anonymous.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import Scope

from api.access.caller import Caller
from api.access.keys import Key, Keys
from api.access.peers import Peers
from api.access.refusal import unknown
from rag.records import Viewer

_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.I)
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


class Identity:
    """Finds the caller of a request."""

    def __init__(self, keys: Keys, peers: Peers, anonymous: Anonymous) -> None:
        self.keys = keys
        self.peers = peers
        self._anonymous = anonymous

    def close(self) -> None:
        """Lets go of the keys' file."""
        self.keys.close()

    async def caller(self, scope: Scope, headers: Headers) -> Caller:
        """Who sent a request. Raises: Refusal."""
        if given := headers.getlist("authorization"):
            return await self._by_token(bearer(given))
        local = self.peers.is_local(scope, headers)
        found = self._anonymous.local if local else self._anonymous.anybody
        if found is None:
            raise unknown(_NEEDED, wrong=False)
        return found

    async def _by_token(self, token: str) -> Caller:
        key = self.keys.checked(token)
        if key is None:
            raise unknown(_NOT_VALID)
        return by_key(key)


def bearer(given: list[str]) -> str:
    """The token of an Authorization header. Raises: Refusal for another scheme, and for more than one header."""
    if len(given) > 1:
        raise unknown("there is more than one Authorization header; send one")
    found = _BEARER.fullmatch(given[0])
    if not found:
        raise unknown("the Authorization header must be `Bearer ` and a token, and nothing else")
    return found[1]


def by_key(key: Key, via: str = "key") -> Caller:
    """Whom a key lets in. Raises: Refusal when it is revoked or expired."""
    if key.state != "live":
        raise unknown(f"the key {key.name} is {key.state}; ask whoever runs Waypost for another")
    return Caller(
        key.name, Viewer.of(key.groups), frozenset(key.scopes), via, f"key:{key.id}", key.requests_per_minute,
        key.tokens_per_day,
    )  # fmt: skip
