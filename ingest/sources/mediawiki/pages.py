"""The pages of a MediaWiki as it says they are now: all of them, or some by their ids or titles.

`PageList` asks; `ingest.sources.mediawiki` makes a listing of what it gives. A page is what its id names: a title may be another
page's tomorrow.
Spec: API:Allpages, API:Categorymembers, API:Info, API:Revisions, API:Categories on mediawiki.org.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ingest.sources.mediawiki.api import Answer, MediaWikiApi
from ingest.sources.mediawiki.site import Site
from rag.steering import STEERING

_PROPS = {
    "prop": ["info", "revisions"], "intestactions": "read", "rvprop": ["ids", "timestamp"],
}  # fmt: skip


@dataclass(frozen=True)
class Page:
    """A page: the id and time of its latest revision; when what it shows last changed (`touched`), a template of it included;
    whether the account may read it; the model of its content where that isn't wikitext. Times are ISO 8601 in UTC."""

    id: int
    title: str
    revision: int
    changed_at: str
    touched: str
    readable: bool = True
    model: str = ""

    @property
    def signature(self) -> str:
        marks = ("" if self.readable else "!") + self.model
        return f"{self.id} {self.revision} {self.changed_at} {self.touched} {marks}".rstrip()

    @classmethod
    def of(cls, title: str, signature: str) -> Page | None:
        """The page that a signature was made of; None when it is none of ours."""
        parts = signature.split(" ")
        if not 4 <= len(parts) <= 5 or not (parts[0].isdecimal() and parts[1].isdecimal()):
            return None
        marks = parts[4] if len(parts) == 5 else ""
        readable, model = not marks.startswith("!"), marks.removeprefix("!")
        return cls(int(parts[0]), title, int(parts[1]), parts[2], parts[3], readable, model)


class PageList:
    """Asks for pages in those namespaces, and in one of those categories where there are some (`Category:…`)."""

    def __init__(self, api: MediaWikiApi, site: Site, namespaces: Collection[int], categories: Sequence[str]) -> None:
        self._api = api
        self._site = site
        self._namespaces = sorted(namespaces)
        self._categories = categories

    def all(self) -> dict[int, Page]:
        """Every page by its id, redirects left out. Raises: SourceError, also for a list that contradicts itself."""
        found: dict[int, Page] = {}
        for generator in self._generators():
            began = False
            for batch in self._batches(generator):
                if not batch and began and not self._categories:  # of a category, they may be of other namespaces
                    raise self._api.contradiction("it says that there are more pages, and gives none")
                began = True
                found.update((page.id, page) for page in self._wanted(batch))
        return found

    def by_ids(self, ids: Iterable[int]) -> dict[int, Page | None]:
        """Each of these pages as it is now; None for one that is gone, a redirect by now, or none of those asked for.
        Raises: SourceError when the wiki leaves one out."""
        found: dict[int, Page | None] = {}
        for part in _parts(sorted(set(ids)), self._site.batch):
            asked: dict[int, Page | None] = {}
            for batch in self._batches({"pageids": part}):
                for given in batch:
                    page = self._page(given)
                    asked[_number(given, "pageid")] = page if page and self._is_wanted(given) else None
            if asked.keys() != set(part):
                raise self._api.contradiction(f"it was asked for {len(part)} pages, and told of {len(asked)}")
            found.update(asked)
        return found

    def ids_of(self, titles: Iterable[str]) -> set[int]:
        """The ids of the pages that bear these titles now."""
        found = set()
        for part in _parts(sorted(set(titles)), self._site.batch):
            for answer in self._api.every({"titles": part, "prop": "info"}):
                found |= {_number(given, "pageid") for given in _pages(answer) if "pageid" in given}
        return found

    def showing(self, ids: Mapping[int, str], titles: Mapping[str, str]) -> dict[int, str]:
        """The ids of the pages that show (transclude) one of these, each with the latest of the times given for those."""
        found: dict[int, str] = {}
        asked_by: tuple[tuple[str, str, Mapping[Any, str]], ...] = (
            ("pageids", "pageid", ids),
            ("titles", "title", titles),
        )
        for name, key, times in asked_by:
            for part in _parts(sorted(times), self._site.batch):
                asked = {name: part, "prop": "transcludedin", "tiprop": "pageid", "tilimit": "max"}
                for answer in self._api.every(asked):
                    for given in _pages(answer):
                        time = times.get(given.get(key), "")
                        for one in given.get("transcludedin", ()):
                            number = _number(one, "pageid")
                            found[number] = max(time, found.get(number, ""))
        return found

    # -- batches ------------------------------------------------------------------------------------------------------

    def _generators(self) -> Iterator[dict[str, Any]]:
        if not self._categories:
            for namespace in self._namespaces:
                yield {
                    "generator": "allpages", "gapnamespace": namespace, "gapfilterredir": "nonredirects", "gaplimit": "max",
                }  # fmt: skip
        for category in self._categories:
            yield {"generator": "categorymembers", "gcmtitle": category, "gcmlimit": "max",
                   "gcmnamespace": self._namespaces}  # fmt: skip

    def _batches(self, asked: Mapping[str, Any]) -> Iterator[list[dict[str, Any]]]:
        """Pages in batches, each whole: the wiki may tell of one page in several answers."""
        props = dict(_PROPS)
        if self._categories:
            props |= {"prop": ["info", "revisions", "categories"], "clcategories": self._categories, "cllimit": "max"}
        pages: dict[tuple[str, Any], dict[str, Any]] = {}
        for answer in self._api.every({**asked, **props}):
            for given in _pages(answer):
                key = ("id", given["pageid"]) if "pageid" in given else ("title", given.get("title"))
                known = pages.setdefault(key, {})
                for name, value in given.items():
                    known[name] = known[name] + value if isinstance(known.get(name), list) else value
            if answer.get("batchcomplete") is True:
                yield list(pages.values())
                pages = {}

    def _wanted(self, batch: Iterable[dict[str, Any]]) -> Iterator[Page]:
        for given in batch:
            page = self._page(given)
            if page and self._is_wanted(given):
                yield page

    def _is_wanted(self, given: Mapping[str, Any]) -> bool:
        if self._categories and not given.get("categories"):
            return False
        return given.get("ns") in self._namespaces and not given.get("redirect")

    def _page(self, given: Mapping[str, Any]) -> Page | None:
        """The page that an answer tells of; None for one that is not there. Raises: SourceError when it tells too little."""
        if given.get("missing") or given.get("invalid"):
            return None
        try:
            readable = bool(given["actions"]["read"])
            revision = given["lastrevid"]
            latest = {one["revid"]: one["timestamp"] for one in given.get("revisions", ())}
            title = STEERING.sub("\N{REPLACEMENT CHARACTER}", given["title"])
            changed_at = latest.get(revision, given["touched"])
            model = "" if given["contentmodel"] == "wikitext" else given["contentmodel"]
            page = Page(_number(given, "pageid"), title, revision, changed_at, given["touched"], readable, model)
        except (TypeError, KeyError) as error:
            raise self._api.contradiction(f"it tells too little of a page ({error})") from error
        if not revision or not isinstance(revision, int) or " " in f"{page.changed_at}{page.touched}{model}":
            raise self._api.contradiction(f"it tells of a page without a revision ({page.title!r:.80})")
        return page


def shown_since(page: Page, time: str) -> Page:
    """The page, which shows something that changed at that time."""
    return replace(page, touched=max(page.touched, time))


def _pages(answer: Answer) -> list[dict[str, Any]]:
    query = answer.get("query")
    pages = query.get("pages", []) if isinstance(query, dict) else []
    return [page for page in pages if isinstance(page, dict)] if isinstance(pages, list) else []


def _number(given: Mapping[str, Any], name: str) -> int:
    value = given.get(name)
    return value if isinstance(value, int) else 0


def _parts(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for at in range(0, len(values), size):
        yield values[at : at + size]
