"""The HTTP interface, described by OpenAPI at /docs: every request passes the gate (`api.access`), then one of `api.v1`'s routes.

Every route goes the way of the command line: `Reader` for questions, `api.views` for the JSON. The Host header is checked.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import get_args, get_origin

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from fastapi.routing import APIRoute
from pydantic.fields import FieldInfo
from starlette.exceptions import HTTPException

from api.access.doors import identity_from
from api.access.gate import Gate
from api.access.hosts import KnownHosts
from api.access.refusal import Refusal
from api.bodies import Bodies
from api.compose import Reader
from api.failures import http_status
from api.idempotency import Repeats
from api.mcp_http import add_mcp
from api.missing_routes import told_of
from api.notices import Notices
from api.observability.metrics import add_metrics
from api.observability.seen import Seen, seen_by
from api.observability.watch import Watch
from api.openapi import DESCRIPTION, DescribedAPI, operation_id
from api.pages import add_pages
from api.problems import problem
from api.request_ids import HEADER, RequestIds, current
from api.settings import Settings
from api.slack.routes import add_slack
from api.v1.alerts import add_alerts
from api.v1.audit import add_audit
from api.v1.chat import add_chat
from api.v1.documents import add_documents
from api.v1.feedback import add_feedback
from api.v1.health import add_health
from api.v1.hooks import add_hooks
from api.v1.questions import add_questions
from api.v1.sources import add_sources
from api.v1.terraform import add_terraform
from api.web.entrance import asks_for_page
from api.web.pages import add_web
from api.web.routing import told
from rag.errors import SettingsError, WaypostError


def make_app(
    settings: Settings, reader: Reader, pushed: Callable[[str], None] | None = None, seen: Seen | None = None, *,
    bound: bool = True,
) -> FastAPI:  # fmt: skip
    """The application over one reader. `pushed` is told which source a git host says was pushed to, `seen` what happens; `bound`
    says that only this machine can reach the port. Raises: SettingsError."""
    app = DescribedAPI(
        title="Waypost",
        version="1",
        summary="Cited answers from an organisation's wikis, runbooks and Terraform.",
        description=DESCRIPTION,
        generate_unique_id_function=operation_id,
        docs_url=None,  # FastAPI's own page loads its scripts from elsewhere
        redoc_url=None,
        dependencies=[Depends(known_parameters)],
    )
    app.add_middleware(Repeats, state=reader.catalog.state)
    app.add_middleware(Bodies)  # what is added later stands around it
    identity = identity_from(settings, bound)
    if identity.issuer:
        identity.issuer.keys.look()
    app.add_middleware(Gate, identity=identity, per_minute=settings.requests_per_minute)
    app.add_middleware(KnownHosts, hosts=identity.hosts)
    seen = seen or seen_by(settings, reader)
    app.add_middleware(Watch, audit=seen.audit, begun=seen.metrics.begun, served=seen.served, around=seen.around)
    app.add_middleware(RequestIds)
    _add_errors(app)
    add_questions(app, reader)
    add_chat(app, reader)
    add_documents(app, reader)
    add_terraform(app, reader)
    add_sources(app, settings, reader, pushed)
    add_feedback(app, reader)
    add_alerts(app, reader, Notices(settings, reader.runbooks).tell)
    add_slack(app, settings, reader, seen.audit, identity.budgets)
    add_health(app, reader)
    add_metrics(app, seen.metrics, seen.figures)
    add_audit(app, seen.audit)
    if pushed:
        add_hooks(app, settings, pushed)
    add_mcp(app, settings, reader, identity.hosts)
    add_pages(app)
    add_web(app, settings, reader)
    return app


async def known_parameters(request: Request) -> None:
    """Refuses query parameters that the route does not have, and such as are given twice where one counts: a filter that is
    misspelt or passed over must not widen what was asked."""
    route = request.scope.get("route")
    if isinstance(route, APIRoute):
        lists = {parameter.alias: _is_list(parameter.field_info) for parameter in route.dependant.query_params}
        known = lists.keys()
        for name in request.query_params:
            if name not in known:
                near = difflib.get_close_matches(name, known, 1, 0.4)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise SettingsError(f"there is no parameter {name[:80]!r} here{hint}")
            if not lists[name] and len(request.query_params.getlist(name)) > 1:
                raise SettingsError(f"the parameter {name!r} is given twice; it takes one value")


def _is_list(parameter: FieldInfo) -> bool:
    """Whether a parameter may be given more than once."""
    kinds = get_args(parameter.annotation) or (parameter.annotation,)
    return list in {get_origin(kind) or kind for kind in (parameter.annotation, *kinds)}


def _add_errors(app: FastAPI) -> None:
    @app.exception_handler(HTTPException)
    def refused(request: Request, error: HTTPException) -> JSONResponse:
        """Paths and methods that are not there, in the form that all errors have."""
        detail, headers = told_of(app, request.scope, error)
        return problem(error.status_code, detail, headers)

    @app.exception_handler(Refusal)
    def denied(_request: Request, error: Refusal) -> JSONResponse:
        return error.response()

    @app.exception_handler(WaypostError)
    def failed(_request: Request, error: WaypostError) -> JSONResponse:
        return problem(http_status(error), str(error))

    @app.exception_handler(Exception)
    def broken(request: Request, error: Exception) -> Response:
        """What nobody foresaw: the log has it under the request's id. It stands outside of all middleware, `Entrance` too."""
        detail = "an error of Waypost's own, which its log tells"
        if not asks_for_page(request.scope):
            return problem(500, detail, {HEADER: current()})
        page = told(request, 500, f"{detail} under the request id {current()}")
        page.headers[HEADER] = current()
        return page

    @app.exception_handler(RequestValidationError)
    def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        """Says what is wrong and where, without echoing what was sent (it may not even be encodable)."""
        found = [{"where": ".".join(map(str, e["loc"])), "what": e["msg"]} for e in error.errors()]
        summary = "; ".join(f"{entry['where']}: {entry['what']}" for entry in found)
        return problem(422, summary, details=found)
