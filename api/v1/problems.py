"""How OpenAPI describes what routes answer and how requests fail. Routes name it; `api.problems` makes problems."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class Problem(BaseModel):
    """Why a request failed, in problem details (RFC 9457). `error` says the same as `detail`, for /v1/chat in the object that
    OpenAI's clients read; `request_id` is what to name when you ask about it."""

    type: str
    title: str
    status: int
    detail: str
    error: str | dict[str, Any]
    request_id: str = ""


Described = dict[int | str, dict[str, Any]]


def _described(description: str) -> dict[str, Any]:
    return {"model": Problem, "description": description}


PROBLEMS: Described = {
    400: _described("something in the request or the settings must change"),
    401: _described("who asks is not known: send a token that is valid"),
    403: _described("the caller may not do this, or it is not signed as it must be"),
    404: _described("it is not there, or not for this viewer"),
    408: _described("the body did not come in time"),
    409: _described("a request with this Idempotency-Key is being answered: come again when it is"),
    413: _described("the body is too large"),
    415: _described("the body must be JSON, and say so"),
    422: _described("a parameter or the body is not of the form that is asked for; `details` say where"),
    429: _described("too many requests or tokens: Retry-After says when to come again"),
    431: _described("the headers are too large"),
    503: _described("try again later"),
    507: _described("the disk is full or can't be written"),
}


def answers(shape: Any, *problems: int, status: int = 200) -> Described:
    """For a route's `responses`: what it answers with, and its own problems; `api.openapi` adds those of every route."""
    return {status: {"model": shape}, **{code: PROBLEMS[code] for code in problems}}
