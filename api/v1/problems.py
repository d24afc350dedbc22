"""How OpenAPI describes failed requests. The routes of `api.v1` name them."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel


class Problem(BaseModel):
    """Why a request failed."""

    error: str


PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "something in the request or the settings must change"},
    403: {"model": Problem, "description": "not signed as it must be"},
    404: {"model": Problem, "description": "it is not there, or not for this viewer"},
    413: {"model": Problem, "description": "the body is too large"},
    503: {"model": Problem, "description": "try again later"},
}
