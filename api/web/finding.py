"""`/search`: passages as one types."""

from __future__ import annotations

import re
import time
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.access.caller import Seeing
from api.compose import Reader
from api.observability.audit import shown
from api.settings import Settings
from api.status import named_sources, sources_view
from api.views import coverage_view, search_view
from api.web.answers import source_link
from api.web.templating import is_part, respond
from rag.records import KINDS, ScoredPassage
from rag.search import MAX_QUERY, Filters

_FOUND = 15
_LINES = 6  # of a passage that are shown
Names = Annotated[list[str] | None, Query(max_length=100)]


def add_finding(router: APIRouter, settings: Settings, reader: Reader) -> None:
    """Adds the route, over what each caller may read."""

    @router.get("/search")
    def search(
        request: Request, viewer: Seeing, q: Annotated[str, Query(max_length=MAX_QUERY)] = "", source: Names = None,
        kind: Names = None,
    ) -> Response:  # fmt: skip
        """What is found for `q`, or the empty form."""
        began = time.perf_counter()
        filters = Filters(tuple(filter(None, source or ())), tuple(filter(None, kind or ())))
        result = reader.retriever.search(q, viewer, _FOUND, filters) if q.strip() else None
        took = (time.perf_counter() - began) * 1000
        if result:
            shown(request, "search", q, search_view(result, took), face="web")
        values: dict[str, Any] = {
            "q": q, "found": [(one, _link(one), _excerpt(one, q)) for one in result.passages] if result else [],
            "coverage": coverage_view(result.coverage) if result else None, "took": took,
        }  # fmt: skip
        if is_part(request):
            return respond(request, "_results.html", **values)
        known = sources_view(reader.catalog, viewer, named_sources(settings))
        return respond(
            request, "search.html", sources=[one["name"] for one in known], kinds=KINDS, chosen=filters, **values
        )


def _link(found: ScoredPassage) -> str:
    return source_link(found.document.id, found.passage.start_line, found.passage.end_line)


def _excerpt(found: ScoredPassage, q: str) -> str:
    """The lines around the one that holds most of the words."""
    lines = found.passage.text.strip("\n").split("\n")
    words = re.findall(r"[\w-]{3,}", q.lower())
    held = [sum(word in line.lower() for word in words) for line in lines]
    first = max(held.index(max(held)) - 1, 0)
    before, behind = "…\n" if first else "", "\n…" if len(lines) > first + _LINES else ""
    return before + "\n".join(line[:200] for line in lines[first : first + _LINES]) + behind
