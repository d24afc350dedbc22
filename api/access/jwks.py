"""The keys that an OpenID Connect issuer signs with: found, kept, and fetched anew. `api.access.oidc` asks for those that fit.

One thread fetches them: when they are old, and when a token names one that is not among them or fits none, at most every
`_PAUSE` seconds. While they can't be had those that are known hold for a day. Nobody waits long: what is slow goes on alone.
Sources: OpenID Connect Discovery 1.0; RFC 7517 (keys).
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import httpx

from api.access.peers import is_loopback
from api.access.refusal import Refusal, unknown
from rag.errors import SettingsError

ALGORITHMS = {
    "RS256": "RSA", "RS384": "RSA", "RS512": "RSA", "PS256": "RSA", "PS384": "RSA", "PS512": "RSA", "ES256": "EC",
    "ES384": "EC", "ES512": "EC", "EdDSA": "OKP",
}  # fmt: skip  # and the type of key that each needs: so no public key is ever taken for a shared secret
Jwk = dict[str, Any]
_FRESH, _KEPT = 600.0, 86_400.0  # seconds after which keys are fetched anew; until which they hold where that fails
_PAUSE = 30.0
_TIMEOUT, _MOST_BYTES = 5.0, 1_000_000  # of one document: for each step of it, and once more for the whole
_BRIEFLY = 2.0  # seconds that a request waits for them where those that are known would do
_LONGEST = 10.0  # where none would
_MOST_TRIED = 8  # keys that a token which names none may be signed with


class IssuerKeys:
    """The keys of one issuer. `jwks_url` says where they are; unset, the issuer's own document does."""

    def __init__(self, issuer: str, jwks_url: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        for url in filter(None, (issuer, jwks_url)):
            _check_url(url)
        self._issuer, self._jwks_url, self._clock = issuer, jwks_url, clock
        self._fetcher = ThreadPoolExecutor(1, thread_name_prefix="oidc")
        self._fetching: Future[None] | None = None
        self._begun = 0.0
        self._keys: list[Jwk] = []
        self._fetched = self._tried = float("-inf")
        self._failed = False

    async def fitting(self, kid: object, algorithm: str) -> list[Jwk]:
        """The keys that a token may be signed with: one, or a few where it names none. Raises: Refusal where there is none."""
        if self._clock() - self._fetched > _FRESH:
            await self._renewed(_BRIEFLY if self._known(kid, algorithm) else _LONGEST)
        if not (found := self._known(kid, algorithm)):
            await self._renewed(_LONGEST)
            found = self._known(kid, algorithm)
        if found:
            return found
        if self._failed or self._clock() - self._fetched > _KEPT:
            raise Refusal(
                503,
                "the issuer's keys can't be had, so the token can't be checked: try again later",
                {"Retry-After": "30"},
            )
        raise unknown("the token is not valid: it is signed with a key that its issuer does not have")

    async def others(self, tried: list[Jwk], kid: object, algorithm: str) -> list[Jwk]:
        """Those that fit and were not tried, once the keys are fetched anew: a key may be changed and keep its name."""
        await self._renewed(_BRIEFLY)
        return [key for key in self._known(kid, algorithm) if key not in tried]

    def close(self) -> None:
        """Ends the thread that fetches keys."""
        self._fetcher.shutdown(wait=False, cancel_futures=True)

    def _known(self, kid: object, algorithm: str) -> list[Jwk]:
        if self._clock() - self._fetched > _KEPT:
            return []
        return [
            key for key in self._keys
            if key.get("kty") == ALGORITHMS[algorithm] and key.get("alg", algorithm) == algorithm
            and key.get("use", "sig") == "sig" and (kid is None or key.get("kid") == kid)
        ][:_MOST_TRIED]  # fmt: skip

    # -- fetching them ---------------------------------------------------------------------------------------------------

    async def _renewed(self, patience: float) -> None:
        """Fetches the keys, unless that was tried a moment ago; whoever asks waits until `patience` seconds after it began."""
        self.look()
        left = self._begun + patience - time.monotonic()
        if self._fetching and left > 0:
            await asyncio.wait([asyncio.wrap_future(self._fetching)], timeout=left)

    def look(self) -> None:
        """Begins to fetch the keys, unless that was tried a moment ago. At the start this lets the log say what is wrong with the
        settings."""
        under_way = self._fetching and not self._fetching.done()
        if under_way or self._clock() - self._tried < _PAUSE:
            return
        self._tried, self._begun = self._clock(), time.monotonic()
        self._failed = True  # until they are there
        self._fetching = self._fetcher.submit(self._fetch)

    def _fetch(self) -> None:
        """Fetches the keys. What fails leaves those that are known."""
        try:
            self._keys = self._read()
            self._fetched, self._failed = self._clock(), False
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError, RecursionError, SettingsError) as error:
            logging.getLogger(__name__).warning("the keys of %s can't be had: %s", self._issuer, error)

    def _read(self) -> list[Jwk]:
        with httpx.Client(timeout=_TIMEOUT, follow_redirects=False) as client:
            url = self._jwks_url or self._discovered(client)
            keys = _json(client, url).get("keys")
        if not isinstance(keys, list):
            raise ValueError(f"{url} holds no keys")  # noqa: TRY004
        return [key for key in keys if isinstance(key, dict)]

    def _discovered(self, client: httpx.Client) -> str:
        told = _json(client, f"{self._issuer.rstrip('/')}/.well-known/openid-configuration")
        if told.get("issuer") != self._issuer:
            raise ValueError(
                f"it says of itself to be {str(told.get('issuer'))[:200]!r}; set WAYPOST_OIDC_ISSUER to just that"
            )
        url = str(told.get("jwks_uri", ""))
        _check_url(url)
        return url


def _json(client: httpx.Client, url: str, longest: float = _TIMEOUT) -> dict[str, Any]:
    """What a document holds; `longest` are the seconds after which no more of it is read."""
    ends = time.monotonic() + longest
    with client.stream("GET", url, headers={"Accept": "application/json"}) as reply:
        if reply.status_code != 200:
            raise ValueError(f"{url} answers {reply.status_code}")
        body = b""
        for part in reply.iter_bytes():
            body += part
            if len(body) > _MOST_BYTES:
                raise ValueError(f"{url} sends more than {_MOST_BYTES} bytes")
            if time.monotonic() > ends:
                raise ValueError(f"{url} takes more than {longest:g} seconds")
    told = httpx.Response(200, content=body).json()
    if not isinstance(told, dict):
        raise ValueError(f"{url} holds no JSON object")  # noqa: TRY004
    return told


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if not (parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname)))):
        raise SettingsError(f"WAYPOST_OIDC_ISSUER, WAYPOST_OIDC_JWKS_URL: {url[:200]!r} is no https:// URL")
