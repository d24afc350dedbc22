"""Which pages a site says it has: its sitemaps, and the sitemaps that those name. `ingest.sources.website` calls this.

Where they are: https://www.sitemaps.org/protocol.html#informing
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urljoin

from ingest.addresses import shown
from ingest.rendering import sitemap
from ingest.sandbox import shared
from ingest.sources.web import StatusError, WebApi
from ingest.sources.website.site import Site
from rag.errors import DocumentError, SourceError

_DEEPEST = 3  # indexes within each other
_MOST = 500  # files of one site


@dataclass
class Pages:
    """The pages that a site lists, each with its last change as it is written; `problems` say why there may be more, and
    `elsewhere` counts those that are not of this source."""

    changed: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    elsewhere: int = 0


class Sitemaps:
    """The sitemaps of a site: those that are named, or else those of robots.txt, or else the usual ones."""

    def __init__(self, source: str, api: WebApi, site: Site) -> None:
        self._source = source
        self._api = api
        self._site = site

    def pages(self, named: Sequence[str], robots: Sequence[str]) -> Pages:
        """All pages that are listed. Raises: SourceError when there is no sitemap, or one that can't be read."""
        pages, seen = Pages(), set[str]()
        for url in named or robots or self._usual():
            self._add(urljoin(self._site.start, url), 0, pages, seen)
        return pages

    def _usual(self) -> list[str]:
        """/sitemap.xml, or else the one beside the start. Raises: SourceError when there is neither."""
        root = urljoin(self._site.start, "/sitemap.xml")
        beside = f"{self._site.origin}{self._site.below}sitemap.xml"
        for url in dict.fromkeys((beside, root)):
            try:
                self._api.get(url)
            except StatusError as error:
                if error.status not in (404, 410):
                    raise
            else:
                return [url]
        raise SourceError(
            f"source {self._source!r}: {shown(self._site.start)} has no sitemap: neither robots.txt names one nor is there"
            f" {shown(root)}. Name it with `sitemap: URL`, or set `crawl: true` to follow links instead"
        )

    def _add(self, url: str, depth: int, pages: Pages, seen: set[str]) -> None:
        if url in seen:
            return
        seen.add(url)
        if len(seen) > _MOST or depth > _DEEPEST:
            pages.problems.append(f"its sitemaps are more than {_MOST}, or deeper than {_DEEPEST} within each other")
            return
        try:
            kind, entries = shared().run(sitemap.read, self._api.get(url).body)
        except (SourceError, DocumentError) as error:
            told = f"the sitemap {shown(url)} can't be read: {error}"
            if depth == 0:
                raise SourceError(
                    told if isinstance(error, SourceError) else f"source {self._source!r}: {told}"
                ) from error
            pages.problems.append(told)
            return
        for where, changed in entries:
            if kind == "sitemapindex":
                self._add(urljoin(url, where), depth + 1, pages, seen)
            elif page := self._site.page(where, url):
                pages.changed.setdefault(page, changed)
            else:
                pages.elsewhere += 1
