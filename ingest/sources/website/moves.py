"""Which new pages of a website are old ones under another address: the old one redirects there for good, or what it said is
said there word for word. `ingest.sources.website` calls this."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ingest.sources.moves import moved_by_name
from ingest.sources.website.site import Site
from ingest.sources.website.visits import Visit

MOST = 200  # pages that are looked at to find moves, of those that are gone and of those that are new


def redirected(
    gone: Mapping[str, str], new: Mapping[str, str], visits: Mapping[str, Visit], look: Callable[[str], Visit], site: Site
) -> dict[str, str]:  # fmt: skip
    """New paths by old ones. `gone` and `new` have the addresses of paths; `visits` are those of this sync."""
    found: dict[str, str] = {}
    for path, url in list(gone.items())[:MOST]:
        visit = visits.get(path) or look(url)
        to = site.path_of(visit.leads_to) if visit.leads_to and visit.for_good else ""
        if to in new and to not in found:
            found[to] = path
    return found


def renamed(gone: Mapping[str, str], new: Mapping[str, str], look: Callable[[str, str], Visit]) -> dict[str, str]:
    """New paths by old ones, where a new page alone says what one old page alone said. `gone` has the signatures of paths, `new`
    their addresses."""
    if not gone or not new or len(new) > MOST:
        return {}
    return moved_by_name(gone, {path: look(path, url).signature for path, url in new.items()})
