"""The way in: a browser that is not signed in is led to `/signin` instead of being told 401, and back to where it was going; what
it is refused otherwise, by whoever stands before the pages, it sees as a page.

This is the only place that knows of sign-in: `Entrance` stands before the gate, `add_entrance` has the pages. The sessions are
those of `api.access.sessions`.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access.caller import Calling
from api.access.sessions import begin, end
from api.problems import MEDIA_TYPE
from api.web.routing import Fields, field, told
from api.web.templating import HEADERS, respond
from rag.errors import WaypostError

_OWN = re.compile(r"/(?![/\\])[\w/.~%?=&+:@,;*()'!\[\]-]*", re.ASCII)  # an address below our own origin
_PROGRAMS = ("/v1/", "/mcp", "/openapi.json")


class Entrance:
    """ASGI middleware around everything: what a browser is refused for want of a session becomes the way to `/signin`, and any
    other problem (there is no such page, too many requests) a page that says so."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not asks_for_page(scope):
            await self._app(scope, receive, send)
            return
        led, problem, body = False, Headers(), b""
        status = 0

        async def lead(message: Message) -> None:
            nonlocal led, problem, body, status
            if message["type"] == "http.response.start":
                status, problem = message["status"], Headers(raw=message["headers"])
                if led := status == 401:
                    await _to_sign_in(scope)(scope, receive, send)
            if led:
                return
            if problem.get("content-type") != MEDIA_TYPE:
                await send(message)
                return
            body += message.get("body", b"")
            if message["type"] == "http.response.body" and not message.get("more_body", False):
                await _page(scope, status, problem, body)(scope, receive, send)

        await self._app(scope, receive, lead)


def add_entrance(router: APIRouter) -> None:
    """Adds `/signin` and `/signout`."""

    @router.get("/signin")
    def sign_in_page(request: Request, caller: Calling, next: Annotated[str, Query(max_length=2000)] = "/") -> Response:
        """The form that takes a token."""
        return respond(request, "signin.html", next=_safe(next), wrong="")

    @router.post("/signin")
    def sign_in(request: Request, form: Fields) -> Response:
        """Begins a session, and goes on to where the reader was going."""
        onward = _safe(field(form, "next", 2000))
        response = RedirectResponse(onward, 303, HEADERS)
        try:
            begin(request, response, field(form, "token", 8000))
        except WaypostError as error:
            return respond(request, "signin.html", 403, next=onward, wrong=str(error))
        return response

    @router.post("/signout")
    def sign_out() -> Response:
        """Ends the session."""
        response = RedirectResponse("/signin", 303, HEADERS)
        end(response)
        return response


def asks_for_page(scope: Scope) -> bool:
    """Whether a request is a browser's, for a page or a part of one."""
    headers = Headers(scope=scope)
    browser = "text/html" in headers.get("accept", "") or headers.get("hx-request") == "true"
    return browser and not scope["path"].startswith(_PROGRAMS)


def _to_sign_in(scope: Scope) -> Response:
    headers, query = Headers(scope=scope), scope.get("query_string", b"").decode("latin-1")
    there = scope["path"] + (f"?{query}" if query else "") if scope["method"] == "GET" else "/"
    if headers.get("hx-request") == "true":  # a part of a page: the whole page goes
        return Response(status_code=401, headers={**HEADERS, "HX-Redirect": "/signin"})
    return RedirectResponse("/signin?" + urlencode({"next": _safe(there)}), 303, HEADERS)


def _page(scope: Scope, status: int, problem: Headers, body: bytes) -> Response:
    """A problem as a page, with what else its headers say."""
    page = told(Request(scope), status, str(json.loads(body)["detail"]))
    for name, value in problem.items():
        if name not in ("content-type", "content-length", "cache-control"):
            page.headers[name] = value
    return page


def _safe(onward: Any) -> str:
    """Where to go on to: a page of ours, or the first."""
    return onward if isinstance(onward, str) and _OWN.fullmatch(onward) and not onward.startswith("/signin") else "/"
