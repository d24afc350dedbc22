"""The HTTP interface under /v1, described by OpenAPI at /docs. Bound to loopback; the Host header is checked.

Every route goes the way of the command line: `Reader` for questions, `api.views` for the JSON.
"""

from __future__ import annotations

import difflib
import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response, StreamingResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware

from api.compose import Reader, viewer_from
from api.failures import http_status
from api.hooks import add_hooks
from api.pages import add_pages
from api.problems import PROBLEMS
from api.settings import Settings
from api.status import named_sources, runs_view, sources_view
from api.terraform_http import add_terraform
from api.views import (
    answer_view,
    citation_view,
    document_view,
    drift_view,
    gap_view,
    lookup_view,
    persona_view,
    search_view,
)
from rag.ask import AskEvent
from rag.drift import REPORTED
from rag.errors import SettingsError, WaypostError
from rag.records import Viewer
from rag.search import MAX_QUERY, Filters

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]", "testserver.local")
_QUESTION = "How do I clear a stuck Terraform state lock?"


class AskRequest(BaseModel):
    """A question, and what to limit the search to."""

    model_config = ConfigDict(extra="forbid")

    question: str = Field(min_length=1, max_length=MAX_QUERY, examples=[_QUESTION])
    sources: list[str] = Field(default=[], max_length=100, examples=[["runbooks"]])
    kinds: list[str] = Field(default=[], max_length=20, examples=[[]])
    paths: list[str] = Field(default=[], max_length=20, examples=[[]])
    persona: str = Field(
        default="", max_length=64, pattern=r"^[\w-]*$", description="a name of /v1/personas", examples=["onboarding"]
    )
    thread: str = Field(
        default="",
        max_length=64,
        pattern=r"^[\w-]*$",
        description="an answer's `thread`, to follow it up",
        examples=[""],
    )


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
    hosts = [*LOOPBACK_HOSTS, *(host.strip() for host in settings.allowed_hosts.split(",") if host.strip())]
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=hosts, www_redirect=False)
    viewer = viewer_from(settings.groups)
    _add_errors(app)
    _add_questions(app, reader, viewer)
    _add_personas(app, reader)
    _add_lookups(app, settings, reader, viewer)
    add_terraform(app, reader, viewer)
    _add_health(app, reader)
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
        return JSONResponse({"error": str(error.detail)}, status_code=error.status_code, headers=error.headers)

    @app.exception_handler(WaypostError)
    def failed(_request: Request, error: WaypostError) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=http_status(error))

    @app.exception_handler(RequestValidationError)
    def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        """Says what is wrong and where, without echoing what was sent (it may not even be encodable)."""
        found = [{"where": ".".join(map(str, e["loc"])), "what": e["msg"]} for e in error.errors()]
        summary = "; ".join(f"{entry['where']}: {entry['what']}" for entry in found)
        return JSONResponse({"error": summary, "details": found}, status_code=422)


def _add_questions(app: FastAPI, reader: Reader, viewer: Viewer) -> None:
    @app.get("/v1/search", responses={k: PROBLEMS[k] for k in (400, 503)}, tags=["questions"])
    def search(
        q: Annotated[str, Query(min_length=1, max_length=MAX_QUERY, examples=["KubePodCrashLooping"])],
        k: Annotated[int, Query(ge=1, le=100)] = 10,
        source: Annotated[list[str] | None, Query()] = None,
        kind: Annotated[list[str] | None, Query()] = None,
        path: Annotated[list[str] | None, Query(description="globs such as runbooks/**")] = None,
    ) -> dict[str, Any]:
        """Passages by words and by meaning; `score` orders results and means nothing else."""
        began = time.perf_counter()
        filters = Filters(tuple(source or ()), tuple(kind or ()), tuple(path or ()))
        result = reader.retriever.search(q, viewer, k, filters)
        return search_view(result, (time.perf_counter() - began) * 1000)

    @app.post(
        "/v1/ask",
        responses={
            **{k: PROBLEMS[k] for k in (400, 404, 503)}, 200: {"content": {"application/json": {}, "text/event-stream": {}}},
        },
        tags=["questions"],
    )  # fmt: skip
    def ask(body: AskRequest, request: Request) -> Response:
        """An answer with checked citations. With `Accept: text/event-stream` it comes as events: `text` (a piece),
        `citation`, `lookup` (the model looks further), `restart` (text and citations so far are void) and last `answer`, the
        object that JSON gives. Its `thread` is for the next question to follow it up; `asked_as` is what such a one was made
        into, so that it stands alone."""
        asker, talk = reader.asker(body.persona), reader.conversation("http")
        filters = Filters(tuple(body.sources), tuple(body.kinds), tuple(body.paths))
        if "text/event-stream" in request.headers.get("accept", ""):
            events = _events(talk.stream(asker, body.question, viewer, filters, body.thread))
            return StreamingResponse(events, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        began = time.perf_counter()
        answer = talk.answer(asker, body.question, viewer, filters, body.thread)
        return JSONResponse(answer_view(answer, (time.perf_counter() - began) * 1000))


def _events(events: Iterator[AskEvent]) -> Iterator[str]:
    began = time.perf_counter()
    try:
        for event in events:
            if event.restart:
                yield _sse("restart", {})
            if event.lookup:
                yield _sse("lookup", lookup_view(event.lookup))
            if event.text:
                yield _sse("text", {"text": event.text})
            if event.citation:
                yield _sse("citation", citation_view(event.citation))
            if event.answer:
                yield _sse("answer", answer_view(event.answer, (time.perf_counter() - began) * 1000))
    except WaypostError as error:
        yield _sse("error", {"error": str(error)})
    except Exception:
        logging.getLogger(__name__).exception("an answer broke off")
        yield _sse("error", {"error": "the answer broke off: an error of Waypost's, which its log tells"})


def _add_personas(app: FastAPI, reader: Reader) -> None:
    @app.get("/v1/personas", responses={400: PROBLEMS[400]}, tags=["questions"])
    def personas() -> dict[str, Any]:
        """In whose voices answers can be had: the built-in ones, and those in the folder WAYPOST_PERSONAS."""
        return {"personas": [persona_view(one) for one in reader.personas.all()]}


def _sse(event: str, data: Any) -> str:
    return f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def _add_lookups(app: FastAPI, settings: Settings, reader: Reader, viewer: Viewer) -> None:
    @app.get("/v1/documents/{document_id}", responses={k: PROBLEMS[k] for k in (400, 404, 503)}, tags=["documents"])
    def document(
        document_id: str,
        start: Annotated[int, Query(ge=1, description="first line")] = 1,
        end: Annotated[int, Query(ge=1, description="last line")] = 10_000_000,
        version: Annotated[
            str, Query(max_length=200, description="a citation's version; without it, the present one")
        ] = "",
    ) -> dict[str, Any]:
        """A document as stored (credentials redacted), or some lines of it; `resources` are what it mentions of Terraform. Of an
        older `version`, kept so that old citations resolve, `replaced_at` says until when it was the present one."""
        if version:
            found, replaced_at = reader.catalog.version(document_id, version, viewer)
        else:
            found, replaced_at = reader.catalog.document(document_id, viewer), ""
        if start > end or start > found.text.count("\n") + 1:
            raise SettingsError(f"there are no lines {start} to {end}: it has {found.text.count(chr(10)) + 1}")
        mentions = reader.terraform(viewer).mentioned_in(found)
        passages = [] if replaced_at else reader.passages_of(document_id)
        return {**document_view(found, passages, start, end, mentions), "replaced_at": replaced_at}

    @app.get("/v1/drift", responses={k: PROBLEMS[k] for k in (400, 503)}, tags=["documents"])
    def drift(
        source: Annotated[str, Query(description="only documents of this source")] = "",
        min_confidence: Annotated[float, Query(ge=0, le=1)] = REPORTED,
    ) -> dict[str, Any]:
        """Where documents state what Terraform contradicts (`kind` value), or name what it no longer has (gone), surest first."""
        found = [one for one in reader.drift(viewer) if source in ("", one.document.source)]
        return {"drift": [drift_view(one) for one in found if one.confidence >= min_confidence]}

    @app.get("/v1/gaps", responses={k: PROBLEMS[k] for k in (400, 503)}, tags=["questions"])
    def gaps(
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        done: Annotated[bool, Query(description="those that are dealt with too")] = False,
    ) -> dict[str, Any]:
        """What was asked and the documents don't answer, or only in part, most asked first, with the nearest pages and what is
        `missing`; each to viewers who belong to all groups of its askers."""
        return {"gaps": [gap_view(one) for one in reader.gaps.listed(viewer, done=done)[:limit]]}

    @app.get("/v1/sources", tags=["documents"])
    def sources() -> dict[str, Any]:
        """The sources, synced or not: state, last complete sync (`synced_at`), `next_sync`, what went wrong (`message`), how many
        documents this viewer may see; `counts` and `reasons` of what is not indexed, or why they are hidden."""
        return {"sources": sources_view(reader.catalog, viewer, named_sources(settings))}

    @app.get("/v1/runs", tags=["documents"])
    def runs(
        source: Annotated[str, Query(description="only runs of this source")] = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> dict[str, Any]:
        """The last syncs, newest first: when, how each ended, and what became of all that the source listed, or
        why that is hidden (`counts_hidden`)."""
        return {"runs": runs_view(reader.catalog, viewer, named_sources(settings), source, limit)}


def _add_health(app: FastAPI, reader: Reader) -> None:
    @app.get("/livez", tags=["health"])
    def livez() -> dict[str, str]:
        """The process runs."""
        return {"status": "ok"}

    @app.get("/readyz", responses={503: PROBLEMS[503]}, tags=["health"])
    def readyz() -> dict[str, Any]:
        """The catalog and the lexical index answer; says how far the indexes are."""
        coverage = reader.retriever.search("ready", Viewer(), 1).coverage
        return {"status": "ok", "coverage": asdict(coverage)}
