"""Following the links of a website that has no sitemap. `ingest.sources.website` calls this.

It goes breadth-first from the site's start, below it only, and then to the pages known before that no link led to: a menu that is
lost makes no page gone, only the server's own word does. Links with a query are not followed: sorted tables have no end.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from ingest.refusals import refuse_by_name
from ingest.sources.website.robots import Robots
from ingest.sources.website.site import Site
from ingest.sources.website.visits import Visit

DISALLOWED = "robots.txt asks robots not to read it"


def target(url: str) -> str:
    """What robots.txt speaks of: the path and the query of an address."""
    parts = urlsplit(url)
    return parts.path + (f"?{parts.query}" if parts.query else "")


class Crawl:
    """Looks at pages with `look` (path, address) until there are `most`, or until a time (monotonic seconds). Why there may be
    more than it found stands in `problems`."""

    def __init__(
        self, site: Site, robots: Robots, look: Callable[[str, str], Visit], most: int, until: float
    ) -> None:  # fmt: skip
        self.visits: dict[str, Visit] = {}
        self.problems: list[str] = []
        self._site = site
        self._robots = robots
        self._look = look
        self._most = most
        self._until = until

    def run(self, known: Mapping[str, str]) -> None:
        """Visits everything. `known` has the addresses of the paths that were there before."""
        start = self._site.path_of(self._site.start)
        queue = deque([(start, self._site.start)])
        later = deque(known.items())
        seen = {start}
        while queue or later:
            path, url = (queue or later).popleft()
            if path in self.visits:
                continue
            if len(self.visits) >= self._most or time.monotonic() > self._until:
                self.problems.append(
                    f"there is more than the {len(self.visits)} pages that were read; raise `max_pages`"
                )
                break
            seen.add(path)
            for name, to in self._links(self._visit(path, url), url):
                if name not in seen:
                    seen.add(name)
                    queue.append((name, to))
        first = self.visits[start]
        if (trouble := first.refusal or first.failed or first.fault) and not first.leads_to:
            self.problems.append(f"its first page can't be read: {trouble}")

    def _visit(self, path: str, url: str) -> Visit:
        allowed = self._robots.admits(target(url))
        visit = self.visits[path] = self._look(path, url) if allowed else Visit(url, refusal=DISALLOWED)
        if visit.failed:
            self.problems.append(f"not all of its pages could be read: {visit.failed}")
        return visit

    def _links(self, visit: Visit, url: str) -> list[tuple[str, str]]:
        """The paths and addresses of the pages that one leads to."""
        found = []
        for link in (*visit.links, visit.leads_to, visit.canonical):
            page = self._site.page(link, url) if link else ""
            if not page or urlsplit(page).query:
                continue
            name = self._site.path_of(page)
            if not (self._site.is_file(page) and refuse_by_name(name, 0)):
                found.append((name, page))
        return found
