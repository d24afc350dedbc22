"""`/v1/audit`: who was shown what, for those who may know of everybody (scope `admin`)."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Query

from api.observability.audit import Audit
from api.observability.chain import Recorded, Wanted
from api.observability.moments import moment
from api.v1.problems import PROBLEMS
from rag.errors import NotFoundError


def add_audit(app: FastAPI, audit: Audit) -> None:
    """Adds the route."""

    @app.get("/v1/audit", responses={k: PROBLEMS[k] for k in (400, 404, 503)}, tags=["operations"])
    def entries(
        since: Annotated[str, Query(max_length=40, description="a day or a time (ISO 8601, UTC unless it says)")] = "",
        until: Annotated[str, Query(max_length=40, description="up to this, not included")] = "",
        caller: Annotated[str, Query(max_length=300)] = "",
        document: Annotated[str, Query(max_length=100, description="a document's id: who was shown it")] = "",
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        cursor: Annotated[
            str, Query(pattern=r"^[0-9]{0,18}$", description="the `next_cursor` of the page before")
        ] = "",
    ) -> dict[str, Any]:
        """Who asked what and which documents were shown, newest first. `documents` are ids with versions, 200 at most;
        `count` is of all. `erased`: a purge took the question."""
        if audit.recorder is None:
            raise NotFoundError("no audit is kept: WAYPOST_AUDIT=off")
        audit.recorder.flush(1.0)
        wanted = Wanted(moment(since), moment(until), caller, document, int(cursor or 0))
        found = audit.recorder.chain.entries(wanted, limit + 1)
        page = found[:limit]
        return {
            "entries": [recorded_view(one) for one in page],
            "next_cursor": str(page[-1].seq) if len(found) > limit else None,
        }


def recorded_view(one: Recorded) -> dict[str, Any]:
    """An entry of the audit as JSON."""
    entry = one.entry
    return {
        "number": one.seq, "at": entry.at, "caller": entry.caller, "via": entry.via, "face": entry.face,
        "action": entry.action, "query": entry.words, "erased": one.erased, "verdict": entry.verdict,
        "documents": [{"document_id": document, "version": version} for document, version in entry.documents],
        "count": entry.count, "request_id": entry.request, "note": entry.note, "hash": one.hash,
    }  # fmt: skip
