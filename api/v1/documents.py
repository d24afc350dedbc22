"""`/v1/documents`, `/v1/passages` and `/v1/drift`: what is stored, in lists and by line, and where it disagrees with code."""

from __future__ import annotations

import re
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request
from fastapi.responses import Response

from api.access.caller import Seeing
from api.compose import Reader
from api.observability.audit import shown
from api.v1.cursors import Cursor, cursor_of, place_of
from api.v1.etags import NOT_MODIFIED, tagged
from api.v1.problems import answers
from api.v1.shapes import DocumentShape, DocumentsShape, DriftsShape, PassageShape
from api.views import document_view, drift_view, listed_view, passage_view
from rag.catalog.documents import WantedDocuments
from rag.drift import REPORTED
from rag.errors import SettingsError
from rag.indexes.lexical import glob_regex
from rag.records import KINDS

_LONGEST = 1000  # letters of a name or a path
_MOST_STARS = 8  # in a glob: what each of them may stand for is tried with what all others may


def add_documents(app: FastAPI, reader: Reader) -> None:
    """Adds the routes, over what each caller may read."""
    _add_list(app, reader)
    _add_document(app, reader)
    _add_passage(app, reader)
    _add_drift(app, reader)


def _add_list(app: FastAPI, reader: Reader) -> None:
    @app.get("/v1/documents", responses=answers(DocumentsShape), tags=["documents"])
    def documents(
        request: Request,
        viewer: Seeing,
        source: Annotated[str, Query(max_length=_LONGEST, description="only this source")] = "",
        kind: Annotated[
            str, Query(max_length=_LONGEST, description="only this kind", json_schema_extra={"enum": ["", *KINDS]})
        ] = "",
        path: Annotated[str, Query(max_length=_LONGEST, description="a glob such as runbooks/**")] = "",
        owner: Annotated[str, Query(max_length=_LONGEST, description="only this owner's")] = "",
        limit: Annotated[int, Query(ge=1, le=200, description="how many at most")] = 50,
        cursor: Cursor = "",
    ) -> dict[str, Any]:
        """The documents, without their texts, in the order of source and path."""
        if kind not in ("", *KINDS):
            raise SettingsError(f"there is no kind {kind[:80]!r}; there are: {', '.join(KINDS)}")
        wanted: WantedDocuments = {"source": source, "kind": kind, "owner": owner, "path": _regex(path)}
        access, behind = reader.catalog.access_keys(viewer), place_of(cursor)[:2]
        found = reader.catalog.listed.find(access, after=behind, limit=limit + 1, **wanted)
        onward = found[limit - 1] if len(found) > limit else None
        view = {
            "documents": [listed_view(one) for one in found[:limit]],
            "next_cursor": cursor_of((onward.source, onward.path, 0, "")) if onward else None,
            "total": reader.catalog.listed.count(access, **wanted),
        }
        return shown(request, "document", path, view)


def _regex(glob: str) -> str:
    if len(re.findall(r"\*+", glob)) > _MOST_STARS:
        raise SettingsError(f"the glob in `path` has more than {_MOST_STARS} stars; name more of the path")
    return glob_regex(glob) if glob else ""


def _add_document(app: FastAPI, reader: Reader) -> None:
    @app.get("/v1/documents/{document_id}", responses=answers(DocumentShape, 404) | NOT_MODIFIED, tags=["documents"])
    def document(
        document_id: str,
        request: Request,
        viewer: Seeing,
        start: Annotated[int, Query(ge=1, le=10_000_000, description="first line")] = 1,
        end: Annotated[int, Query(ge=1, le=10_000_000, description="last line")] = 10_000_000,
        version: Annotated[
            str, Query(max_length=200, description="a citation's version; without it, the present one")
        ] = "",
    ) -> Response:
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
        return tagged(request, {**view, "replaced_at": replaced_at})


def _add_passage(app: FastAPI, reader: Reader) -> None:
    @app.get("/v1/passages/{passage_id}", responses=answers(PassageShape, 404) | NOT_MODIFIED, tags=["documents"])
    def passage(
        passage_id: str,
        request: Request,
        viewer: Seeing,
        around: Annotated[int, Query(ge=0, le=20, description="how many of those before and after it to give")] = 0,
    ) -> Response:
        """A passage, as search results and citations name it, and on wish those beside it in its document."""
        found, at = reader.catalog.listed.passage(reader.catalog.access_keys(viewer), passage_id, around)
        document = reader.catalog.document(found[at].document_id, viewer)
        return tagged(request, shown(request, "passage", passage_id, passage_view(document, found, at)))


def _add_drift(app: FastAPI, reader: Reader) -> None:
    @app.get("/v1/drift", responses=answers(DriftsShape), tags=["documents"])
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
