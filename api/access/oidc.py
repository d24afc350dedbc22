"""Tokens of an OpenID Connect issuer: signed by one of its keys (`api.access.jwks`), for us, now. `api.access.identity` asks.

Sources: OpenID Connect Core 1.0; RFC 7519 (tokens), 8725 (their best practices), 9068 (those for access).
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jwt

from api.access.caller import Caller
from api.access.jwks import ALGORITHMS, IssuerKeys, Jwk
from api.access.refusal import Refusal, unknown
from rag.errors import SettingsError
from rag.records import Viewer

_LEEWAY = 30  # seconds by which clocks may differ
_TYPES = (
    "",
    "jwt",
    "at+jwt",
)  # what a token may say of its kind: others, such as logout+jwt, are signed for other ends
_MOST_WARNED = 1000


@dataclass(frozen=True)
class Terms:
    """What a token must be like, and what whoever has one may do. `groups` maps theirs to audiences; None: they are audiences."""

    issuer: str
    audience: str
    jwks_url: str = ""
    algorithms: Sequence[str] = ("RS256", "ES256")
    groups_claim: str = "groups"
    groups: Mapping[str, str] | None = None
    scopes: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        if not self.audience:
            raise SettingsError("WAYPOST_OIDC_ISSUER is set: set WAYPOST_OIDC_AUDIENCE too, to whom its tokens are for")
        for name in self.algorithms:
            if name not in ALGORITHMS:
                raise SettingsError(
                    f"WAYPOST_OIDC_ALGORITHMS: {name!r} is none that can be taken; there are: {', '.join(ALGORITHMS)}"
                )


class Issuer:
    """Finds whom a token of one issuer names."""

    def __init__(self, terms: Terms, clock: Callable[[], float] = time.monotonic) -> None:
        self._terms = terms
        self.keys = IssuerKeys(terms.issuer, terms.jwks_url, clock)
        self._warned: set[str] = set()

    async def caller(self, token: str) -> Caller:
        """Whom a token names. Raises: Refusal."""
        header = _header(token)
        algorithm, kid = str(header.get("alg")), header.get("kid")
        if algorithm not in self._terms.algorithms:
            raise _not_valid(
                f"it must be signed by {' or '.join(self._terms.algorithms)}, and is by {algorithm[:20]!r}; whoever runs Waypost "
                "may set WAYPOST_OIDC_ALGORITHMS"
            )
        keys = await self.keys.fitting(kid, algorithm)
        claims = self._claims(token, keys, algorithm)
        if claims is None:
            claims = self._claims(token, await self.keys.others(keys, kid, algorithm), algorithm)
        if claims is None:
            raise _not_valid("Signature verification failed")
        return self._caller(claims)

    def close(self) -> None:
        """Ends the thread that fetches keys."""
        self.keys.close()

    def _claims(self, token: str, keys: Sequence[Jwk], algorithm: str) -> dict[str, Any] | None:
        """What a token says that is signed with one of these keys; None where it is signed with none. Raises: Refusal."""
        for key in keys:
            try:
                claims: dict[str, Any] = jwt.decode(
                    token, jwt.PyJWK(key, algorithm=algorithm), algorithms=[algorithm], audience=self._terms.audience,
                    issuer=self._terms.issuer, leeway=_LEEWAY, options={"require": ["exp", "iss", "aud", "sub"]},
                )  # fmt: skip
            except jwt.InvalidSignatureError:
                continue
            except jwt.InvalidAudienceError:
                raise _not_valid(
                    f"it is not for {self._terms.audience!r}, which must be (in) its audience, `aud`"
                ) from None
            except jwt.PyJWTError as error:
                raise _not_valid(str(error)) from None
            if "events" in claims:
                raise _not_valid("it tells of an event, such as a logout, and is for nobody's access")
            return claims
        return None

    def _caller(self, claims: Mapping[str, Any]) -> Caller:
        named = ("preferred_username",) if claims.get("email_verified") is False else ("email", "preferred_username")
        name = next((str(claims[claim]) for claim in named if claims.get(claim)), claims["sub"])
        given = claimed(claims, self._terms.groups_claim)
        if not given:
            self._warn_of_left_out(claims)
        mapped = self._terms.groups
        groups = given if mapped is None else [mapped[group] for group in given if group in mapped]
        return Caller(str(name)[:200], Viewer.of(groups), self._terms.scopes, "oidc", f"oidc:{claims['sub']}")

    def _warn_of_left_out(self, claims: Mapping[str, Any]) -> None:
        """Logs, once for each user, that a token names where the groups are instead of them, as Entra's do for more than 200."""
        elsewhere, claim = claims.get("_claim_names"), self._terms.groups_claim
        if not isinstance(elsewhere, Mapping) or claim not in elsewhere or claims["sub"] in self._warned:
            return
        if len(self._warned) < _MOST_WARNED:
            self._warned.add(claims["sub"])
            logging.getLogger(__name__).warning(
                "the issuer leaves the groups of %r out of their tokens, for they are too many: they read what is for everyone. "
                "Let it send only groups that are assigned to Waypost, or its roles", claims["sub"],
            )  # fmt: skip


def claimed(claims: Mapping[str, Any], name: str) -> list[str]:
    """The groups in a claim of this name, or of `a.b`, in one within another: a list of texts, or one. Names may hold dots."""
    found = _within(claims, name.split("."))
    if isinstance(found, str):
        return [found]
    return [group for group in found if isinstance(group, str)] if isinstance(found, list) else []


def _within(claims: Any, parts: Sequence[str]) -> Any:
    """What stands in claims by these parts of a name, of which the first are the longest name that there is."""
    if not parts:
        return claims
    for length in range(len(parts), 0, -1) if isinstance(claims, Mapping) else ():
        found = _within(claims.get(".".join(parts[:length])), parts[length:])
        if found is not None:
            return found
    return None


def _header(token: str) -> dict[str, Any]:
    """What a token says of how it is signed. Raises: Refusal for what is no token, or one of another kind."""
    if token.count(".") != 2:
        raise _not_valid(
            "it is neither a key of Waypost's nor a JWT; an opaque access token can't be read here: ask the issuer for one for "
            "Waypost's own audience, or send the ID token"
        )
    try:
        header: dict[str, Any] = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError:
        raise _not_valid("it is unknown, incomplete or wrong") from None
    kind = str(header.get("typ") or "").lower().removeprefix("application/")
    if kind not in _TYPES:
        raise _not_valid(f"it is a {kind[:40]!r}, and must be an access token or an ID token")
    return header


def _not_valid(why: str) -> Refusal:
    return unknown(f"the token is not valid: {why}")
