"""The server of the smallest network source there can be, which docs/sources.md shows (`shelf_source`)."""

from __future__ import annotations

from pathlib import Path

from ingest.sources import Source, SourceSpec
from tests.places import Place
from tests.places.server import Ask, Reply, data
from tests.places.shelf_source import ShelfOptions, ShelfSource


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
