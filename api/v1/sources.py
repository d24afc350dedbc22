"""`/v1/sources` and `/v1/runs`: what is kept in step, and how that goes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import FastAPI, Query

from api.access.caller import Seeing
from api.compose import Reader
from api.settings import Settings
from api.status import may_know, named_sources, runs_view, sources_view
from api.v1.cursors import Cursor, cursor_of, place_of
from api.v1.problems import answers
from api.v1.shapes import QueuedShape, RunsShape, SourcesShape
from rag.errors import NotFoundError


def add_sources(app: FastAPI, settings: Settings, reader: Reader, pushed: Callable[[str], None] | None = None) -> None:
    """Adds the routes, over what each caller may read; `pushed` is told which source to sync now."""

    @app.get("/v1/sources", responses=answers(SourcesShape), tags=["documents"])
    def sources(viewer: Seeing) -> dict[str, Any]:
        """The sources, synced or not: state, last complete sync (`synced_at`), `next_sync`, what went wrong (`message`), how many
        documents this viewer may see; `counts` and `reasons` of what is not indexed, or why they are hidden."""
        return {"sources": sources_view(reader.catalog, viewer, named_sources(settings))}

    _add_runs(app, settings, reader)
    if pushed:
        _add_sync(app, settings, reader, pushed)


def _add_runs(app: FastAPI, settings: Settings, reader: Reader) -> None:
    @app.get("/v1/runs", responses=answers(RunsShape), tags=["documents"])
    def runs(
        viewer: Seeing,
        source: Annotated[str, Query(description="only runs of this source")] = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
        cursor: Cursor = "",
    ) -> dict[str, Any]:
        """The last syncs, newest first: when, how each ended, and what became of all that the source listed, or
        why that is hidden (`counts_hidden`)."""
        began, of, shown, _ = place_of(cursor)
        behind = (began, of, max(shown, 0)) if cursor else None
        found, onward = runs_view(reader.catalog, viewer, named_sources(settings), source, limit, behind)
        return {"runs": found, "next_cursor": cursor_of((*onward, "")) if onward else None}


def _add_sync(app: FastAPI, settings: Settings, reader: Reader, pushed: Callable[[str], None]) -> None:
    @app.post(
        "/v1/sources/{name}/sync", status_code=202, responses=answers(QueuedShape, 404, status=202), tags=["documents"]
    )
    def sync(name: str, viewer: Seeing) -> dict[str, Any]:
        """Syncs a source as soon as the sync before it is done; `/v1/runs` tells how that goes."""
        if not may_know(reader.catalog, viewer, named_sources(settings), name):
            raise NotFoundError(f"there is no source {name[:80]!r}")
        pushed(name)
        return {"source": name, "queued": True}
