"""`POST /v1/chat/completions` and `GET /v1/models` in OpenAI's shape, so that chat front ends can talk to Waypost.

The front end keeps the conversation and sends all of it: the last message of the user is the question, those before give what it
leans on. `api.v1.chat_views` makes the objects, `api.v1.chat_requests` reads them. Source: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain
from typing import Any

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.routing import APIRoute

from api.access.caller import Seeing
from api.compose import Reader
from api.failures import http_status
from api.observability.answers import audited
from api.observability.audit import shown
from api.problems import problem
from api.v1.chat_requests import MODEL, ChatRequest, Model, Models, asked_of, persona_of
from api.v1.chat_views import Chunks, completion, error_object, models_view
from api.v1.problems import PROBLEMS
from api.v1.shapes import CompletionShape
from rag.ask import AskEvent
from rag.errors import NotFoundError, SettingsError, WaypostError
from rag.records import Answer

_BROKE_OFF = "the answer broke off: an error of Waypost's, which its log tells"


class _Route(APIRoute):
    """A route whose errors have the object that OpenAI's clients read, beside the members that all our problems have."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                response: Response = await handle(request)
            except WaypostError as error:
                return _refused(http_status(error), str(error), _code(error))
            except RequestValidationError as error:
                found = [f"{'.'.join(map(str, one['loc'][1:]))}: {one['msg']}" for one in error.errors()]
                return _refused(400, "; ".join(found[:10]), "invalid_request")
            return response

        return handled


def _refused(status: int, message: str, code: str) -> JSONResponse:
    return problem(status, message, error=error_object(status, message, code))


def _code(error: WaypostError) -> str:
    if isinstance(error, NotFoundError):
        return "model_not_found"
    return "invalid_request" if isinstance(error, SettingsError) else "unavailable"


def add_chat(app: FastAPI, reader: Reader) -> None:
    """Adds the routes, over what each caller may read."""
    router = APIRouter(route_class=_Route, tags=["chat"])
    _add_completions(router, reader)
    _add_models(router, reader)
    app.include_router(router)


def _add_completions(router: APIRouter, reader: Reader) -> None:
    @router.post(
        "/v1/chat/completions",
        responses={
            **{k: PROBLEMS[k] for k in (400, 404, 503)},
            200: {"model": CompletionShape, "content": {"text/event-stream": {}}},
        },
    )  # fmt: skip
    def completions(body: ChatRequest, request: Request, viewer: Seeing) -> Response:
        """An answer with checked citations: `annotations` say which page each mark of the text stands for, `waypost` is the
        object of `/v1/ask`. System messages change nothing; what can't be done (tools, images, n > 1) is refused. With `stream`
        it comes in chunks; one that breaks off ends with an error, and never with `[DONE]`."""
        body.check()
        asker = reader.asker(persona_of(body.model))
        question, earlier = asked_of(body.messages)
        told = partial(shown, request, "ask", question, face="chat")
        events = audited(told, reader.conversation("chat").retold(asker, question, viewer, None, earlier))
        if not body.stream:
            return JSONResponse(completion(_whole(events), body.model, str(request.base_url)))
        first = next(events)  # what can't be answered at all is told by the status
        chunks = _chunks(chain([first], events), Chunks(body.model, str(request.base_url), usage=body.wants_usage))
        return StreamingResponse(chunks, media_type="text/event-stream", headers={"Cache-Control": "no-store"})


def _whole(events: Iterator[AskEvent]) -> Answer:
    final = Answer("", "not_found")
    for event in events:
        final = event.answer or final
    return final


def _chunks(events: Iterator[AskEvent], chunks: Chunks) -> Iterator[str]:
    try:
        yield _sse(chunks.opening())
        for event in events:
            yield from map(_sse, chunks.of(event))
        yield from map(_sse, chunks.closing())
    except WaypostError as error:
        yield _sse({"error": error_object(http_status(error), str(error), "unavailable")})
        return
    except Exception:
        logging.getLogger(__name__).exception("an answer broke off")
        yield _sse({"error": error_object(500, _BROKE_OFF, "broke_off")})
        return
    yield "data: [DONE]\n\n"


def _sse(data: Any) -> str:
    return f"data: {json.dumps(data, ensure_ascii=False)}\n\n"


def _add_models(router: APIRouter, reader: Reader) -> None:
    @router.get("/v1/models", responses={400: PROBLEMS[400]})
    def models() -> Models:
        """What `model` may be: `waypost`, and `waypost/` before the name of a persona."""
        return models_view(reader.personas.all())

    @router.get("/v1/models/{model:path}", responses={k: PROBLEMS[k] for k in (400, 404)})
    def model(model: str) -> Model:
        """One of them."""
        found = next((one for one in models_view(reader.personas.all())["data"] if one["id"] == model), None)
        if found is None:
            raise NotFoundError(f"there is no model {model[:100]!r}; GET /v1/models lists them, such as {MODEL!r}")
        return found
