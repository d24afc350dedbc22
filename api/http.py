"""The HTTP interface, described by OpenAPI at /docs: every request passes the gate (`api.access`), then one of `api.v1`'s routes.

Every route goes the way of the command line: `Reader` for questions, `api.views` for the JSON. The Host header is checked.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from api.access.caller import Caller
from api.access.gate import Gate
from api.compose import Reader, viewer_from
from api.failures import http_status
from api.notices import Notices
from api.pages import add_pages
from api.problems import problem
from api.settings import Settings
from api.slack.routes import add_slack
from api.v1.alerts import add_alerts
from api.v1.documents import add_documents
from api.v1.health import add_health
from api.v1.hooks import add_hooks
from api.v1.questions import add_questions
from api.v1.sources import add_sources
from api.v1.terraform import add_terraform
from rag.errors import SettingsError, WaypostError

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]", "testserver.local")


def make_app(settings: Settings, reader: Reader, pushed: Callable[[str], None] | None = None) -> FastAPI:
    """The application over one reader. `pushed` is told which source a git host says was pushed to."""
    app = FastAPI(
        title="Waypost",
        version="1",
        summary="Cited answers from an organisation's wikis, runbooks and Terraform.",
        docs_url=None,  # FastAPI's own page loads its scripts from elsewhere
        redoc_url=None,
        dependencies=[Depends(known_parameters)],
    )
    app.add_middleware(Gate, anonymous=Caller(viewer=viewer_from(settings.groups)))
    hosts = [*LOOPBACK_HOSTS, *(host.strip() for host in settings.allowed_hosts.split(",") if host.strip())]
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)
    _add_errors(app)
    add_questions(app, reader)
    add_documents(app, reader)
    add_terraform(app, reader)
    add_alerts(app, reader, Notices(settings, reader.runbooks).tell)
    add_slack(app, settings, reader)
    add_sources(app, settings, reader)
    add_health(app, reader)
    if pushed:
        add_hooks(app, settings, pushed)
    add_pages(app)
    return app


def known_parameters(request: Request) -> None:
    """Refuses query parameters that the route does not have: a misspelt filter must not widen what was asked."""
    route = request.scope.get("route")
    if isinstance(route, APIRoute):
        known = {parameter.alias for parameter in route.dependant.query_params}
        for name in request.query_params:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1, 0.4)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise SettingsError(f"there is no parameter {name[:80]!r} here{hint}")


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(HTTPException)
    def refused(_request: Request, error: HTTPException) -> JSONResponse:
        """Paths and methods that are not there, in the form that all errors have."""
        return problem(error.status_code, str(error.detail), error.headers)

    @app.exception_handler(WaypostError)
    def failed(_request: Request, error: WaypostError) -> JSONResponse:
        return problem(http_status(error), str(error))

    @app.exception_handler(RequestValidationError)
    def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        """Says what is wrong and where, without echoing what was sent (it may not even be encodable)."""
        found = [{"where": ".".join(map(str, e["loc"])), "what": e["msg"]} for e in error.errors()]
        summary = "; ".join(f"{entry['where']}: {entry['what']}" for entry in found)
        return problem(422, summary, details=found)
