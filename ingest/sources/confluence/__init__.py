"""`ConfluenceSource`: the spaces of a Confluence wiki, on Cloud or Data Center; `ExportSource`: those of an export on disk.

Each sync lists everything (`contents`), as no cursor tells of what was deleted, moved or restricted. A page's identity is its id,
its version the number of its revision. Why so, and what that costs: docs/decisions/0023-confluence.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from pydantic import Field

from ingest.dates import utc
from ingest.rendering import Rendered
from ingest.rendering.confluence import Context, PageKey, references, render
from ingest.sandbox import shared
from ingest.sources import Link, Listed, Listing, Options, Previous, Source, SourceSpec, SourceType
from ingest.sources.confluence.contents import Content, Contents, text_files
from ingest.sources.confluence.includes import Includes
from ingest.sources.confluence.paths import paths_of
from ingest.sources.confluence.restrictions import Restrictions
from ingest.sources.confluence.wiki import Wiki, checked_api
from ingest.sources.moves import moved
from rag.errors import DocumentError, SettingsError, SourceError
from rag.records import AccessRule, digest

_ENDINGS = frozenset(
    """.md .markdown .txt .rst .adoc .yaml .yml .json .tf .tfvars .hcl .sh .bash .ps1 .py .go .sql .toml .ini .conf .cfg .env
    .properties .csv .tsv .html .htm .pdf .docx .ipynb .drawio .dio .xml .log .service .j2 .tpl .puml .mmd""".split()
)  # of attachments that are read
_MOST_ASKED = 500  # things not listed any more that are asked for one by one
_MOST_USERS = 500  # names of users that are asked for in one sync
_DEEPEST = 3  # pages that include one another
_MOST_INCLUDED = 50  # by one page
_REFERRING = ("ri:user", "include", "drawio", "gliffy")  # a body without any of these needs nothing beside itself


class ConfluenceOptions(Options):
    """`spaces` are keys, none: all that are not personal. `labels`: only pages that carry one of them; `cql`: only what that
    query finds. `everyone` are groups of the wiki that all who read Waypost belong to. `space_permissions` (Cloud; on with
    credentials, unless set otherwise): who may not see a space finds nothing of it."""

    spaces: tuple[str, ...] = Field(default=(), exclude=True)
    labels: tuple[str, ...] = Field(default=(), exclude=True)
    cql: str = Field(default="", exclude=True)
    attachments: bool = Field(default=True, exclude=True)
    blog_posts: bool = Field(default=True, exclude=True)
    api: Literal["auto", "v1", "v2"] = Field(default="auto", exclude=True)
    everyone: tuple[str, ...] = Field(default=(), exclude=True)
    space_permissions: bool | None = Field(default=None, exclude=True)


class ConfluenceSource:
    """The wiki at `spec.location`; `folder` keeps which pages include others."""

    def __init__(self, spec: SourceSpec, folder: Path) -> None:
        self._spec, self._options = spec, _options(spec)
        self._wiki = Wiki(spec, self._options.api)
        self._includes = Includes(folder)
        self._contents: Contents | None = None
        self._users: dict[str, str] = {}
        self._titles: dict[PageKey, Content] = {}
        self._tags: dict[str, str] = {}

    def listing(self, previous: Previous) -> Listing:
        options, wiki = self._options, self._wiki
        wiki.find()
        of_spaces = options.space_permissions
        if of_spaces is None:  # what nobody's account may see is everyone's
            of_spaces = wiki.cloud and wiki.authenticates
        if of_spaces and not wiki.cloud:
            raise SettingsError(
                f"{wiki.where}: Data Center does not tell who may see a space; take out `space_permissions`, and use `audience`"
            )
        restrictions = Restrictions(wiki, options.everyone, of_spaces)
        contents = Contents(wiki, restrictions, options.spaces)
        contents.read(options.blog_posts, options.attachments)
        if not contents.spaces:
            raise SourceError(f"{wiki.where}: {wiki.base} shows no space; check `spaces` and the credentials")
        self._contents = contents
        self._titles = {(c.space, c.title): c for c in contents.found.values() if c.kind != "attachment"}
        items = self._items(contents)
        doubt = self._doubt(contents, previous) or ("" if items else "it has no page that its settings admit")
        note = "" if doubt else self._note(restrictions)
        return Listing(tuple(items), complete=not doubt, moved=moved(previous, items), message=doubt or note)

    def _note(self, restrictions: Restrictions) -> str:
        """What a person should know who did not say whether the permissions of spaces count."""
        if self._options.space_permissions is not None or not self._wiki.authenticates:
            return ""
        if not self._wiki.cloud:
            told = (
                "Data Center does not tell who may see a space, so that all readers of Waypost find what this account may read;"
                " name an `audience`, or set `space_permissions: false` if that is right"
            )
            return "" if self._spec.audience else told
        readers = restrictions.readers_of_spaces
        if readers is None:
            return ""
        shown = f"{', '.join(readers[:5])}{' …' if readers[5:] else ''}" or "nobody, as it can't be read who they are"
        return (
            f"its pages are found by those alone who may see their spaces: {shown}. Name under `everyone` the groups that all"
            " readers of Waypost belong to, or set `space_permissions: false` if they may find all that this account may read"
        )

    def _items(self, contents: Contents) -> list[Listed]:
        options, selected = self._options, self._spec.selects()
        chosen = contents.matching(options.cql) if options.cql else None
        wanted = set(options.labels)
        items: list[Listed] = []
        texts = {one.id: one for one in text_files(contents.found.values(), _ENDINGS)}
        paths = paths_of(texts.values(), contents.above)
        for number, one in texts.items():
            page = contents.found[one.parent] if one.kind == "attachment" else one
            if wanted and not wanted & set(page.labels):
                continue
            if chosen is not None and not chosen & {one.id, page.id}:
                continue
            if selected(paths[number]):
                items.append(self._listed(contents, one, paths[number]))
        return items

    def _listed(self, contents: Contents, one: Content, path: str) -> Listed:
        tag = self._includes.tag(one.id, lambda keys: self._state(one, keys))
        self._tags[one.id] = tag
        shaped = digest("shown", one.title, one.space, *one.labels)[:8]
        return Listed(
            path, f"{one.kind}:{one.id} {one.version} {shaped} {tag}", size=one.size, version=one.version,
            updated_at=utc(one.updated_at), handle=one.id, access=AccessRule.of(contents.clauses(one)), owner=one.owner,
            is_page=one.kind != "attachment",
        )  # fmt: skip

    def _doubt(self, contents: Contents, previous: Previous) -> str:
        """Why not everything may have been listed; "" where the wiki says that what is not listed is not there."""
        if missing := contents.missing():
            keys = ", ".join(missing)
            return f"it shows no space {keys}, so nothing was taken for gone; check `spaces` and the account's rights"
        kinds = {"page"} | ({"blogpost"} if self._options.blog_posts else set())
        kinds |= {"attachment"} if self._options.attachments else set()
        known = (signature.split(" ")[0].partition(":") for signature in previous.signatures.values())
        unlisted = sorted((kind, number) for kind, _, number in known if kind in kinds and number not in contents.found)
        step = max(1, len(unlisted) // _MOST_ASKED)
        there = sum(contents.still_there(kind, number) for kind, number in unlisted[::step])
        return (
            f"{there} things that it has were not in its lists, so nothing was taken for gone; sync again"
            if there
            else ""
        )

    # -- reading ------------------------------------------------------------------------------------------------------

    def fetch(self, items: Sequence[Listed]) -> Iterator[tuple[Listed, bytes | Rendered | Exception]]:
        try:
            for item in items:
                one = self._contents.found.get(item.handle) if self._contents else None
                if one is None:
                    raise SourceError(f"{self._wiki.where}: {item.path} was not listed; sync again")
                try:
                    yield item, self._wiki.file(one.download) if one.kind == "attachment" else self._page(one)
                except DocumentError as error:
                    yield item, error
        finally:
            self._includes.keep()

    def _page(self, one: Content) -> Rendered:
        body = self._wiki.body(one.kind, one.id, one.version)
        pages: dict[PageKey, str] = {}
        keys: dict[str, None] = {}
        asked = self._references(body)
        users = list(asked["users"])
        for key in asked["pages"]:
            self._include(one, (one.space, ""), key, pages, keys, users, 1)
        self._includes.put(one.id, self._tags.get(one.id, ""), list(keys), lambda names: self._state(one, names))
        context = Context(
            one.title, one.space, one.id, self._shown, self._wiki.cloud, one.labels,
            {user: name for user in users if (name := self._user(user))}, pages, self._drawings(one, asked["drawings"]),
        )  # fmt: skip
        return shared().run(render, body, context)

    def _references(self, body: str) -> dict[str, list]:  # type: ignore[type-arg]
        if not any(word in body for word in _REFERRING):
            return {"pages": [], "users": [], "drawings": []}
        return shared().run(references, body)

    def _include(
        self, reader: Content, at: PageKey, key: PageKey, pages: dict[PageKey, str], keys: dict[str, None],
        users: list[str], depth: int,
    ) -> None:  # fmt: skip
        """Reads a page that another shows, and what that shows, as far as all who read the one may read the other."""
        key = (key[0] or at[0], key[1])
        if key in pages or len(keys) >= _MOST_INCLUDED:
            return
        keys["\t".join(key)] = None
        other = self._titles.get(key)
        if other is None or not self._may_show(reader, other):
            return
        try:
            pages[key] = body = self._wiki.body(other.kind, other.id, other.version)
            asked = self._references(body)
        except DocumentError:
            return
        users += asked["users"]
        for further in asked["pages"] if depth < _DEEPEST else ():
            self._include(reader, key, further, pages, keys, users, depth + 1)

    def _may_show(self, reader: Content, other: Content) -> bool:
        assert self._contents
        return set(self._contents.clauses(other)) <= set(self._contents.clauses(reader))

    def _state(self, reader: Content, keys: Sequence[str]) -> str:
        """How what a page includes is now: which page, which version, and whether its readers may see it."""
        told: list[str] = []
        for key in keys:
            space, _, title = key.partition("\t")
            other = self._titles.get((space, title))
            told.append(f"{other.id} {other.version} {self._may_show(reader, other)}" if other else "none")
        return digest("state", *told)[:12]

    def _user(self, key: str) -> str:
        if key not in self._users and len(self._users) < _MOST_USERS:
            self._users[key] = self._wiki.user(key)
        return self._users.get(key, "")

    def _drawings(self, one: Content, names: Sequence[str]) -> dict[str, bytes]:
        found: dict[str, bytes] = {}
        for name in names:
            try:
                found[name] = self._wiki.file(f"download/attachments/{one.id}/{quote(name)}")
            except DocumentError:
                continue
        return found

    # -- links --------------------------------------------------------------------------------------------------------

    @property
    def _shown(self) -> str:
        """Where readers open the wiki."""
        return self._spec.web_url.rstrip("/") or self._wiki.base

    def link(self, item: Listed, version: str) -> Link:
        one = self._contents.found.get(item.handle) if self._contents else None
        if one is not None and one.kind == "attachment":
            return Link(
                f"{self._shown}/download/attachments/{one.parent}/{quote(one.title)}?version={quote(version)}", ""
            )
        return Link(f"{self._shown}/pages/viewpage.action?pageId={quote(item.handle)}&pageVersion={quote(version)}", "")

    def close(self) -> None:
        self._wiki.close()
        self._contents = None
        self._titles.clear()


def _options(spec: SourceSpec) -> ConfluenceOptions:
    options = spec.options if isinstance(spec.options, ConfluenceOptions) else ConfluenceOptions()
    try:
        checked_api(options.api, spec.location)
    except SettingsError as error:
        raise SettingsError(f"source {spec.name!r}: {error}") from None
    return options


def _make(spec: SourceSpec, folder: Path) -> Source:
    if "://" in spec.location:
        return ConfluenceSource(spec, folder)
    from ingest.sources.confluence.export import ExportSource

    return ExportSource(spec, _options(spec), _ENDINGS)


TYPE = SourceType(_make, ConfluenceOptions, locations=("url", "path"))
