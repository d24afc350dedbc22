"""`/source/…`: a document beside the answer that cites it, the cited lines marked, with date, owner, version and pinned link."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from api.access.caller import Seeing
from api.compose import Reader
from api.observability.audit import shown
from api.web.answers import query_of
from api.web.markdown import document_html
from api.web.templating import is_part, respond
from rag.errors import NotFoundError
from rag.records import Document, Viewer

_BEFORE, _BEHIND = 150, 450  # lines that are shown around those that are cited
_WIDEST = 2000  # letters of a line
_MENTIONS = 12
_RENDERED = 400_000  # letters of a document that is shown as a page
Line = Annotated[int, Query(ge=1, le=10_000_000)]
View = Literal["lines", "page"]


@dataclass(frozen=True)
class _Cut:
    """A document's lines from `first` to `last`, of `total`; `start` to `end` are marked, 0 for none."""

    lines: list[tuple[int, str, bool]]
    first: int
    last: int
    total: int


def add_reading(router: APIRouter, reader: Reader) -> None:
    """Adds the routes, over what each caller may read."""

    @router.get("/source/{document_id}")
    def source(
        request: Request, document_id: str, viewer: Seeing, start: Line = 1, end: Annotated[int, Query(ge=0)] = 0,
        version: Annotated[str, Query(max_length=200)] = "", view: View = "lines",
    ) -> Response:  # fmt: skip
        """A document by its id, in the version that was cited where that is kept, else as it is now."""
        replaced, kept = "", True
        try:
            if version:
                found, replaced = reader.catalog.version(document_id, version, viewer)
            else:
                found = reader.catalog.document(document_id, viewer)
        except NotFoundError:
            found, kept = _present(reader, document_id, viewer), False
        return _shown(request, reader, viewer, found, start, end, view, replaced_at=replaced, kept=kept)

    @router.get("/source")
    def source_at(
        request: Request, viewer: Seeing, source: Annotated[str, Query(max_length=200)],
        path: Annotated[str, Query(max_length=2000)], start: Line = 1, end: Annotated[int, Query(ge=0)] = 0,
        view: View = "lines",
    ) -> Response:  # fmt: skip
        """A document by its place, as it is now."""
        found = reader.catalog.document_at(source, path)
        if found is None or not found.access.admits(viewer.groups):
            raise NotFoundError(_NONE)
        return _shown(request, reader, viewer, found, start, end, view)


_NONE = "there is no such document, or not for you"


def _present(reader: Reader, document_id: str, viewer: Viewer) -> Document:
    try:
        return reader.catalog.document(document_id, viewer)
    except NotFoundError:
        raise NotFoundError(_NONE) from None


def _shown(
    request: Request, reader: Reader, viewer: Viewer, found: Document, start: int, end: int, view: View,
    replaced_at: str = "", kept: bool = True,
) -> Response:  # fmt: skip
    cut = _around(found, start, end)
    place = {"document_id": found.id, "version": found.version}
    shown(request, "document", found.id, place, face="web")
    marked = (start, end) if end else None
    as_page = view == "page" and len(found.text) <= _RENDERED
    mentions = [] if replaced_at else reader.terraform(viewer).mentioned_in(found)
    query = query_of({"start": str(start), "end": str(end), "version": found.version if replaced_at else ""})
    values: dict[str, Any] = {
        "document": found, "cut": cut, "start": start, "end": end, "replaced_at": replaced_at, "kept": kept,
        "url": found.link(start, end or start), "place": found.place(start, end or start), "view": view, "query": query,
        "page": document_html(found.text, marked) if as_page else None, "mentions": mentions[:_MENTIONS],
        "today": datetime.now(UTC).date().isoformat(),
        "markdown": found.path.lower().endswith((".md", ".markdown")) or bool(found.places),
    }  # fmt: skip
    return respond(request, "_source.html" if is_part(request) else "source.html", **values)


def _around(found: Document, start: int, end: int) -> _Cut:
    lines = found.text.split("\n")
    total = len(lines) - (1 if found.text.endswith("\n") else 0)
    start = min(start, max(total, 1))
    first, last = max(start - _BEFORE, 1), min(max(start, end) + _BEHIND, total)
    last = min(last, first + _BEFORE + _BEHIND * 4)
    shown = [
        (number, text if len(text) <= _WIDEST else text[:_WIDEST] + " …", start <= number <= end)
        for number, text in enumerate(lines[first - 1 : last], first)
    ]
    return _Cut(shown, first, last, total)
