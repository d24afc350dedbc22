"""The server of a documentation site: robots.txt, a sitemap index, pages with menus around them, ETags, and redirects of what
moved."""

from __future__ import annotations

import hashlib
import html
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from ingest.sources import Source, SourceSpec
from ingest.sources.website import WebsiteOptions, WebsiteSource
from tests.places import Place
from tests.places.server import Ask, Reply

_PAGE = """<!doctype html><html><head><title>{name} | Ops handbook</title><link rel="canonical" href="{url}">
<meta name="csrf-token" content="{nonce}"></head><body><nav><a href="/docs/">Home</a></nav>
<main><h1 id="top">{name}</h1><p>{text}</p></main><footer>Generated at {nonce}</footer></body></html>"""


class WebsitePlace(Place):
    """Pages below /docs/. Each second one has a time in the sitemap; the others have an ETag alone."""

    type = "website"

    def __init__(self, server: object) -> None:
        super().__init__(server)  # type: ignore[arg-type]
        self.pages: dict[str, str] = {}
        self.changed: dict[str, datetime] = {}
        self.moved: dict[str, str] = {}
        self.robots = "User-agent: *\nDisallow: /docs/private/\n"
        self.with_times = True
        self.served: dict[str, Reply] = {}  # by name, in the page's place
        self._clock = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self._answers = 0

    @property
    def url(self) -> str:
        return f"{self.server.address}/docs/"

    def answer(self, ask: object) -> Reply:
        assert isinstance(ask, Ask)
        self._answers += 1
        if ask.path == "/robots.txt":
            return Reply(200, f"{self.robots}Sitemap: {self.server.address}/sitemap.xml\n".encode())
        if ask.path == "/sitemap.xml":
            return _xml(
                f"<sitemapindex {_NS}><sitemap><loc>{self.server.address}/pages.xml</loc></sitemap></sitemapindex>"
            )
        if ask.path == "/pages.xml":
            return _xml(f"<urlset {_NS}>{''.join(map(self._entry, self.pages))}</urlset>")
        name = ask.path.removeprefix("/docs/")
        if name in self.served:
            return self.served[name]
        if name in self.pages:
            return self._page(name, ask)
        if name in self.moved:
            return Reply(301, b"", {"Location": self._address(self.moved[name])})
        return Reply(404, b"<html><title>Not here</title>no", {"Content-Type": "text/html"})

    def _page(self, name: str, ask: Ask) -> Reply:
        etag = f'"{hashlib.sha256(self.pages[name].encode()).hexdigest()[:16]}"'
        if ask.headers.get("if-none-match") == etag:
            return Reply(304, b"", {"ETag": etag})
        body = _PAGE.format(
            name=html.escape(name), text=html.escape(self.pages[name]), url=html.escape(self._address(name)),
            nonce=self._answers,
        )  # fmt: skip
        return Reply(200, body.encode(), {"Content-Type": "text/html; charset=utf-8", "ETag": etag})

    def _address(self, name: str) -> str:
        return self.url + quote(name)

    def _entry(self, name: str) -> str:
        timed = self.with_times and len(name) % 2
        time = f"<lastmod>{self.changed[name].isoformat()}</lastmod>" if timed else ""
        return f"<url><loc>{html.escape(self._address(name))}</loc>{time}</url>"

    def put(self, name: str, text: str) -> None:
        self._clock += timedelta(minutes=1)
        self.pages[name], self.changed[name] = text, self._clock
        self.moved.pop(name, None)

    def remove(self, name: str) -> None:
        del self.pages[name]

    def move(self, name: str, to: str) -> None:
        self.put(to, self.pages.pop(name))
        self.moved[name] = to

    def path_of(self, name: str) -> str:
        return name.replace("%", "%25").replace("?", "%3F").replace("#", "%23")

    def source(self, spec: SourceSpec, folder: Path) -> Source:
        return WebsiteSource(spec, folder)

    def spec(self, **settings: object) -> SourceSpec:
        options = settings.pop("options", WebsiteOptions(per_second=100))
        return super().spec(options=options, **settings)


_NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'


def _xml(body: str) -> Reply:
    return Reply(200, f'<?xml version="1.0" encoding="UTF-8"?>{body}'.encode(), {"Content-Type": "application/xml"})
