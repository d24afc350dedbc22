"""Answers that callers keep and ask about again: a strong ETag of all that is sent, and 304 for who has it (RFC 9110)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import Response

# Kept by whoever asked alone, and asked about each time: a document's readers may have changed.
_HEADERS = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "it is the one of If-None-Match"}}


def tagged(request: Request, view: Mapping[str, Any]) -> Response:
    """The view as JSON, or 304 where the caller has just that. The tag is of the bytes: whatever the view depends on (text,
    version, owner, lines, mentions of code that this viewer may see) changes it, and nothing else does."""
    body = json.dumps(view, ensure_ascii=False, separators=(",", ":")).encode()
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {**_HEADERS, "ETag": tag}
    if is_known(request.headers.get("if-none-match", ""), tag):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


def is_known(given: str, tag: str) -> bool:
    """Whether an If-None-Match names the tag; compared weakly, as for GET."""
    named = {one.strip().removeprefix("W/") for one in given.split(",")}
    return tag in named or "*" in named
