"""`WebsiteSource`: the pages of a documentation site, as its sitemap lists them, or as links lead to them below its start.

A page's version is the hash of what it shows: what changes around it (menus, dates, tokens) makes no new one. A page is looked
at again when its sitemap says that it changed, or says nothing; then only what the server says has changed is sent. What is
taken for gone, and what for a site in trouble: `ingest.sources.website.verdict`, docs/decisions/0025-websites.md.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from ingest.dates import utc
from ingest.refusals import refuse_by_name
from ingest.rendering import Rendered
from ingest.sources import Link, Listed, Listing, Options, Previous, SourceSpec, SourceType
from ingest.sources.web import StatusError, WebApi
from ingest.sources.website.crawl import DISALLOWED, Crawl, target
from ingest.sources.website.hints import Hints, is_fresh
from ingest.sources.website.moves import redirected, renamed
from ingest.sources.website.robots import Robots, parse
from ingest.sources.website.site import Site
from ingest.sources.website.sitemaps import Sitemaps
from ingest.sources.website.verdict import Groups, Verdict, few, is_itself, is_page, text_of, unparsed
from ingest.sources.website.visits import Visit, Visitor
from rag.errors import DocumentError, RefusedError, SettingsError, SourceError

_PATIENCE = 1200.0  # seconds of looking at pages in one listing; `ingest.side_by_side` gives a source up after 2000
_KEPT = 64_000_000  # characters of pages that are kept from listing to fetching; others are asked for twice
_UNSEEN = 24 * 3600.0  # seconds after which a page is looked at again, though the sitemap says that it did not change
_AGAIN = 200  # such pages in one sync
_ALIKE = 3  # pages of one text that are no chance
_MANY = 5  # new ones of nearly one text, if they are most of those that are read at a time
_NONE = "it lists no page below its url that the globs admit"

Names = Annotated[tuple[str, ...], BeforeValidator(lambda value: (value,) if isinstance(value, str) else value)]


class WebsiteOptions(Options):
    """`sitemap`: where it is, if robots.txt does not say. `crawl`: follow links instead."""

    sitemap: Names = Field(default=(), exclude=True)
    crawl: bool = Field(default=False, exclude=True)
    max_pages: int = Field(default=2000, ge=1, le=50_000, exclude=True)
    per_second: float = Field(default=2.0, ge=0.05, le=100, exclude=True)
    user_agent: str = Field(default="Waypost", exclude=True, pattern=r"^[A-Za-z][A-Za-z_-]*[\x20-\x7e]{0,200}$")


class WebsiteSource:
    """The pages at and below `spec.location`; `folder` is where hints of them are kept.

    Raises: SettingsError when the location is no address to read.
    """

    def __init__(self, spec: SourceSpec, folder: Path) -> None:
        self._spec = spec
        self._options: WebsiteOptions = spec.options
        try:
            self._site = Site(spec.location)
        except ValueError as error:
            raise SettingsError(f"source {spec.name!r}: its url can't be read: {error}") from None
        headers = {"User-Agent": self._options.user_agent}
        self._api = WebApi(
            spec.name, self._site.start, spec.credentials, headers=headers, per_second=self._options.per_second
        )  # fmt: skip
        self._visitor = Visitor(spec.name, self._api, self._site)
        self._hints = Hints(folder)
        self._changed: dict[str, str] = {}  # by path, as the sitemap writes it
        self._visits: dict[str, Visit] = {}
        self._kept: dict[str, Visit] = {}
        self._room = _KEPT
        self._before: Mapping[str, str] = {}  # signatures of the last sync
        self._known: set[str] = set()
        self._doubted: Container[str] = ()
        self._suspect = Groups()  # what pages show that are not believed
        self._one_text: set[tuple[str, str]] = set()  # that new pages show, and that is not believed either
        self._strange = Groups()  # known pages that are other ones when they are read than when they were listed
        self._alike: dict[str, list[str]] = {}
        self._not_there = 0
        self._problems: list[str] = []
        self._until = 0.0  # monotonic seconds

    # -- listing ------------------------------------------------------------------------------------------------------

    def listing(self, previous: Previous) -> Listing:
        self._before = previous.signatures
        self._known = {path for path, signature in previous.signatures.items() if is_page(signature)}
        self._until = time.monotonic() + _PATIENCE
        robots = self._robots()
        self._visitor.learn_what_nothing_looks_like()
        pages = self._crawled(robots, previous) if self._options.crawl else self._listed(robots, previous)
        verdict = Verdict(previous.signatures, self._hints.missed)
        for path, url in pages.items():
            if path in self._visits:
                verdict.add(path, url, self._visits[path], self._hints.get(url))
            else:
                verdict.add_unseen(path, url, utc(self._changed.get(path, "")), self._hints.get(url))
        items = [
            replace(item, is_page=True, stays=True) for item in verdict.items()
        ]  # until its type is told: see `_read`
        self._doubted, self._suspect = verdict.as_it_was, verdict.suspect
        found = self._moves(previous, items)
        items = [item for item in items if not (item.refusal and item.path in found.values())]
        self._remember(pages, verdict)
        problems = [*self._problems, *verdict.problems]
        if all(item.refusal for item in items) and not problems:
            problems.append(self._nothing(pages))
        return Listing(tuple(items), not problems, moved=found, message="; ".join(problems[:3]))

    def _nothing(self, pages: Collection[str]) -> str:
        """Why none of its pages can be read, and what to do."""
        reasons = Counter(visit.refusal for visit in self._visits.values() if visit.refusal)
        if not pages or not reasons:
            return _NONE
        most, number = reasons.most_common(1)[0]
        if most == DISALLOWED and number == len(pages):
            return (
                f"robots.txt closes all its {number} pages to {self._options.user_agent!r}: ask who runs the site to admit it"
                " there, or take the source out of waypost.yaml"
            )
        return f"none of its {len(pages)} pages can be read: {most}"

    def _robots(self) -> Robots:
        """Raises: SourceError when it can't be told what may be read (RFC 9309, section 2.3.1.4)."""
        try:
            data = self._api.get(f"{self._site.origin}/robots.txt").body
        except StatusError as error:
            if 400 <= error.status < 500 and error.status not in (408, 425, 429):
                return Robots()
            raise
        agent = self._options.user_agent
        name = agent[: next((at for at, c in enumerate(agent) if not (c.isalpha() or c in "_-")), len(agent))]
        return parse(data, name)

    def _listed(self, robots: Robots, previous: Previous) -> dict[str, str]:
        """The pages that the sitemaps list, by path; those that may have changed are looked at."""
        found = Sitemaps(self._spec.name, self._api, self._site).pages(self._options.sitemap, robots.sitemaps)
        self._problems += found.problems
        selected = self._spec.selects()
        pages: dict[str, str] = {}
        for url, changed in found.changed.items():
            path = self._site.path_of(url)
            if path not in pages and selected(path):
                pages[path] = url
                self._changed[path] = changed
        if not pages and found.elsewhere:
            self._problems.append(f"all {found.elsewhere} pages of its sitemap are elsewhere than below its url")
        pages = self._bounded(pages, previous)
        self._visitor.listed = pages
        wanted = [path for path, url in pages.items() if not self._settled(path, url, robots, previous)]
        wanted.sort(key=lambda path: self._looked_at(pages[path]))
        self._look_at({path: pages[path] for path in wanted})
        self._look_at_the_longest_unseen(pages, previous)
        return pages

    def _looked_at(self, url: str) -> float:
        hint = self._hints.get(url)
        return hint.looked_at if hint else 0.0

    def _look_at_the_longest_unseen(self, pages: dict[str, str], previous: Previous) -> None:
        """Some of the pages that the sitemap has no news of: it does not tell of one that is closed since."""
        before = time.time() - _UNSEEN
        unseen = [path for path, url in pages.items() if path in previous.signatures and path not in self._visits
                  and self._looked_at(url) < before]  # fmt: skip
        unseen.sort(key=lambda path: self._looked_at(pages[path]))
        for path in unseen[:_AGAIN]:
            if time.monotonic() < self._until:
                self._look(path, pages[path])

    def _bounded(self, pages: dict[str, str], previous: Previous) -> dict[str, str]:
        """At most so many pages as may be, known ones first."""
        most = self._options.max_pages
        if len(pages) <= most:
            return pages
        self._problems.append(
            f"it lists {len(pages)} pages, and `max_pages` is {most}; raise it, or name less to include"
        )
        kept = set(sorted(pages, key=lambda path: path not in previous.signatures)[:most])
        return {path: url for path, url in pages.items() if path in kept}

    def _settled(self, path: str, url: str, robots: Robots, previous: Previous) -> bool:
        """Whether a page need not be looked at to be listed."""
        if not robots.admits(target(url)):
            self._visits[path] = Visit(url, refusal=DISALLOWED)
            return True
        return path not in previous.signatures or is_fresh(self._hints.get(url), self._changed.get(path, ""))

    def _look_at(self, pages: dict[str, str]) -> None:
        for done, (path, url) in enumerate(pages.items()):
            if time.monotonic() > self._until:
                left = len(pages) - done
                self._problems.append(f"there was no time to look at {left} of {len(pages)} pages; the next sync does")
                for later in list(pages)[done:]:
                    self._visits[later] = Visit(pages[later], failed="no time")
                return
            self._look(path, url)

    def _look(self, path: str, url: str, with_links: bool = False) -> Visit:
        hint = None if with_links else self._hints.get(url)
        visit = self._visitor.look(url, hint, with_links)
        size = len(visit.shown.text if isinstance(visit.shown, Rendered) else visit.shown or b"")
        if visit.shown is not None and size <= self._room:
            self._kept[path] = visit
            self._room -= size
        self._visits[path] = replace(visit, shown=None, links=())
        return replace(visit, shown=None)

    def _crawled(self, robots: Robots, previous: Previous) -> dict[str, str]:
        """The pages that links lead to, by path, and those known before. What is new and only leads on is none."""
        known = {path: self._site.address_of(path) for path in previous.signatures}
        known |= {path: url for url in self._hints.urls() if (path := self._site.path_of(url)) in known}
        crawl = Crawl(self._site, robots, self._look_for_links, self._options.max_pages, self._until)
        crawl.run(known)
        self._problems += crawl.problems
        self._visits = {path: replace(visit, shown=None, links=()) for path, visit in crawl.visits.items()}
        selected = self._spec.selects()
        pages = {path: v.url for path, v in crawl.visits.items() if not v.leads_to or path in previous.signatures}
        return {path: url for path, url in pages.items() if selected(path)}

    def _look_for_links(self, path: str, url: str) -> Visit:
        return self._look(path, url, with_links=True)

    def _moves(self, previous: Previous, items: Sequence[Listed]) -> dict[str, str]:
        """Which new pages are known ones under another address."""
        urls = {self._site.path_of(url): url for url in self._hints.urls()}
        there = {item.path for item in items if not item.refusal}
        gone = {path: urls.get(path) or self._site.address_of(path) for path in self._known - there}
        new = {item.path: item.handle for item in items if item.path not in previous.signatures and not item.refusal}
        if not gone or not new:
            return {}
        try:
            found = redirected(gone, new, self._visits, self._in_time(self._visitor.look), self._site)
            rest = {path: text_of(previous.signatures[path]) for path in gone.keys() - set(found.values())}
            others = {path: new[path] for path in new.keys() - found.keys()}
            return found | renamed(rest, others, self._in_time(self._look))
        except SourceError:  # that a page moved is good to know, and no more
            return {}

    def _in_time(self, look: Callable[..., Visit]) -> Callable[..., Visit]:
        """The same, while there is time. Raises: SourceError when there is none left."""

        def looked(*arguments: str) -> Visit:
            if time.monotonic() > self._until:
                raise SourceError("no time is left")
            return look(*arguments)

        return looked

    def _remember(self, pages: dict[str, str], verdict: Verdict) -> None:
        self._hints.missed = verdict.missed
        for path, visit in self._visits.items():
            if visit.hint.looked_at and verdict.accepted(path):
                self._hint(path, visit)
        self._hints.keep(set(pages.values()))
        self._save()

    def _hint(self, path: str, visit: Visit) -> None:
        if not visit.leads_to and not visit.soft:
            changed = self._changed.get(path, "")
            self._hints.put(visit.url, replace(visit.hint, signature=visit.signature, changed=changed))

    def _save(self) -> None:
        try:
            self._hints.save()
        except OSError as error:
            raise SourceError(f"source {self._spec.name!r}: what it remembers can't be written: {error}") from error

    # -- reading ------------------------------------------------------------------------------------------------------

    def fetch(self, items: Sequence[Listed]) -> Iterator[tuple[Listed, bytes | Rendered | Exception]]:
        """What each page shows, with the signature and the time that only reading tells."""
        found = [(item, self._kept.get(item.path) or self._visitor.look(item.handle)) for item in items]
        for item in items:
            self._kept.pop(item.path, None)
        self._look_for_trouble(found)
        for item, visit in found:
            yield self._read(item, visit)
        self._save()

    def _look_for_trouble(self, found: Sequence[tuple[Listed, Visit]]) -> None:
        """Finds out what must not be believed of what was not looked at when it was listed.

        Raises: SourceError when known pages say one and the same.
        """
        shown = [(item, visit) for item, visit in found if visit.shown is not None and not visit.refusal]
        for item, visit in shown:
            other = item.path in self._known and visit.digest != text_of(item.signature)
            if other and (hint := self._hints.get(visit.url)) and not is_itself(visit, hint):
                self._strange.add(item.path, visit)
        if many := self._strange.larger_than(max(few(len(self._known)), 1)):
            raise SourceError(
                f"source {self._spec.name!r}: {len(many[0])} pages say nearly the same of a sudden, such as {many[0][0]};"
                " look at the site, and sync again"
            )
        new = Counter(visit.says for item, visit in shown if item.path not in self._known and visit.sketch)
        self._one_text |= {text for text, number in new.items() if number >= _MANY and number > len(found) / 2}

    def _read(self, item: Listed, visit: Visit) -> tuple[Listed, bytes | Rendered | Exception]:
        known = item.path in self._known
        if visit.fault:
            return replace(item, signature=unparsed(self._before.get(item.path, ""), visit.fault)), visit.fault
        if known and item.path in self._doubted and not visit.refusal:
            return item, DocumentError(visit.failed or "the site is in trouble; what it says now is not believed")
        if visit.failed:
            if known:  # it is still there as it was
                raise SourceError(visit.failed)
            return item, DocumentError(visit.failed)
        if visit.refusal or visit.shown is None:
            self._not_there += known
            if self._not_there > few(len(self._known)):
                raise SourceError(
                    f"source {self._spec.name!r}: {self._not_there} pages are not there as they were, the last one:"
                    f" {visit.url}: {visit.refusal}; look at the site, and sync again"
                )
            self._hint(item.path, visit)
            return replace(item, signature=visit.signature), RefusedError(visit.refusal)
        reason = refuse_by_name(item.path, 0) if isinstance(visit.shown, bytes) else ""  # a file, whatever its address
        if reason or (not known and (reason := self._repeated(visit))):
            return replace(item, signature=f"refused: {reason}"), RefusedError(reason)
        self._hint(item.path, visit)
        when = visit.updated_at or utc(self._changed.get(item.path, "")) or utc(visit.hint.modified)
        return replace(item, signature=visit.signature, version=visit.digest, updated_at=when), visit.shown

    def _repeated(self, visit: Visit) -> str:
        """The reason to leave out a new page that says what others do: it may be a site that is down and says so with status
        200. It, and those before it, are looked at anew the next time."""
        if self._suspect.like(visit) or visit.says in self._one_text:
            self._hints.forget(visit.url)
            return "it says nearly the same as many other pages; is the site down?"
        alike = self._alike.setdefault(visit.digest, [])
        alike.append(visit.url)
        if len(alike) < _ALIKE:
            return ""
        for url in alike:
            self._hints.forget(url)
        return f"it says the same as {self._site.path_of(alike[0])} and others"

    def link(self, item: Listed, version: str) -> Link:
        """A site has no address of a page as it was: the version is told beside the link."""
        return Link(item.handle, "")

    def close(self) -> None:
        self._kept.clear()
        self._visits.clear()
        self._api.close()


TYPE = SourceType(WebsiteSource, WebsiteOptions)
