"""Which document a link leads to, without asking the network: by where the sources' pages and repositories stand.

`rag.alerts.finder` calls `Addresses.resolve`. Forms of links to files: GitHub, GitLab, Bitbucket and Gitea's documentation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

from rag.alerts.records import LinkState
from rag.alerts.slugs import Slug, slug_of, slugs_of
from rag.catalog.documents import PageRow

_FILE = re.compile(
    r"^(?:-/)?(?:blob|raw|tree|blame|edit|browse|src/(?:branch|commit|tag)|raw/(?:branch|commit|tag)|src)(?:/|$)"
)
_RAW = re.compile(r"^https?://raw\.githubusercontent\.com/([^/]+/[^/]+)/(?:refs/heads/)?(.*)$", re.I)
_PAGE_ID = re.compile(r"/pages/(\d+)(?:/|$)")
_NAMING = ("pageid", "title", "id", "page")  # of a query: which page; the rest tells how it is shown
_TEMPLATED = re.compile(r"\{\{|\$\{|<[a-z_ -]+>", re.I)
_LONGEST = 2000  # characters of a link


@dataclass(frozen=True)
class Site:
    """Where a source's documents stand for readers: the page of its repository or the address of its wiki (`web_url`), the site
    that is made of it (`site_url`), and the branch that is read (`ref`). `repository`: files of git stand below `web_url`."""

    web_url: str = ""
    site_url: str = ""
    ref: str = ""
    repository: bool = True


@dataclass(frozen=True)
class Destination:
    """Where a link leads: the id of a document, "" where it leads to none, and which heading of it."""

    state: LinkState
    document_id: str = ""
    anchor: str = ""


class Addresses:
    """The documents that one viewer may see, by the links that lead to them."""

    def __init__(self, pages: Iterable[PageRow], sites: Mapping[str, Site]) -> None:
        self._by_path: dict[tuple[str, str], PageRow] = {}
        self._folders: dict[tuple[str, str], PageRow] = {}
        self._shown: dict[tuple[str, Slug], tuple[int, PageRow]] = {}
        self._by_url: dict[tuple[str, ...], PageRow] = {}
        self._repositories: set[tuple[str, str, str]] = set()
        self._ours: set[tuple[str, Slug]] = set()
        for source, site in sites.items():
            self._know(source, site)
        for page in pages:
            self._add(page, sites.get(page.source, Site()))

    def _know(self, source: str, site: Site) -> None:
        if site.site_url:
            self._ours.add(_place(site.site_url))
        if site.web_url and site.repository:
            self._repositories.add((_base(site.web_url).lower(), source, site.ref))
        elif site.web_url:
            self._ours.add(_place(site.web_url))

    def _add(self, page: PageRow, site: Site) -> None:
        self._by_path[page.source, page.path] = page
        folder, _, name = page.path.rpartition("/")
        if not slug_of(name):
            self._folders.setdefault((page.source, folder), page)
        for key in _keys(page.url, page.version):
            self._by_url.setdefault(key, page)
        if site.repository and (base := _repository_of(page)):
            self._repositories.add((base, page.source, site.ref))
        if site.site_url:
            host, top = _place(site.site_url)
            for rank, slug in enumerate(slugs_of(page)):
                for shown in {(*top, *slug), slug if slug[: len(top)] == top else (*top, *slug)}:
                    self._show((host, shown), rank, page)

    def _show(self, key: tuple[str, Slug], rank: int, page: PageRow) -> None:
        """Of several that one address may show, the likeliest."""
        known = self._shown.get(key)
        if known is None or (rank, page.kind != "runbook") < (known[0], known[1].kind != "runbook"):
            self._shown[key] = (rank, page)

    def resolve(self, link: str) -> Destination:
        """Where a link leads."""
        if not link:
            return Destination("none")
        if _TEMPLATED.search(link):
            return Destination("template")
        link = _RAW.sub(r"https://github.com/\1/raw/\2", link[:_LONGEST].strip())
        try:
            parts = urlsplit(link)
            host, slug = _place(link)
        except ValueError:
            return Destination("outside")
        if parts.scheme.lower() not in ("http", "https") or not host:
            return Destination("outside")
        anchor = unquote(parts.fragment)
        page, ours = self._file(link)
        page = page or next((self._by_url[key] for key in _keys(link, "") if key in self._by_url), None)
        page = page or self._shown.get((host, slug), (0, None))[1]
        if page:
            return Destination("resolved", page.id, anchor)
        ours = ours or any(host == at and slug[: len(top)] == top for at, top in self._ours)
        return Destination("dead" if ours else "outside")

    def _file(self, link: str) -> tuple[PageRow | None, bool]:
        """The file of a repository, and whether the link is to one of ours."""
        address, ours = _base(link), False
        for base, source, ref in sorted(self._repositories):
            if address.lower() == base or address.lower().startswith(f"{base}/"):
                rest = address[len(base) :].strip("/")
                found = _FILE.match(rest)
                page = self._at(source, ref, rest[found.end() :]) if found else None
                page = page if rest else self._folders.get((source, ""))
                if page:
                    return page, True
                ours = ours or bool(found) or not rest
        return None, ours

    def _at(self, source: str, ref: str, rest: str) -> PageRow | None:
        """The file, or the page of the folder, that stands behind a branch, tag or commit."""
        path = rest[len(ref) + 1 :] if ref and rest.startswith(f"{ref}/") else rest.partition("/")[2]
        return self._by_path.get((source, path)) or self._folders.get((source, path))


def _base(url: str) -> str:
    """Host and path of an address, decoded, without slashes at the end; the path keeps its case."""
    parts = urlsplit(url)
    return f"{_host(url)}{re.sub('/+', '/', unquote(parts.path))}".rstrip("/").removesuffix(".git")


def _host(url: str) -> str:
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port not in (None, 80, 443) else ""
    return f"{parts.hostname or ''}{port}"


def _place(url: str) -> tuple[str, Slug]:
    """Host and path of an address, as they are compared."""
    return _host(url), slug_of(unquote(urlsplit(url).path))


def _keys(url: str, version: str) -> Sequence[tuple[str, ...]]:
    """What an address is known by, whatever it tells of the version and the way to show it."""
    try:
        parts = urlsplit(url)
        host = _host(url)
    except ValueError:
        return ()
    if parts.scheme not in ("http", "https"):
        return ()
    if found := _PAGE_ID.search(parts.path):
        return ((host, "page", found[1]),)
    query = {key.lower(): value for key, value in parse_qsl(parts.query) if key.lower() in _NAMING}
    if "pageid" in query:
        return ((host, "page", query["pageid"]),)
    path = parts.path.rstrip("/")
    path = path.removesuffix(f"/{version}") if version else path
    asked = [f"{key}={value}" for key, value in sorted(query.items())]
    return ((host, *slug_of(unquote(path)), *asked),)


def _repository_of(page: PageRow) -> str:
    """The page of the repository that a pinned link to a file leads into; "" of another link."""
    address, tail = _base(page.url) if page.url.startswith("http") else "", f"/{page.version}/{page.path}"
    if not page.version or not address.endswith(tail):
        return ""
    head = address.removesuffix(tail)
    return re.sub(r"/(?:-/blob|blob|src/commit|src)$", "", head).lower()
