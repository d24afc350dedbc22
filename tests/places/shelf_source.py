"""A source of one's own: a shelf of pages behind two paths of JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ingest.sources import Link, Listed, Listing, Options, Previous, SourceSpec, SourceType
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
        pages, after, total = [], 0, 0
        while after is not None:
            found = self._api.json("pages", {"shelf": self._spec.options.shelf, "after": after})
            try:
                pages.extend(found["pages"])
                following, total = found["next"], found["total"]
            except (TypeError, KeyError) as error:
                raise SourceError(f"{where} answered with no list of pages; sync again") from error
            if following is not None and following <= after:
                raise SourceError(f"{where} lists pages without an end; sync again")
            after = following
        if len(pages) != total:
            raise SourceError(f"{where} has {total} pages, and listed {len(pages)}; sync again")
        selected = self._spec.selects()
        items = [item for item in map(_listed, pages) if selected(item.path)]
        was = {signature.split()[0]: path for path, signature in previous.signatures.items()}
        moved = {item.path: was[item.handle] for item in items if was.get(item.handle, item.path) != item.path}
        return Listing(tuple(items), complete=bool(items), moved=moved, message="" if items else "it lists no page")

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
    return Listed(path, signature, version=str(page["revision"]), updated_at=page["updated_at"], handle=str(page["id"]))


TYPE = SourceType(ShelfSource, ShelfOptions)
