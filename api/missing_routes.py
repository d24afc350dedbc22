"""What is told of a route that is not there, and of a method that a route doesn't take. `api.http` and the gate ask."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Match, Mount

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_WHERE = "/docs lists the routes, /openapi.json describes them for programs"
_FILES = "GET, HEAD"  # of a mount, which decides by itself
_LONGEST = 200  # characters of a path that are told


def no_route(path: str) -> str:
    """That nothing is served at a path: the same for everybody, for it says nothing of documents."""
    return f"there is nothing at {path[:_LONGEST]}; {_WHERE}"


def told_of(app: Starlette, scope: Mapping[str, Any], error: HTTPException) -> tuple[str, Mapping[str, str]]:
    """The detail and the headers of a failure that the router found: what was asked for, and what there is instead."""
    headers = dict(error.headers or {})
    if error.detail == HTTPStatus.NOT_FOUND.phrase and error.status_code == 404:
        return no_route(scope["path"]), headers
    if error.status_code == 405:
        allowed = ", ".join(allowed_at(app, scope)) or headers.get("allow") or headers.get("Allow") or _FILES
        detail = f"{scope['path'][:_LONGEST]} takes {allowed}, and not {scope['method'][:20]}; {_WHERE}"
        return detail, {"Allow": allowed}
    return str(error.detail), headers


def allowed_at(app: Starlette, scope: Mapping[str, Any]) -> list[str]:
    """The methods that some route takes at this path; the router's own answer names those of the first alone."""
    routes = [route for route in app.routes if not isinstance(route, Mount)]
    return [
        method
        for method in _METHODS
        if any(route.matches({**scope, "method": method})[0] is Match.FULL for route in routes)
    ]
