"""`MediaWikiSource`: the pages of a MediaWiki, as it renders them, each pinned to its latest revision.

Most syncs ask what changed since the last one (`changes`) and how those pages are now (`pages`). All pages are listed at first,
once a day, and whenever anything does not fit together. Nothing is taken for gone because a list lacks it: the wiki is asked for
it by its id. Why: docs/decisions/0022-mediawiki.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from pydantic import Field, field_validator

from ingest.rendering import Rendered
from ingest.rendering import mediawiki as rendering
from ingest.sandbox import shared
from ingest.sources import Link, Listed, Listing, Options, Previous, SourceSpec, SourceType
from ingest.sources.mediawiki.api import Answer, ApiError, MediaWikiApi
from ingest.sources.mediawiki.changes import Changes, changes_since, newest
from ingest.sources.mediawiki.pages import Page, PageList, shown_since
from ingest.sources.mediawiki.site import FILES, Site, site_of
from ingest.sources.mediawiki.state import State, is_due, listed_of, settings_of
from ingest.sources.moves import moved
from ingest.sources.web import StatusError
from rag.errors import DocumentError, SettingsError, SourceError

_DENIED = "the wiki does not let this account read it"
_GONE = "the wiki no longer has the revision that was listed; the next sync reads what there is"
_OF_ONE_PAGE = {
    "permissiondenied": _DENIED, "readapidenied": _DENIED, "nosuchrevid": _GONE, "missingtitle": _GONE, "nosuchpageid": _GONE,
    "missingcontent-revid": _GONE, "missingcontent-pageid": _GONE,
}  # fmt: skip
_CALLS = 40  # in which all pages that did not change are looked at in every sync
_PARSED = {
    "action": "parse", "disablelimitreport": 1, "disableeditsection": 1, "disabletoc": 1,
}  # fmt: skip


class MediaWikiOptions(Options):
    """`namespaces` by name or number: those that hold the wiki's content where none are given. `categories`: only pages in one of
    them. `files`: the descriptions of files, too."""

    namespaces: tuple[str | int, ...] = Field(default=(), exclude=True)
    categories: tuple[str, ...] = Field(default=(), exclude=True)
    files: bool = Field(default=False, exclude=True)

    @field_validator("categories")
    @classmethod
    def _named(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if any(not name.strip() or "|" in name for name in value):
            raise ValueError("each category needs a name, without |")
        return value


class MediaWikiSource:
    """The pages of the wiki at `spec.location`."""

    def __init__(self, spec: SourceSpec, folder: Path) -> None:
        self._spec = spec
        self._options: MediaWikiOptions = spec.options
        self._api = MediaWikiApi(spec)
        self._troubled = 0

    @cached_property
    def _site(self) -> Site:
        return site_of(self._api)

    @cached_property
    def _pages(self) -> PageList:
        name, site = self._spec.name, self._site
        spaces = {site.namespace(given, name) for given in self._options.namespaces} or set(site.content)
        if self._options.files:
            spaces.add(FILES)
        return PageList(self._api, site, spaces, [site.category(one) for one in self._options.categories])

    # -- listing ------------------------------------------------------------------------------------------------------

    def listing(self, previous: Previous) -> Listing:
        known = {page.id: page for path, text in previous.signatures.items() if (page := Page.of(path, text))}
        before = State.read(previous.head)
        settled = before.fits(self._spec, previous.signatures) and not is_due(before, self._site.now)
        changes = changes_since(self._api, before.mark) if settled else None
        if changes and self._is_explained(before, changes) and self._are_as_before(known, changes):
            full_at, pages = before.full_at, dict(known)
        else:
            mark, full_at = newest(self._api, self._site.now), self._site.now
            pages = self._pages.all()
            changes = changes_since(self._api, mark) or Changes(mark)
        self._bring_up_to_date(pages, known, changes)
        return self._listing(pages, previous, State(settings_of(self._spec), changes.mark, full_at, self._site.counts))

    def _is_explained(self, before: State, changes: Changes) -> bool:
        """Whether the wiki's counts of edits and pages are as before, or there are changes that tell why not."""
        return changes.fresh or self._site.counts == before.counts

    def _are_as_before(self, known: Mapping[int, Page], changes: Changes) -> bool:
        """Whether pages that no change tells of are there, of the same revision, and as readable as they were: all of them where
        that takes few calls, else one of each namespace, and some that could not be read."""
        asked = set(known)
        if len(known) > _CALLS * self._site.batch:
            denied = [page.id for page in known.values() if not page.readable][:20]
            asked = {*{self._site.namespace_of(page.title): page.id for page in known.values()}.values(), *denied}
        quiet = {number for number in asked if number not in changes.ids and known[number].title not in changes.titles}
        return all(
            page is not None and (page.revision, page.readable) == (known[number].revision, known[number].readable)
            for number, page in self._pages.by_ids(quiet).items()
        )

    def _bring_up_to_date(self, pages: dict[int, Page], known: Mapping[int, Page], changes: Changes) -> None:
        """Asks for what changed, what shows something that changed, and what is not listed any more."""
        by_title = {page.title: page.id for page in known.values()}
        asked = set(changes.ids) | {number for number in known if number not in pages}
        asked |= {by_title[title] for title in changes.titles if title in by_title}
        asked |= self._pages.ids_of(changes.titles)
        showing = self._pages.showing(changes.ids, changes.titles)
        for number, page in self._pages.by_ids(asked | (showing.keys() & (known.keys() | pages.keys()))).items():
            if page is None:
                pages.pop(number, None)
            else:
                pages[number] = shown_since(page, showing.get(number, ""))

    def _listing(self, pages: Mapping[int, Page], previous: Previous, state: State) -> Listing:
        selected = self._spec.selects()
        chosen = sorted((page for page in pages.values() if selected(page.title)), key=lambda page: page.title)
        if not chosen:
            return Listing((), complete=False, message=self._nothing(bool(pages)))
        if not any(page.readable for page in chosen):
            raise SettingsError(
                f"source {self._spec.name!r}: the wiki lists {len(chosen)} pages, and this account may read none of them; check"
                " its rights and credentials"
            )
        items = tuple(_listed(page) for page in chosen)
        head = replace(state, listed=listed_of({item.path: item.signature for item in items}))
        return Listing(items, complete=True, head=str(head), moved=moved(previous, items))

    def _nothing(self, unselected: bool) -> str:
        if unselected:
            return "the wiki has no page that its include and exclude globs admit"
        return "the wiki lists no page in " + ("these categories" if self._options.categories else "these namespaces")

    # -- reading ------------------------------------------------------------------------------------------------------

    def fetch(self, items: Sequence[Listed]) -> Iterator[tuple[Listed, Rendered | Exception]]:
        for item in items:
            page = Page.of(item.path, item.signature)
            assert page
            try:
                yield item, self._rendered(page)
            except DocumentError as error:
                yield item, error

    def _rendered(self, page: Page) -> Rendered:
        """A page as Markdown. Raises: DocumentError, SourceError."""
        source = bool(page.model) and page.model in rendering.LANGUAGES
        props = ["wikitext"] if source else ["text", "categories", "displaytitle"]
        parsed = self._parsed({**_PARSED, "oldid": page.revision, "prop": props})
        try:
            if source:
                return shared().run(rendering.code, page.title, str(parsed["wikitext"]), page.model)
            names = [one["category"].replace("_", " ") for one in parsed["categories"] if not one.get("hidden")]
            html, title = str(parsed["text"]), str(parsed["displaytitle"])
        except (TypeError, KeyError, AttributeError) as error:
            raise self._api.contradiction(f"it gives no text of page {page.title!r:.80}") from error
        return shared().run(rendering.render, html, self._address(page.title), title or page.title, names)

    def _parsed(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """The wiki's own rendering. A page on which it fails costs itself alone, as long as the wiki answers otherwise.
        Raises: DocumentError, SourceError."""
        try:
            answer: Answer = self._api.call(params)
        except ApiError as error:
            if error.code not in _OF_ONE_PAGE:
                self._still_there(error)
            reason = _OF_ONE_PAGE.get(error.code, f"the wiki can't render it ({error.code})")
            raise DocumentError(reason) from error
        except StatusError as error:
            if error.status != 500:
                raise
            self._still_there(error)
            raise DocumentError("the wiki fails to render it (HTTP status 500)") from error
        self._troubled = 0
        parsed = answer.get("parse")
        if not isinstance(parsed, dict):
            raise self._api.contradiction("it gives no text of a page")
        return parsed

    def _still_there(self, error: SourceError) -> None:
        """Raises: the error, when more is wrong than one page."""
        self._troubled += 1
        if self._troubled > 3 or (isinstance(error, ApiError) and error.code.startswith("internal_api_error_DB")):
            raise error
        site_of(self._api)

    # -- the rest -----------------------------------------------------------------------------------------------------

    def link(self, item: Listed, version: str) -> Link:
        return Link(f"{self._script()}?title={_quoted(item.path)}&oldid={quote(version)}", "")

    def _address(self, title: str) -> str:
        return f"{self._script()}/{_quoted(title)}"

    def _script(self) -> str:
        """The address of index.php, on the host that the user named."""
        base = self._spec.web_url.rstrip("/") or "{0.scheme}://{0.netloc}".format(urlsplit(self._spec.location))
        script = self._site.script
        return base + (script if script.startswith("/") and not script.startswith("//") else "/index.php")

    def close(self) -> None:
        self._api.close()


def _listed(page: Page) -> Listed:
    return Listed(
        page.title, page.signature, version=str(page.revision), updated_at=page.changed_at,
        refusal="" if page.readable else f"{_DENIED}; it is found by nobody", handle=str(page.id), is_page=True,
    )  # fmt: skip


def _quoted(title: str) -> str:
    return quote(title.replace(" ", "_"), safe="/:")


TYPE = SourceType(MediaWikiSource, MediaWikiOptions)
