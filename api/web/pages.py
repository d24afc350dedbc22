"""The page for people, put together: its routes, its files, and its way in."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from api.compose import Reader
from api.settings import Settings
from api.web.asking import add_asking
from api.web.entrance import Entrance, add_entrance
from api.web.finding import add_finding
from api.web.reading import add_reading
from api.web.routing import pages
from api.web.standing import add_standing
from api.web.templating import HEADERS, STATIC
from api.web.terraform_pages import add_terraform_pages


class _Files(StaticFiles):
    """Our script, style sheet and htmx; kept by browsers, since another content has another address (`?v=`)."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        kept = "public, max-age=31536000, immutable" if scope.get("query_string") else "no-cache"
        response.headers.update({**HEADERS, "Cache-Control": kept})
        return response


def add_web(app: FastAPI, settings: Settings, reader: Reader) -> None:
    """Adds the page to the application. Call it after the gate was added: `Entrance` must stand before that."""
    router = pages()
    add_asking(router, settings, reader)
    add_reading(router, reader)
    add_finding(router, settings, reader)
    add_terraform_pages(router, reader)
    add_standing(router, settings, reader)
    add_entrance(router)
    app.include_router(router)
    app.mount("/static", _Files(directory=STATIC), name="static")
    app.add_middleware(Entrance)
