"""The smallest network source there can be, which docs/sources.md shows: a shelf of pages behind two paths of JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ingest.sources import Link, Listed, Listing, Options, Previous, Source, SourceSpec, SourceType
from ingest.sources.web import StatusError, WebApi
from rag.errors import DocumentError, SourceError
from tests.places import Place
from tests.places.server import Ask, Reply, data


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


class ShelfPlace(Place):
    """The server of such pages."""

    type = "shelf"

    def __init__(self, server: object) -> None:
        super().__init__(server)  # type: ignore[arg-type]
        self._pages: dict[int, list[str | int]] = {}  # title, text, revision
        self._last = 0

    def answer(self, ask: object) -> Reply:
        assert isinstance(ask, Ask)
        if ask.path == "/pages":
            after = int(ask.query["after"])
            ids = sorted(number for number in self._pages if number > after)
            shown = [
                {"id": str(n), "title": self._pages[n][0], "revision": self._pages[n][2], "updated_at": "2026-03-01T12:00:00Z"}
                for n in ids[:20]
            ]  # fmt: skip
            return data({"pages": shown, "total": len(self._pages), "next": ids[19] if len(ids) > 20 else None})
        number = int(ask.path.rpartition("/")[2]) if ask.path.startswith("/pages/") else 0
        found = self._pages.get(number)
        return Reply(200, str(found[1]).encode()) if found else Reply(404)

    def put(self, name: str, text: str) -> None:
        found = self._find(name)
        if found is None:
            self._last += 1
            found = self._pages.setdefault(self._last, [name, "", 0])
        found[1] = f"# {name}\n\n{text}\n"
        found[2] = int(found[2]) + 1

    def remove(self, name: str) -> None:
        self._pages = {number: page for number, page in self._pages.items() if page[0] != name}

    def move(self, name: str, to: str) -> None:
        found = self._find(name)
        assert found
        found[0], found[2] = to, int(found[2]) + 1

    def path_of(self, name: str) -> str:
        return f"{name}.md"

    def source(self, spec: SourceSpec, folder: Path) -> Source:
        return ShelfSource(spec, folder)

    def spec(self, **settings: object) -> SourceSpec:
        return super().spec(options=ShelfOptions(), **settings)

    def _find(self, name: str) -> list[str | int] | None:
        return next((page for page in self._pages.values() if page[0] == name), None)
