"""`/v1/search`, `/v1/ask`, `/v1/personas`, `/v1/gaps`: what people and tools ask, and what was asked in vain."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from api.access.caller import Seeing
from api.compose import Reader
from api.observability.answers import audited
from api.observability.audit import shown
from api.v1.cursors import Cursor, cursor_of, place_of
from api.v1.problems import answers
from api.v1.shapes import AnswerShape, GapShape, GapsShape, PersonasShape, SearchShape, SuggestionsShape
from api.views import answer_view, citation_view, gap_view, lookup_view, persona_view, search_view, suggestion_view
from rag.ask import AskEvent
from rag.errors import WaypostError
from rag.search import MAX_QUERY, Filters
from rag.suggestions import LONGEST

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


class GapRequest(BaseModel):
    """What became of a gap."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["done", "open"] = Field(examples=["done"])


def add_questions(app: FastAPI, reader: Reader) -> None:
    """Adds the routes, over what each caller may read."""
    _add_search(app, reader)
    _add_suggest(app, reader)
    _add_ask(app, reader)
    _add_personas(app, reader)
    _add_gaps(app, reader)


def _add_search(app: FastAPI, reader: Reader) -> None:
    @app.get("/v1/search", responses=answers(SearchShape), tags=["questions"])
    def search(
        request: Request,
        viewer: Seeing,
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
        return shown(request, "search", q, search_view(result, (time.perf_counter() - began) * 1000))


def _add_suggest(app: FastAPI, reader: Reader) -> None:
    @app.get("/v1/suggest", responses=answers(SuggestionsShape), tags=["questions"])
    def suggest(
        viewer: Seeing,
        q: Annotated[str, Query(max_length=LONGEST, description="what was typed so far", examples=["force-un"])],
        k: Annotated[int, Query(ge=1, le=20, description="how many at most")] = 8,
    ) -> dict[str, Any]:
        """Headings and titles that hold what was typed so far, best first, while somebody types; `heading` is "" where it is the
        document's title."""
        return {"suggestions": [suggestion_view(one) for one in reader.suggester.suggest(q, viewer, k)]}


def _add_ask(app: FastAPI, reader: Reader) -> None:
    @app.post(
        "/v1/ask",
        responses=answers(AnswerShape, 404, 507) | {200: {"model": AnswerShape, "content": {"text/event-stream": {}}}},
        tags=["questions"],
    )
    def ask(body: AskRequest, request: Request, viewer: Seeing) -> Response:
        """An answer with checked citations. With `Accept: text/event-stream` it comes as events: `text` (a piece),
        `citation`, `lookup` (the model looks further), `restart` (text and citations so far are void) and last `answer`, the
        object that JSON gives. Its `thread` is for the next question to follow it up; `asked_as` is what such a one was made
        into, so that it stands alone."""
        asker, talk = reader.asker(body.persona), reader.conversation("http")
        filters = Filters(tuple(body.sources), tuple(body.kinds), tuple(body.paths))
        if "text/event-stream" in request.headers.get("accept", ""):
            told = partial(shown, request, "ask", body.question)
            events = _events(audited(told, talk.stream(asker, body.question, viewer, filters, body.thread)))
            return StreamingResponse(events, media_type="text/event-stream", headers={"Cache-Control": "no-store"})
        began = time.perf_counter()
        answer = talk.answer(asker, body.question, viewer, filters, body.thread)
        view = answer_view(answer, (time.perf_counter() - began) * 1000)
        return JSONResponse(shown(request, "ask", body.question, view))


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


def _sse(event: str, data: Any) -> str:
    return f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def _add_personas(app: FastAPI, reader: Reader) -> None:
    @app.get("/v1/personas", responses=answers(PersonasShape), tags=["questions"])
    def personas() -> dict[str, Any]:
        """In whose voices answers can be had: the built-in ones, and those in the folder WAYPOST_PERSONAS; `broken` tells
        of files there that are none."""
        known = reader.personas
        return {"personas": [persona_view(one) for one in known.all()], "broken": known.broken()}


def _add_gaps(app: FastAPI, reader: Reader) -> None:
    @app.get("/v1/gaps", responses=answers(GapsShape), tags=["questions"])
    def gaps(
        request: Request,
        viewer: Seeing,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        done: Annotated[bool, Query(description="those that are dealt with too")] = False,
        cursor: Cursor = "",
    ) -> dict[str, Any]:
        """What was asked and the documents don't answer, or only in part, most asked first, with the nearest pages and what is
        `missing`; each to viewers who belong to all groups of its askers."""
        last_asked, gap_id, count, _ = place_of(cursor)
        behind = (count, last_asked, gap_id) if cursor else None
        found = reader.gaps.listed(viewer, done=done, limit=limit + 1, behind=behind)
        last = found[limit - 1].gap if len(found) > limit else None
        onward = cursor_of((last.last_asked, last.id, last.count, "")) if last else None
        return shown(request, "gaps", "", {"gaps": [gap_view(one) for one in found[:limit]], "next_cursor": onward})

    @app.post("/v1/gaps/{gap_id}", responses=answers(GapShape, 404, 507), tags=["questions"])
    def mark_gap(gap_id: str, body: GapRequest, viewer: Seeing) -> dict[str, Any]:
        """Marks a gap as dealt with, or as open; asked again and still not answered, it is open again."""
        gap = reader.gaps.finish(gap_id, viewer, done=body.state == "done")
        return gap_view(reader.gaps.as_seen(gap, viewer))
