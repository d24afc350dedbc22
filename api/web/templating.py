"""Templates, and the headers that every page goes out with. All that is put into a template is made harmless and escaped."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from api.access.caller import Caller
from api.web.harmless import harmless
from api.web.markdown import web_link
from rag.errors import StorageError

FOLDER = Path(__file__).parent
STATIC = FOLDER / "static"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",  # what one may read, the next one at this browser may not
    "Vary": "HX-Request",
}


def is_part(request: Request) -> bool:
    """Whether htmx asks for a part of a page."""
    return request.headers.get("hx-request") == "true"


def respond(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page, or a part of one, for whoever asks."""
    caller = getattr(request.state, "caller", Caller())
    page = fill(template, caller=caller, path=request.url.path, sign_in=_way_in(request), **values)
    return HTMLResponse(page, status, HEADERS)


def _way_in(request: Request) -> str:
    """The address that one signs in at and comes back from; "" where there is no key to sign in by, or no need of it."""
    state = request.state
    if (
        not hasattr(state, "caller")
        or state.caller.via != "anonymous"
        or is_part(request)
        or request.url.path == "/signin"
    ):
        return ""
    try:
        if not state.identity.keys.any_live():
            return ""
    except StorageError:  # the page is worth more than its link
        return ""
    query = f"?{request.url.query}" if request.url.query else ""
    onward = f"{request.url.path}{query}" if request.method == "GET" else "/"
    return f"/signin?{urlencode({'next': onward})}"


def fill(template: str, **values: Any) -> str:
    """A template's text."""
    values.setdefault("caller", Caller())
    values.setdefault("sign_in", "")
    return _templates().get_template(template).render(**values)


@cache
def _templates() -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, finalize=_clean, auto_reload=False,
    )  # fmt: skip
    made.globals["static"] = _static
    made.filters["web_link"] = web_link
    made.filters["day"] = lambda moment: moment[:10]
    return made


def _clean(value: Any) -> Any:
    return harmless(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@cache
def _static(name: str) -> str:
    """The address of a file of ours: another one when its content is another."""
    return f"/static/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]}"
