"""`/v1/sources` and `/v1/runs`: what is kept in step, and how that goes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Query

from api.access.caller import Seeing
from api.compose import Reader
from api.settings import Settings
from api.status import named_sources, runs_view, sources_view
from api.v1.problems import answers
from api.v1.shapes import RunsShape, SourcesShape


def add_sources(app: FastAPI, settings: Settings, reader: Reader) -> None:
    """Adds the routes, over what each caller may read."""

    @app.get("/v1/sources", responses=answers(SourcesShape), tags=["documents"])
    def sources(viewer: Seeing) -> dict[str, Any]:
        """The sources, synced or not: state, last complete sync (`synced_at`), `next_sync`, what went wrong (`message`), how many
        documents this viewer may see; `counts` and `reasons` of what is not indexed, or why they are hidden."""
        return {"sources": sources_view(reader.catalog, viewer, named_sources(settings))}

    @app.get("/v1/runs", responses=answers(RunsShape), tags=["documents"])
    def runs(
        viewer: Seeing,
        source: Annotated[str, Query(description="only runs of this source")] = "",
        limit: Annotated[int, Query(ge=1, le=500)] = 50,
    ) -> dict[str, Any]:
        """The last syncs, newest first: when, how each ended, and what became of all that the source listed, or
        why that is hidden (`counts_hidden`)."""
        return {"runs": runs_view(reader.catalog, viewer, named_sources(settings), source, limit)}
