"""`/v1/documents` and `/v1/drift`: what is stored, by line, and where it disagrees with code."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Query, Request

from api.access.caller import Seeing
from api.compose import Reader
from api.observability.audit import shown
from api.v1.problems import PROBLEMS
from api.views import document_view, drift_view
from rag.drift import REPORTED
from rag.errors import SettingsError


def add_documents(app: FastAPI, reader: Reader) -> None:
    """Adds the routes, over what each caller may read."""

    @app.get("/v1/documents/{document_id}", responses={k: PROBLEMS[k] for k in (400, 404, 503)}, tags=["documents"])
    def document(
        request: Request,
        document_id: str,
        viewer: Seeing,
        start: Annotated[int, Query(ge=1, description="first line")] = 1,
        end: Annotated[int, Query(ge=1, description="last line")] = 10_000_000,
        version: Annotated[
            str, Query(max_length=200, description="a citation's version; without it, the present one")
        ] = "",
    ) -> dict[str, Any]:
        """A document as stored (credentials redacted), or some lines of it; `resources` are what it mentions of Terraform. Of an
        older `version`, kept so that old citations resolve, `replaced_at` says until when it was the present one."""
        if version:
            found, replaced_at = reader.catalog.version(document_id, version, viewer)
        else:
            found, replaced_at = reader.catalog.document(document_id, viewer), ""
        if start > end or start > found.text.count("\n") + 1:
            raise SettingsError(f"there are no lines {start} to {end}: it has {found.text.count(chr(10)) + 1}")
        mentions = reader.terraform(viewer).mentioned_in(found)
        passages = [] if replaced_at else reader.passages_of(document_id)
        view = document_view(found, passages, start, end, mentions)
        shown(request, "document", document_id, {**view, "document_id": found.id})
        return {**view, "replaced_at": replaced_at}

    @app.get("/v1/drift", responses={k: PROBLEMS[k] for k in (400, 503)}, tags=["documents"])
    def drift(
        request: Request,
        viewer: Seeing,
        source: Annotated[str, Query(description="only documents of this source")] = "",
        min_confidence: Annotated[float, Query(ge=0, le=1)] = REPORTED,
    ) -> dict[str, Any]:
        """Where documents state what Terraform contradicts (`kind` value), or name what it no longer has (gone), surest first."""
        found = [one for one in reader.drift(viewer) if source in ("", one.document.source)]
        view = [drift_view(one) for one in found if one.confidence >= min_confidence]
        return shown(request, "drift", source, {"drift": view})
