"""How OpenAPI describes failed requests. The routes of `api.v1` name them; `api.problems` makes them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class Problem(BaseModel):
    """Why a request failed, in problem details (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    error: str


def _described(description: str) -> dict[str, Any]:
    return {"model": Problem, "description": description}


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: _described("something in the request or the settings must change"),
    401: _described("who asks is not known: send a token that is valid"),
    403: _described("the caller may not do this, or it is not signed as it must be"),
    404: _described("it is not there, or not for this viewer"),
    413: _described("the body is too large"),
    429: _described("too many requests or tokens: Retry-After says when to come again"),
    503: _described("try again later"),
}
