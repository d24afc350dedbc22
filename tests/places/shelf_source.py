"""A source of one's own: a shelf of pages behind two paths of JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ingest.sources import Link, Listed, Listing, Options, Previous, SourceSpec, SourceType
from ingest.sources.moves import moved
from ingest.sources.web import StatusError, WebApi
from rag.errors import DocumentError, SourceError


class ShelfOptions(Options):
    shelf: str = "main"


class ShelfSource:
    """The pages of one shelf. `GET pages?after=ID` lists twenty of them; `GET pages/ID` has the Markdown of one."""

    def __init__(self, spec: SourceSpec, folder: Path) -> None:
        self._spec = spec
        self._api = WebApi(spec.name, spec.location, spec.credentials)

    def listing(self, previous: Previous) -> Listing:
        where = f"source {self._spec.name!r}: {self._spec.location}"
        pages = []
        for found in self._api.walk(self._ask, "pages"):
            pages.extend(found["pages"])
        if len(pages) != found["total"]:
            raise SourceError(f"{where} has {found['total']} pages, and listed {len(pages)}; sync again")
        selected = self._spec.selects()
        items = [item for item in map(_listed, pages) if selected(item.path)]
        message = "" if items else "it lists no page"
        return Listing(tuple(items), complete=bool(items), moved=moved(previous, items), message=message)

    def _ask(self, after: int | None) -> tuple[dict[str, Any], int | None]:
        found = self._api.json("pages", {"shelf": self._spec.options.shelf, "after": after or 0})
        if not isinstance(found, dict) or not {"pages", "next", "total"} <= found.keys():
            raise SourceError(f"source {self._spec.name!r}: the server answered with no list of pages; sync again")
        return found, found["next"]

    def fetch(self, items: Sequence[Listed]) -> Iterator[tuple[Listed, bytes | Exception]]:
        for item in items:
            try:
                yield item, self._api.get(f"pages/{item.handle}").body
            except StatusError as error:
                if error.status not in (403, 404):
                    raise
                yield item, DocumentError(f"the server refuses to show it (HTTP status {error.status})")

    def link(self, item: Listed, version: str) -> Link:
        return Link(f"{self._spec.location}/pages/{item.handle}?revision={version}", "#L{start}-L{end}")

    def close(self) -> None:
        self._api.close()


def _listed(page: dict[str, str]) -> Listed:
    path = f"{page['title']}.md"
    signature = f"{page['id']} {page['revision']}"
    return Listed(
        path,
        signature,
        version=str(page["revision"]),
        updated_at=page["updated_at"],
        handle=str(page["id"]),
        is_page=True,
    )


TYPE = SourceType(ShelfSource, ShelfOptions)
