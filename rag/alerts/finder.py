"""The runbook of an alert: by the link in its rule, else by its name, else by a search among what are likely runbooks.

`Finder.find` is the whole way. All that it knows, and each search, is limited to what the viewer may read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from rag.alerts.addresses import Addresses, Site
from rag.alerts.records import Alert, LinkState, Runbook, bare, plain
from rag.alerts.slugs import stem_of
from rag.answers.extractive.page import Section, page_of
from rag.answers.judging.judgement import judge
from rag.catalog import Catalog
from rag.catalog.documents import PageRow
from rag.embedders.sentence_transformer import PACKAGED
from rag.errors import NotFoundError
from rag.records import Document, ScoredPassage, Viewer
from rag.search import MAX_QUERY, Filters, Retriever, SearchResult

_KINDS = ("runbook", "page", "incident", "decision")  # that may be a runbook, the likelier first
_LIKELY = re.compile(r"runbook|playbook|alert|alarm|on-?call|troubleshoot|\bsop\b|incident", re.I)  # of a path
_TOLD = ("incident", "decision")  # what was, not what to do
_PREFIX = re.compile(r"^\s*(?:\[[^\]]*\]\s*)+")  # "[FIRING:1] …", as Alertmanager titles incidents
_IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[a-z0-9][A-Z]|[_-][A-Za-z])[A-Za-z0-9_-]*")
_SHORTEST = 4  # letters of a name that is looked for by itself
_ASKED = 10  # results of a search
_TOP = 20  # lines among which a heading is the page's own title


@dataclass(frozen=True)
class _Named:
    """A document by how well its names, or what it says, bear the alert's name: the lower the better."""

    rank: int
    page: PageRow
    start: int = 1
    end: int = 0
    heading: str = ""

    @property
    def order(self) -> tuple[int, bool, int, str, str]:
        return (self.rank, self.page.outdated, _KINDS.index(self.page.kind), self.page.source, self.page.path)


class Finder:
    """Finds runbooks as one viewer may see them; `sites` are the sources' places by name."""

    def __init__(self, catalog: Catalog, retriever: Retriever, viewer: Viewer, sites: Mapping[str, Site]) -> None:
        self._sites = sites
        self._catalog = catalog
        self._retriever = retriever
        self._viewer = viewer
        pages = catalog.listed.of_kinds(catalog.access_keys(viewer))
        known = catalog.known_sources(viewer)
        self._addresses = Addresses(pages, {name: site for name, site in sites.items() if name in known})
        self._by_id = {page.id: page for page in pages if page.kind in _KINDS}
        self._by_name: dict[str, list[tuple[int, PageRow]]] = {}
        for page in self._by_id.values():
            for rank, name in enumerate((stem_of(page.path), page.title)):
                if bare(name):
                    self._by_name.setdefault(bare(name), []).append((rank, page))

    def find(self, alert: Alert) -> Runbook:
        """The alert's runbook, and what became of the link in its rule."""
        led = self._addresses.resolve(alert.link)
        if led.document_id and (document := self._document(led.document_id)):
            start, end, heading = (
                _section(document, lambda title: bare(title) == bare(led.anchor)) if led.anchor else (1, 0, "")
            )
            return Runbook(document, "link", led.state, start, end, heading)
        state: LinkState = "dead" if led.state == "resolved" else led.state  # it went in between
        return self._by_names(alert, state) or self._by_search(alert, state) or Runbook(link=state)

    def _document(self, document_id: str) -> Document | None:
        try:
            return self._catalog.document(document_id, self._viewer)
        except NotFoundError:
            return None

    # -- by name ------------------------------------------------------------------------------------------------------

    def _by_names(self, alert: Alert, state: LinkState) -> Runbook | None:
        for name in names_in(alert.name):
            own = self._by_name.get(bare(name), ())
            found = [_Named(rank, page) for rank, page in own] or list(self._spoken_of(name))
            if runbook := self._best(found, state):
                return runbook
        return None

    def _best(self, found: list[_Named], state: LinkState) -> Runbook | None:
        for one in sorted(found, key=lambda named: named.order):
            if document := self._document(one.page.id):
                return Runbook(document, "name", state, one.start, one.end, one.heading)
        return None

    def _spoken_of(self, name: str) -> Iterator[_Named]:
        """The documents that have a heading of this name, or say it letter by letter."""
        if len(bare(name)) < _SHORTEST:
            return
        whole = re.compile(rf"(?<![\w-]){re.escape(name)}(?![\w-])", re.I)
        seen: set[str] = set()
        for found in self._searched(name, Filters(kinds=_KINDS)).passages:
            document, page = found.document, self._by_id.get(found.document.id)
            if page is None or document.id in seen:
                continue
            seen.add(document.id)
            for rank, fits in ((2, lambda told: bare(told) == bare(name)), (3, lambda told: bool(whole.search(told)))):
                start, end, heading = _section(document, fits)
                if heading:
                    yield _Named(rank, page, start, end, heading)
                    break
            else:
                if whole.search(document.title):
                    yield _Named(3, page)
                elif _IDENTIFIER.fullmatch(name) and whole.search(document.text):
                    yield _Named(4 if page.kind == "runbook" else 5, page)

    # -- by search ----------------------------------------------------------------------------------------------------

    def _by_search(self, alert: Alert, state: LinkState) -> Runbook | None:
        """The first among likely runbooks that speaks of what the alert says: whether it does is judged as for an answer."""
        asked = alert.words[:MAX_QUERY]
        if not asked:
            return None
        found = self._searched(asked, Filters(kinds=("runbook",)))
        if not self._speaks(asked, found, found.passages):
            found = self._searched(asked, Filters(kinds=_KINDS))
        likely = [one for one in found.passages if self._is_likely(one.document)]
        likely.sort(
            key=lambda one: (bool(one.document.outdated), one.document.kind in _TOLD)
        )  # stable: else by their scores
        return Runbook(likely[0].document, "search", state) if self._speaks(asked, found, likely) else None

    def _is_likely(self, document: Document) -> bool:
        site = self._sites.get(document.source, Site())
        told = f"{document.source} {site.site_url} {document.path} {document.title}"
        return document.kind == "runbook" or bool(_LIKELY.search(told))

    def _speaks(self, asked: str, found: SearchResult, passages: Sequence[ScoredPassage]) -> bool:
        """Whether the first of these speaks of what is asked, judged as for an answer."""
        if not passages:
            return False
        nearness = found.nearness if found.generation.embedder == PACKAGED else None
        forms = self._retriever.forms(asked, self._viewer)
        return judge(asked, passages[:1], self._retriever.rarity(self._viewer), nearness, forms).verdict != "not_found"

    def _searched(self, asked: str, filters: Filters) -> SearchResult:
        return self._retriever.search(asked, self._viewer, _ASKED, filters)


def names_in(title: str) -> list[str]:
    """What may be an alert's name: the whole title, and each identifier in one of several words ("KubePodNotReady prod")."""
    told = plain(_PREFIX.sub("", title))
    found = [told, *_IDENTIFIER.findall(told)] if " " in told else [told]
    return [name for name in dict.fromkeys(found) if bare(name)]


def _section(document: Document, fits: Callable[[str], bool]) -> tuple[int, int, str]:
    """The lines of the first section whose heading fits, and the heading; all lines and "" without one."""
    if document.kind not in _KINDS:
        return 1, 0, ""
    sections: Iterator[Section] = page_of(document).all()
    for section in sections:
        heading = section.heading.lstrip("#").strip()
        if heading and fits(heading):
            return (
                (1, 0, heading)
                if section.level == 1 and section.first <= _TOP
                else (section.first, section.last, heading)
            )
    return 1, 0, ""
