"""Tokens of an OpenID Connect issuer: signed by one of its keys, for us, now. `api.access.identity` asks.

The issuer's keys are fetched by one thread, kept, and fetched anew when they are old or a token names one that is not among
them, at most every `_PAUSE` seconds. While they can't be had nobody is let in by a key that is not known. Sources: OpenID
Connect Discovery 1.0; RFC 7517 (keys), 7519 (tokens), 8725 (their best practices).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt

from api.access.caller import Caller
from api.access.peers import is_loopback
from api.access.refusal import Refusal, unknown
from rag.errors import SettingsError
from rag.records import Viewer

ALGORITHMS = {
    "RS256": "RSA", "RS384": "RSA", "RS512": "RSA", "PS256": "RSA", "PS384": "RSA", "PS512": "RSA", "ES256": "EC",
    "ES384": "EC", "ES512": "EC", "EdDSA": "OKP",
}  # fmt: skip  # and the type of key that each needs: so no public key is ever taken for a shared secret
_LEEWAY = 30  # seconds by which clocks may differ
_FRESH, _KEPT = 600.0, 86_400.0  # seconds after which keys are fetched anew; until which they hold where that fails
_PAUSE = 30.0
_TIMEOUT, _MOST_BYTES = 5.0, 1_000_000


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
        for url in filter(None, (self.issuer, self.jwks_url)):
            _check_url(url)


class Issuer:
    """Finds whom a token of one issuer names."""

    def __init__(self, terms: Terms, clock: Callable[[], float] = time.monotonic) -> None:
        self._terms = terms
        self._clock = clock
        self._fetcher = ThreadPoolExecutor(1, thread_name_prefix="oidc")
        self._keys: list[dict[str, Any]] = []
        self._fetched = self._tried = float("-inf")
        self._failed = False

    async def caller(self, token: str) -> Caller:
        """Whom a token names. Raises: Refusal."""
        try:
            header = jwt.get_unverified_header(token)
        except jwt.InvalidTokenError:
            raise unknown("the token is not valid: it is unknown, incomplete or wrong") from None
        algorithm = str(header.get("alg"))
        if algorithm not in self._terms.algorithms:
            raise unknown(f"the token is not valid: it must be signed by {' or '.join(self._terms.algorithms)}")
        keys = await self._candidates(header.get("kid"), algorithm)
        return self._caller(self._claims(token, keys[0], algorithm))

    def close(self) -> None:
        """Ends the thread that fetches keys."""
        self._fetcher.shutdown(wait=False, cancel_futures=True)

    def _claims(self, token: str, key: Mapping[str, Any], algorithm: str) -> dict[str, Any]:
        try:
            signed_with = jwt.PyJWK(dict(key), algorithm=algorithm)
            claims: dict[str, Any] = jwt.decode(
                token, signed_with, algorithms=[algorithm], audience=self._terms.audience, issuer=self._terms.issuer,
                leeway=_LEEWAY, options={"require": ["exp", "iss", "aud", "sub"]},
            )  # fmt: skip
        except jwt.PyJWTError as error:
            raise unknown(f"the token is not valid: {error}") from None
        return claims

    def _caller(self, claims: Mapping[str, Any]) -> Caller:
        name = next(
            (str(claims[claim]) for claim in ("email", "preferred_username") if claims.get(claim)), claims["sub"]
        )
        given = claimed(claims, self._terms.groups_claim)
        mapped = self._terms.groups
        groups = given if mapped is None else [mapped[group] for group in given if group in mapped]
        return Caller(str(name)[:200], Viewer.of(groups), self._terms.scopes, "oidc", f"oidc:{claims['sub']}")

    # -- the issuer's keys -----------------------------------------------------------------------------------------------

    async def _candidates(self, kid: object, algorithm: str) -> list[dict[str, Any]]:
        """The one key that a token may be signed with. Raises: Refusal."""
        if self._clock() - self._fetched > _FRESH:
            await self._renew()
        if not (found := self._fitting(kid, algorithm)):
            await self._renew()
            found = self._fitting(kid, algorithm)
        if len(found) == 1:
            return found
        if self._failed:
            raise Refusal(
                503,
                "the issuer's keys can't be had, so the token can't be checked: try again later",
                {"Retry-After": "30"},
            )
        raise unknown("the token is not valid: it is signed with a key that its issuer does not have")

    def _fitting(self, kid: object, algorithm: str) -> list[dict[str, Any]]:
        if self._clock() - self._fetched > _KEPT:
            return []
        return [
            key for key in self._keys
            if key.get("kty") == ALGORITHMS[algorithm] and key.get("alg", algorithm) == algorithm
            and key.get("use", "sig") == "sig" and (kid is None or key.get("kid") == kid)
        ]  # fmt: skip

    async def _renew(self) -> None:
        if self._clock() - self._tried >= _PAUSE or not self._keys:
            await asyncio.wrap_future(self._fetcher.submit(self._fetch))

    def _fetch(self) -> None:
        """Fetches the keys, unless that was tried a moment ago. What fails leaves those that are known."""
        if self._clock() - self._tried < _PAUSE:
            return
        self._tried = self._clock()
        try:
            self._keys = self._read()
            self._fetched, self._failed = self._clock(), False
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, SettingsError) as error:
            self._failed = True
            logging.getLogger(__name__).warning("the keys of %s can't be had: %s", self._terms.issuer, error)

    def _read(self) -> list[dict[str, Any]]:
        with httpx.Client(timeout=_TIMEOUT, follow_redirects=False) as client:
            url = self._terms.jwks_url or self._discovered(client)
            keys = _json(client, url).get("keys")
        if not isinstance(keys, list):
            raise ValueError(f"{url} holds no keys")  # noqa: TRY004
        return [key for key in keys if isinstance(key, dict)]

    def _discovered(self, client: httpx.Client) -> str:
        issuer = self._terms.issuer
        told = _json(client, f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if told.get("issuer") != issuer:
            raise ValueError(
                f"it says of itself to be {str(told.get('issuer'))[:200]!r}; set WAYPOST_OIDC_ISSUER to just that"
            )
        url = str(told.get("jwks_uri", ""))
        _check_url(url)
        return url


def claimed(claims: Mapping[str, Any], name: str) -> list[str]:
    """The groups in a claim of this name, or of `a.b`, in one within another: a list of texts, or one text."""
    found: Any = claims.get(name)
    if found is None:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return [found]
    return [group for group in found if isinstance(group, str)] if isinstance(found, list) else []


def _json(client: httpx.Client, url: str) -> dict[str, Any]:
    with client.stream("GET", url) as reply:
        if reply.status_code != 200:
            raise ValueError(f"{url} answers {reply.status_code}")
        body = b""
        for part in reply.iter_bytes():
            body += part
            if len(body) > _MOST_BYTES:
                raise ValueError(f"{url} sends more than {_MOST_BYTES} bytes")
    told = httpx.Response(200, content=body).json()
    if not isinstance(told, dict):
        raise ValueError(f"{url} holds no JSON object")  # noqa: TRY004
    return told


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if not (parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname)))):
        raise SettingsError(f"WAYPOST_OIDC_ISSUER, WAYPOST_OIDC_JWKS_URL: {url[:200]!r} is no https:// URL")
