"""`POST /v1/hooks/SOURCE`: a git host tells that it was pushed to, signed with the secret that both know.

Signatures: GitHub `X-Hub-Signature-256` (Bitbucket `X-Hub-Signature`), Gitea and Forgejo `X-Gitea-Signature`, GitLab
`X-Gitlab-Token`; each from the host's documentation of webhooks.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request

from api.problems import problem
from api.settings import Settings
from api.status import named_sources
from api.v1.problems import answers
from api.v1.shapes import QueuedShape

_SIGNED = ("x-hub-signature-256", "x-hub-signature", "x-gitea-signature", "x-forgejo-signature")


def add_hooks(app: FastAPI, settings: Settings, pushed: Callable[[str], None]) -> None:
    """Adds the route; `pushed` is told the name of the source."""

    @app.post(
        "/v1/hooks/{source}", status_code=202, responses=answers(QueuedShape, 404, 413, status=202), tags=["sources"]
    )
    async def hook(source: str, request: Request) -> Any:
        """Syncs a source at once because its git host was pushed to. Set WAYPOST_WEBHOOK_SECRET, and the same at the host.

        The body's HMAC-SHA256 in hex is looked for in X-Hub-Signature-256 (GitHub), X-Hub-Signature (Bitbucket),
        X-Gitea-Signature or X-Forgejo-Signature; or the secret itself in X-Gitlab-Token.
        """
        if not settings.webhook_secret:
            return problem(403, "no webhook is taken: WAYPOST_WEBHOOK_SECRET is not set")
        if not is_signed(await request.body(), request.headers, settings.webhook_secret):
            return problem(403, "the signature is missing or wrong; use the same secret here and at the git host")
        if not _named(settings, source):
            return problem(404, "there is no source of this name")
        pushed(source)
        return {"source": source, "queued": True}


def is_signed(body: bytes, headers: Mapping[str, str], secret: str) -> bool:
    """Whether the host that knows the secret sent this body. Compared in constant time."""
    wanted = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    given = [headers[name].removeprefix("sha256=") for name in _SIGNED if name in headers]
    if any(hmac.compare_digest(one.encode(), wanted.encode()) for one in given):
        return True
    return hmac.compare_digest(headers.get("x-gitlab-token", "").encode(), secret.encode())


def _named(settings: Settings, source: str) -> bool:
    """Whether waypost.yaml names the source; one that is wrong by now refuses nobody, since the scheduler knows what it named."""
    named = named_sources(settings)
    return named is None or source in named
