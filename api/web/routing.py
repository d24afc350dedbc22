"""How pages are routed: errors are pages too, all bear the same headers, and forms are taken from our own pages alone."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import Depends, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, APIRouter
from starlette.exceptions import HTTPException

from api.failures import http_status
from api.web.templating import HEADERS, is_part, respond
from rag.errors import WaypostError

_LARGEST = 64_000  # bytes of a form
_FIELDS = 100
Form = dict[str, list[str]]


class PageRoute(APIRoute):
    """A route whose failures are told in HTML."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                response = await inner(request)
            except WaypostError as error:
                return told(request, http_status(error), str(error))
            except RequestValidationError as error:
                wrong = "; ".join(f"{entry['loc'][-1]}: {entry['msg']}" for entry in error.errors())
                return told(request, 422, wrong)
            except HTTPException as error:
                return told(request, error.status_code, str(error.detail))
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return handle


def pages() -> APIRouter:
    """A router for pages."""
    return APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=Response)


def told(request: Request, status: int, detail: str) -> Response:
    """The page, or the part of one, that says what went wrong."""
    title = {404: "Not here", 403: "Not allowed"}.get(status, "That did not work")
    template = "_error.html" if is_part(request) else "error.html"
    return respond(request, template, status, title=title, detail=detail)


async def form_of(request: Request) -> Form:
    """The fields of a form. Raises: HTTPException 413, 415."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise HTTPException(415, "forms are sent as application/x-www-form-urlencoded")
    body = await request.body()  # which `api.bodies` bounds, less narrowly
    if len(body) > _LARGEST:
        raise HTTPException(413, f"a form may have {_LARGEST} bytes at most")
    try:
        return parse_qs(body.decode("utf-8"), keep_blank_values=True, max_num_fields=_FIELDS)
    except ValueError:
        raise HTTPException(400, f"a form is UTF-8 with {_FIELDS} fields at most") from None


Fields = Annotated[Form, Depends(form_of)]


def field(form: Form, name: str, longest: int = 4000) -> str:
    """One field's value, "" without one. Raises: HTTPException 422 for a longer one."""
    value = form.get(name, [""])[-1]
    if len(value) > longest:
        raise HTTPException(422, f"{name} may have {longest} characters at most")
    return value
