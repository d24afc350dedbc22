"""`/sources`, `/gaps`, `/drift`: how what is known stands, what was asked in vain, where documents and code disagree."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.access.caller import Seeing
from api.compose import Reader
from api.observability.audit import shown
from api.settings import Settings
from api.status import named_sources, sources_view
from api.views import drift_view, gap_view
from api.web.answers import place_link, source_link
from api.web.templating import respond
from rag.drift import REPORTED, Drift

_MOST = 200


def add_standing(router: APIRouter, settings: Settings, reader: Reader) -> None:
    """Adds the routes, over what each caller may read."""

    @router.get("/sources")
    def sources(request: Request, viewer: Seeing) -> Response:
        """Each source with its state, its last sync and the next."""
        known = sources_view(reader.catalog, viewer, named_sources(settings))
        return respond(request, "sources.html", sources=known)

    @router.get("/gaps")
    def gaps(request: Request, viewer: Seeing) -> Response:
        """What was asked and the documents don't answer, most asked first."""
        listed = reader.gaps.listed(viewer, limit=_MOST)
        shown(request, "gaps", "", [gap_view(one) for one in listed], face="web")
        found = [(one.gap, [(page, source_link(page.id, 1, 0)) for page in one.nearest]) for one in listed]
        return respond(request, "gaps.html", found=found)

    @router.get("/drift")
    def drift(request: Request, viewer: Seeing) -> Response:
        """Where documents state what code contradicts, or name what it no longer has, surest first."""
        found = [one for one in reader.drift(viewer) if one.confidence >= REPORTED]
        shown(request, "drift", "", [drift_view(one) for one in found[:_MOST]], face="web")
        return respond(request, "drift.html", found=[_told(one) for one in found[:_MOST]], total=len(found))


def _told(one: Drift) -> dict[str, Any]:
    places = [("document", one.document), *([("code", one.code)] if one.code else [])]
    return {
        "kind": one.kind, "about": one.about, "summary": one.summary, "confidence": one.confidence,
        "places": [
            {
                "what": what, "name": f"{at.source}/{at.path}:{at.line}", "quote": at.quote,
                "link": place_link(at.source, at.path, at.line),
            }
            for what, at in places
        ],
    }  # fmt: skip
