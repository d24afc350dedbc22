"""Why the gate lets a request not through, and how that is told."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi.responses import JSONResponse

from api.problems import problem
from rag.errors import WaypostError


class Refusal(WaypostError):
    """A request that goes no further: what its sender is told. Routes may raise it too."""

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = {"Cache-Control": "no-store", **(headers or {})}

    def response(self) -> JSONResponse:
        """It as problem details."""
        return problem(self.status, self.detail, self.headers)


def unknown(detail: str, *, wrong: bool = True) -> Refusal:
    """401: it is not known who asks; `wrong` says that something was sent, and is not valid. Source: RFC 6750, 3."""
    error = ', error="invalid_token"' if wrong else ""
    return Refusal(401, detail, {"WWW-Authenticate": f'Bearer realm="waypost"{error}'})


def forbidden(scope: str, name: str) -> Refusal:
    """403: who asks is known, and may not do this."""
    return Refusal(
        403,
        f"this asks for the scope {scope!r}, which {name} does not have",
        {"WWW-Authenticate": f'Bearer realm="waypost", error="insufficient_scope", scope="{scope}"'},
    )
