"""Everything in a wiki's spaces: pages, blog posts, attachments, with their place in the tree, their labels and restrictions.

A listing is whole by what the wiki itself says: each list is walked to its named end, and what was known and is not listed any
more is asked for one by one. `ingest.sources.confluence` calls `Contents`. Costs: a request for each space, for each 250 pages
(v2), for each 200 pages again for labels and restrictions (v1's search), or for each 100 pages in all (Data Center).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from ingest.sources.confluence.restrictions import Clause, Restrictions
from ingest.sources.confluence.wiki import Found, Wiki, name_of
from ingest.sources.web import StatusError
from rag.errors import SettingsError

_LIMIT_V2, _LIMIT_V1 = 250, 100
_LIMIT_SEARCH = 200  # more is cut down where anything is expanded
_SPACES_AT_ONCE = 50  # keys of spaces in one search
_ABOVE = 200  # levels of a tree
_RESTRICTIONS = "restrictions.read.restrictions.user,restrictions.read.restrictions.group"
_DETAILS = f"metadata.labels,history.ownedBy,version,{_RESTRICTIONS}"
_KINDS = {"page": "pages", "blogpost": "blogposts", "attachment": "attachments"}


@dataclass(frozen=True)
class Space:
    key: str
    id: str
    name: str = ""


@dataclass(frozen=True)
class Content:
    """A page, a blog post or an attachment; `folder` and the like only stand above pages. `parent` is an id, "" at the top;
    `download` the path of an attachment's bytes."""

    id: str
    kind: str
    title: str
    space: str
    parent: str = ""
    version: str = ""
    updated_at: str = ""
    created_at: str = ""
    owner: str = ""
    labels: tuple[str, ...] = ()
    size: int = 0
    download: str = ""
    parent_kind: str = ""


class Contents:
    """One look at a wiki. `spaces` are keys, none: all that are not personal."""

    def __init__(self, wiki: Wiki, restrictions: Restrictions, wanted: Sequence[str]) -> None:
        self._wiki, self._restrictions = wiki, restrictions
        self._wanted = {key.casefold() for key in wanted}
        self.spaces: dict[str, Space] = {}
        self.found: dict[str, Content] = {}
        self._above: dict[str, Content | None] = {}

    def read(self, blog_posts: bool, attachments: bool) -> None:
        """Raises: SourceError when anything can't be listed."""
        self.spaces = {space.key: space for space in self._list_spaces()}
        kinds = ["page", *(["blogpost"] if blog_posts else [])]
        for space in self.spaces.values():
            for kind in kinds:
                for told in self._list(space, kind):
                    one = self._content(told, kind, space.key)
                    self.found[one.id] = one
        if self._wiki.cloud:
            self._add_details(kinds)
        if attachments:
            self._add_attachments()

    def missing(self) -> list[str]:
        """Keys of wanted spaces that are not there."""
        there = {key.casefold() for key in self.spaces}
        return sorted(self._wanted - there)

    def above(self, content: Content) -> list[Content] | None:
        """What stands above a page, the topmost first; None when some of it can't be seen, or stands above itself."""
        chain: list[Content] = []
        at = content
        while at.parent:
            parent = self.found.get(at.parent) or self._unlisted(at.parent, at)
            if parent is None or len(chain) > _ABOVE:
                return None
            chain.append(parent)
            at = parent
        return chain[::-1]

    def clauses(self, content: Content) -> list[Clause]:
        """Who may read: the restrictions of a page and of all above it; one that nobody meets where any can't be read."""
        if content.kind == "attachment":
            page = self.found.get(content.parent)
            return self.clauses(page) if page else [()]
        chain = self.above(content)
        if chain is None:
            return [()]
        clauses = [clause for one in (*chain, content) for clause in self._restrictions.of(one.id)]
        return [*clauses, *self._restrictions.of_space(self.spaces[content.space].id)]

    def still_there(self, kind: str, number: str) -> bool:
        """Whether a thing that was not listed is yet where it would be listed: the listing came short."""
        if self._wiki.cloud:
            told = self._wiki.hidden(f"{_KINDS.get(kind, 'pages')}/{quote(number)}", v2=True)
        else:
            told = self._wiki.hidden(f"content/{quote(number)}", params={"status": "any", "expand": "space,container"})
        if told is None or told.get("status") != "current":
            return False
        if kind == "attachment":
            page = str(told.get("pageId") or told.get("blogPostId") or (told.get("container") or {}).get("id") or "")
            return page in self.found
        space = told.get("space") or {}
        ids = {one.id for one in self.spaces.values()}
        if str(told.get("spaceId") or space.get("id") or "") in ids or space.get("key") in self.spaces:
            return True
        return not self._wanted and self._is_open(str(told.get("spaceId") or space.get("key") or ""))

    def _is_open(self, space: str) -> bool:
        """Whether a space is one of those that are read unless spaces are named."""
        told = self._wiki.hidden(f"{'spaces' if self._wiki.cloud else 'space'}/{quote(space)}", v2=self._wiki.cloud)
        return told is not None and told.get("type") == "global" and told.get("status", "current") == "current"

    # -- lists --------------------------------------------------------------------------------------------------------

    def _list_spaces(self) -> Iterator[Space]:
        only: dict[str, str | int] = {} if self._wanted else {"type": "global"}
        if self._wiki.cloud:
            told = self._wiki.walk_v2("spaces", {"limit": _LIMIT_V2, "status": "current", **only})
        else:
            told = self._wiki.walk_v1("space", {"limit": _LIMIT_V1, "status": "current", **only})
        for one in told:
            space = Space(self._text(one, "key"), self._text(one, "id"), str(one.get("name") or ""))
            if not self._wanted or space.key.casefold() in self._wanted:
                yield space

    def _list(self, space: Space, kind: str) -> Iterator[Found]:
        if self._wiki.cloud:
            params: dict[str, str | int] = {"limit": _LIMIT_V2, "status": "current"}
            if kind == "page":
                params["depth"] = "all"
            return self._wiki.walk_v2(f"spaces/{quote(space.id)}/{_KINDS[kind]}", params)
        expand = f"ancestors,history,metadata.labels,version,{_RESTRICTIONS}"
        params = {"type": kind, "spaceKey": space.key, "status": "current", "limit": _LIMIT_V1, "expand": expand}
        return self._wiki.walk_v1("content", params)

    def _content(self, told: Found, kind: str, space: str) -> Content:
        version = told.get("version") or {}
        above = told.get("ancestors") or []
        parent = str(told.get("parentId") or "") if self._wiki.cloud else str(above[-1].get("id")) if above else ""
        one = Content(
            self._text(told, "id"), kind, self._text(told, "title"), space, parent,
            self._text(version, "number"), str(version.get("createdAt") or version.get("when") or ""),
            str(told.get("createdAt") or (told.get("history") or {}).get("createdDate") or ""),
            parent_kind=str(told.get("parentType") or ""),
        )  # fmt: skip
        return one if self._wiki.cloud else self._with_details(one, told)

    def _with_details(self, one: Content, told: Found) -> Content:
        """The same with what v1 says beside: its labels, and whose it is: its owner's, or else who wrote last."""
        self._restrictions.take(one.id, told.get("restrictions"))
        labels = ((told.get("metadata") or {}).get("labels") or {}).get("results") or []
        owner = name_of(_below(told, "history", "ownedBy")) or name_of(_below(told, "version", "by"))
        return replace(one, labels=tuple(sorted({str(label.get("name")) for label in labels})), owner=owner)

    def _add_details(self, kinds: Sequence[str]) -> None:
        """Labels, owners and restrictions of pages on Cloud, which only v1's search tells of many at once. It may lag behind:
        what it does not tell is asked for page by page."""
        waiting = set(self.found)
        for cql in self._by_space(f"type in ({', '.join(kinds)})"):
            for told in self._wiki.walk_v1("content/search", {"cql": cql, "limit": _LIMIT_SEARCH, "expand": _DETAILS}):
                if (one := self.found.get(str(told.get("id")))) and one.id in waiting:
                    waiting.discard(one.id)
                    self.found[one.id] = self._with_details(one, told)
        for number in waiting:
            one = self.found[number]
            path = f"{_KINDS[one.kind]}/{quote(number)}/labels"
            labels = self._wiki.walk_v2(path, {"limit": _LIMIT_V2})
            self.found[number] = replace(one, labels=tuple(sorted({str(label.get("name")) for label in labels})))

    def _add_attachments(self) -> None:
        for cql in self._by_space("type = attachment"):
            params: dict[str, str | int] = {
                "cql": cql,
                "limit": _LIMIT_SEARCH,
                "expand": "version,container,extensions",
            }
            for told in self._wiki.walk_v1("content/search", params):
                page = self.found.get(str((told.get("container") or {}).get("id") or ""))
                if page is None:
                    continue  # of a page that is not listed
                told_of = {**(told.get("metadata") or {}), **(told.get("extensions") or {})}
                size = told_of.get("fileSize")
                one = self._content({**told, "parentId": page.id, "ancestors": []}, "attachment", page.space)
                self.found[one.id] = replace(
                    one, parent=page.id, owner=one.owner or page.owner, size=size if isinstance(size, int) else 0,
                    labels=(), download=str((told.get("_links") or {}).get("download") or ""),
                )  # fmt: skip

    def matching(self, cql: str) -> set[str]:
        """The ids of what a query of the user's finds. Raises: SettingsError for one that is none; SourceError."""
        found: set[str] = set()
        try:
            for query in self._by_space(f"({cql})"):
                told = self._wiki.walk_v1("content/search", {"cql": query, "limit": _LIMIT_SEARCH})
                found |= {str(one.get("id")) for one in told}
        except StatusError as error:
            if error.status != 400:
                raise
            raise SettingsError(f"{self._wiki.where}: the wiki does not understand `cql: {cql[:200]}`") from error
        return found

    def _by_space(self, cql: str) -> Iterator[str]:
        keys = [f'"{key}"' for key in self.spaces]
        for at in range(0, len(keys), _SPACES_AT_ONCE):
            yield f"space in ({', '.join(keys[at : at + _SPACES_AT_ONCE])}) and {cql}"

    def _unlisted(self, number: str, below: Content) -> Content | None:
        """A folder, a whiteboard or an archived page that stands above a page; None when it can't be seen."""
        if number not in self._above:
            self._above[number] = self._ask_above(number, below)
        return self._above[number]

    def _ask_above(self, number: str, below: Content) -> Content | None:
        if not self._wiki.cloud:
            told = self._wiki.hidden(f"content/{quote(number)}", params={"status": "any", "expand": "ancestors"})
            return self._stub(told, (told.get("ancestors") or [{}])[-1].get("id"), below) if told else None
        kinds = ("folders", "pages", "whiteboards", "databases", "embeds")
        for kind in sorted(kinds, key=lambda kind: kind != f"{below.parent_kind}s"):
            if told := self._wiki.hidden(f"{kind}/{quote(number)}", v2=True):
                return self._stub(told, told.get("parentId"), below)
        return None

    def _stub(self, told: Found, parent: Any, below: Content) -> Content:
        return Content(
            self._text(told, "id"), "folder", self._text(told, "title"), below.space, str(parent or ""),
            parent_kind=str(told.get("parentType") or ""),
        )  # fmt: skip

    def _text(self, told: Found, key: str) -> str:
        value = told.get(key)
        if not isinstance(value, str | int) or not str(value):
            self._wiki.nonsense(f"a thing without its {key}")
        return str(value)


def _below(told: Mapping[str, Any], *keys: str) -> Any:
    value: Any = told
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def text_files(contents: Iterable[Content], endings: frozenset[str]) -> Iterator[Content]:
    """What is left without the attachments whose names have none of the endings."""
    for one in contents:
        if one.kind != "attachment" or any(one.title.lower().endswith(ending) for ending in endings):
            yield one
