"""Sessions of the web page: whoever signs in with a key is known by a cookie from then on, for as long as the key holds.

The cookie names the key and its own end, and is signed with a secret of this data folder's; scripts can't read it, and other
sites' pages can't send it. Nothing else is kept. A page calls `begin` and `end`; `api.access.identity` reads the cookie.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import time
from pathlib import Path

from starlette.requests import HTTPConnection
from starlette.responses import Response

from api.access.caller import Caller
from rag.errors import StorageError

COOKIE = "waypost_session"
FILE = "session.secret"
_BYTES = 32


class Sessions:
    """Makes and reads cookies, with the secret in a file, made where there is none."""

    def __init__(self, file: Path, hours: float) -> None:
        self._file = file
        self.seconds = int(hours * 3600)
        self._secret = b""

    def made(self, key_id: str) -> str:
        """The cookie of a session that begins now. Raises: StorageError."""
        told = f"{key_id}.{int(time.time()) + self.seconds}"
        return f"{told}.{self._signature(told)}"

    def key_of(self, cookie: str) -> str:
        """The id of the key that a cookie names; "" when it is not ours, or has ended. Raises: StorageError."""
        told, _, signature = cookie.rpartition(".")
        key_id, _, ends = told.partition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(told).encode()):
            return ""
        return key_id if int(ends) > time.time() else ""

    def _signature(self, told: str) -> str:
        self._secret = self._secret or self._kept()
        mac = hmac.new(self._secret, f"waypost session {told}".encode(), hashlib.sha256).digest()
        return base64.urlsafe_b64encode(mac).decode().rstrip("=")

    def _kept(self) -> bytes:
        try:
            if not self._file.exists():
                self._make()
            secret = self._file.read_bytes()
        except OSError as error:
            raise StorageError(
                f"{self._file}, which sessions are signed with, can't be read: {error.strerror}"
            ) from error
        if len(secret) != _BYTES:
            raise StorageError(f"{self._file} is damaged: remove it; whoever is signed in must sign in again")
        return secret

    def _make(self) -> None:
        """Whole or not at all, and once, whoever else makes it at the same time."""
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        beside = self._file.with_name(f".{FILE}.{secrets.token_hex(8)}")
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as handle:
            handle.write(secrets.token_bytes(_BYTES))
        try:
            self._file.hardlink_to(beside)
        except FileExistsError:
            pass
        finally:
            beside.unlink()


def begin(request: HTTPConnection, response: Response, token: str) -> Caller:
    """Signs in whoever shows a key's token: the response sets the cookie. Raises: Refusal, which says why; StorageError."""
    from api.access.identity import Identity

    identity: Identity = request.state.identity
    caller = identity.by_key_alone(request.scope, token.strip())
    cookie = identity.sessions.made(caller.id.removeprefix("key:"))
    response.set_cookie(
        COOKIE, cookie, max_age=identity.sessions.seconds, path="/", httponly=True, samesite="strict",
        secure=identity.is_https(request.scope),
    )  # fmt: skip
    return caller


def end(response: Response) -> None:
    """Signs out: the response takes the cookie away."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
