"""Documents as MCP resources, `waypost://documents/{id}`: listed in pages and read, as far as the caller may see them."""

from __future__ import annotations

import re

from mcp_types import (
    ListResourcesResult,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)

from api.compose import Reader
from api.mcp_tools.tool import address_of, portion, resource_of, total_lines
from api.v1.cursors import cursor_of, place_of
from rag.catalog.documents import ListedDocument
from rag.errors import NotFoundError
from rag.records import Viewer

PAGE = 100  # documents of one page
_LONGEST = 200_000  # characters of a document
_URI = re.compile(r"waypost://documents/([A-Za-z0-9_-]{1,200})")
TEMPLATES = [
    ResourceTemplate(
        uri_template="waypost://documents/{id}",
        name="document",
        title="A document",
        description="A page, runbook or file as stored, by the id that search and citations give.",
        mime_type="text/plain",
    )
]


def list_documents(reader: Reader, viewer: Viewer, cursor: str) -> ListResourcesResult:
    """A page of what the viewer may see, by source and path. Raises: SettingsError for a cursor that was never given."""
    source, path, *_ = place_of(cursor[:10_000])
    access = reader.catalog.access_keys(viewer)
    rows = reader.catalog.listed.find(access, after=(source, path), limit=PAGE + 1)
    page = rows[:PAGE]
    onward = cursor_of((page[-1].source, page[-1].path, 0, "")) if len(rows) > PAGE else None
    return ListResourcesResult(resources=[_listed(row) for row in page], next_cursor=onward)


def _listed(row: ListedDocument) -> Resource:
    return Resource(
        uri=resource_of(row.id),
        name=f"{row.source}/{row.path}",
        title=row.title or row.path,
        description=row.kind,
        mime_type=_type(row.path),
    )


def read_document(reader: Reader, viewer: Viewer, uri: str) -> ReadResourceResult:
    """A document's text; of a very long one the beginning. Raises: NotFoundError, alike for one that is hidden and one that isn't
    there."""
    named = _URI.fullmatch(uri)
    if not named:
        raise NotFoundError(
            f"there is no resource {uri[:200]!r}: resources are waypost://documents/ID, with the id of a search result"
        )
    document = reader.catalog.document(named[1], viewer)
    text, last = portion(document, 1, _LONGEST)
    total = total_lines(document)
    told = {
        "version": document.version,
        "url": address_of(document, 1, min(last, total)),
        "updated_at": document.updated_at,
    }
    more = {"next_line": last + 1} if last < total else {}
    return ReadResourceResult(
        contents=[TextResourceContents(uri=uri, mime_type=_type(document.path), text=text, _meta={**told, **more})]
    )


def _type(path: str) -> str:
    return "text/markdown" if path.lower().endswith((".md", ".markdown")) else "text/plain"
