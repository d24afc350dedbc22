"""`ExportSource`: an export of a Confluence space on disk, read as the wiki itself would be: the same paths and converter."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ingest.rendering import Rendered
from ingest.rendering import render as render_file
from ingest.rendering.confluence import Context, PageKey, render
from ingest.rendering.confluence.export import part, read
from ingest.sandbox import shared
from ingest.sources import Link, Listed, Listing, Previous, SourceSpec
from ingest.sources.confluence.contents import Content, text_files
from ingest.sources.confluence.paths import paths_of
from ingest.sources.moves import moved
from rag.errors import DocumentError, SettingsError, SourceError
from rag.records import AccessRule, digest

_ABOVE = 200
_TITLES = re.compile(r'ri:content-title="([^"]{1,300})"')


class ExportSource:
    """The ZIP file at `spec.location`. `endings` are those of attachments that are read."""

    def __init__(self, spec: SourceSpec, options: Any, endings: frozenset[str]) -> None:
        self._spec, self._options, self._endings = spec, options, endings
        self._told: dict[str, dict[str, Any]] = {}
        self._found: dict[str, Content] = {}

    def listing(self, previous: Previous) -> Listing:
        path = Path(self._spec.location)
        if not path.is_file():
            raise SettingsError(f"source {self._spec.name!r}: there is no file {path}; give the ZIP file of an export")
        try:
            told = shared().run(read, str(path))
        except DocumentError as error:
            raise SourceError(f"source {self._spec.name!r}: {path}: {error}") from error
        self._told = {one["id"]: one for one in told if self._wanted(one)}
        fields = ("id", "kind", "title", "space", "parent", "version", "updated_at", "created_at", "owner")
        self._found = {
            number: Content(**{key: one[key] for key in fields}, labels=tuple(one["labels"]))
            for number, one in self._told.items()
        }
        texts = list(text_files(self._found.values(), self._endings))
        paths, selected = paths_of(texts, self._above), self._spec.selects()
        items = [self._listed(one, paths[one.id]) for one in texts if self._labelled(one) and selected(paths[one.id])]
        message = "" if items else "it holds no page that its settings admit"
        return Listing(tuple(items), complete=bool(items), moved=moved(previous, items), message=message)

    def _wanted(self, one: dict[str, Any]) -> bool:
        spaces = {key.casefold() for key in self._options.spaces}
        kinds = {"blogpost": self._options.blog_posts, "attachment": self._options.attachments}
        return kinds.get(one["kind"], True) and (not spaces or one["space"].casefold() in spaces)

    def _labelled(self, one: Content) -> bool:
        page = self._found[one.parent] if one.kind == "attachment" else one
        return not self._options.labels or bool(set(self._options.labels) & set(page.labels))

    def _above(self, one: Content) -> list[Content]:
        chain: list[Content] = []
        at = self._found.get(one.parent)
        while at is not None and at not in chain and len(chain) < _ABOVE:
            chain.append(at)
            at = self._found.get(at.parent)
        return chain[::-1]

    def _listed(self, one: Content, path: str) -> Listed:
        views = [self._told[each.id]["view"] for each in (*self._above(one), one)]
        everyone = set(self._options.everyone)
        access = AccessRule.of([view for view in views if view is not None and not everyone & set(view)])
        told = self._told[one.id]
        shaped = digest("shown", one.title, one.space, *one.labels, told["body"])[:12]
        return Listed(
            path, f"{one.kind}:{one.id} {one.version or '-'} {shaped}", version=one.version, updated_at=one.updated_at,
            handle=one.id, access=access, owner=one.owner, is_page=one.kind != "attachment",
        )  # fmt: skip

    def fetch(self, items: Sequence[Listed]) -> Iterator[tuple[Listed, bytes | Rendered | Exception]]:
        for item in items:
            told = self._told.get(item.handle)
            if told is None:
                raise SourceError(f"source {self._spec.name!r}: {item.path} was not listed; sync again")
            try:
                yield item, self._read(told)
            except DocumentError as error:
                yield item, error

    def _read(self, told: dict[str, Any]) -> bytes | Rendered:
        if told["kind"] == "attachment":
            return shared().run(part, self._spec.location, told["body"])
        if told["html"]:
            found = shared().run(render_file, f"{told['id']}.html", told["body"].encode())
            assert found
            return Rendered(found.text, found.places, told["title"], found.notes)
        context = Context(
            told["title"], told["space"], told["id"], self._spec.web_url.rstrip("/"), False, tuple(told["labels"]),
            pages=self._included(told),
        )  # fmt: skip
        return shared().run(render, told["body"], context)

    def _included(self, told: dict[str, Any]) -> dict[PageKey, str]:
        """Bodies of pages that a body names and that are for all who may read it: an export has them at hand."""
        if "include" not in told["body"]:
            return {}
        named = set(_TITLES.findall(told["body"]))
        return {
            (one["space"], one["title"]): one["body"]
            for one in self._told.values()
            if one["title"] in named and one["kind"] != "attachment" and self._clauses(one) <= self._clauses(told)
        }

    def _clauses(self, told: dict[str, Any]) -> set[tuple[str, ...]]:
        return set(self._listed(self._found[told["id"]], "x").access.clauses)

    def link(self, item: Listed, version: str) -> Link:
        if self._spec.web_url and not item.handle.startswith("att"):
            shown = f"{self._spec.web_url.rstrip('/')}/pages/viewpage.action?pageId={item.handle}"
            return Link(f"{shown}&pageVersion={version}" if item.version else shown, "")
        return Link(f"{item.path}@{version[:12]}", ":{start}-{end}")

    def close(self) -> None:
        self._told, self._found = {}, {}
