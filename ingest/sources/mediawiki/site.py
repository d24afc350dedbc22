"""What a MediaWiki says of itself: its namespaces, its counts, where its pages are, and what the account may ask at once.

Spec: API:Siteinfo, API:Userinfo on mediawiki.org.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingest.sources.mediawiki.api import MediaWikiApi
from ingest.sources.web import Params
from rag.errors import SettingsError

FILES = 6
_CATEGORIES = 14
_ASKED: Params = {
    "meta": ["siteinfo", "userinfo"], "siprop": ["general", "namespaces", "namespacealiases", "statistics"], "uiprop": "rights",
    "curtimestamp": 1,
}  # fmt: skip


@dataclass(frozen=True)
class Site:
    """`names` maps each name of a namespace (small letters, spaces) to its number; `content` are those that hold a wiki's own
    pages. `counts` are of edits and pages. `batch` is how many pages may be asked for at once. `script` is index.php's path."""

    names: Mapping[str, int]
    content: frozenset[int]
    titles: Mapping[int, str]
    script: str
    counts: str
    batch: int
    now: str

    def namespace(self, given: str | int, source: str) -> int:
        """The number of a namespace. Raises: SettingsError when the wiki has none of that name."""
        text = str(given).strip()
        number = int(text) if text.lstrip("-").isdecimal() else self.names.get(_plain(text))
        if number is None or number not in self.titles or number < 0:
            near = difflib.get_close_matches(_plain(text), list(self.names), 1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            known = ", ".join(name or "main" for number, name in sorted(self.titles.items()) if number >= 0)
            raise SettingsError(f"source {source!r}: the wiki has no namespace {text!r}{hint} It has: {known}")
        return number

    def namespace_of(self, title: str) -> int:
        before, colon, _ = title.partition(":")
        return self.names.get(_plain(before), 0) if colon else 0

    def category(self, given: str) -> str:
        """The title of a category, given with or without its namespace."""
        before, colon, name = given.partition(":")
        if colon and self.names.get(_plain(before)) == _CATEGORIES:
            given = name
        return f"{self.titles.get(_CATEGORIES, 'Category')}:{given.strip()}"


def site_of(api: MediaWikiApi) -> Site:
    """Asks a wiki. Raises: SourceError when it answers as no MediaWiki does, SettingsError."""
    answer = api.call({"action": "query", **_ASKED})
    try:
        query = answer["query"]
        spaces = {int(number): space for number, space in query["namespaces"].items()}
        statistics = query["statistics"]
        return Site(
            names=_names(spaces, query["namespacealiases"]),
            content=frozenset(number for number, space in spaces.items() if space.get("content") is True),
            titles={number: str(space["name"]) for number, space in spaces.items()},
            script=str(query["general"]["script"]),
            counts=f"{statistics['edits']} {statistics['pages']}",
            batch=500 if "apihighlimits" in query["userinfo"].get("rights", ()) else 50,
            now=str(answer["curtimestamp"]),
        )
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        raise api.contradiction(
            f"it does not describe itself as MediaWiki 1.27 and later do ({type(error).__name__} {error})"
        ) from error


def _names(spaces: Mapping[int, Any], aliases: Sequence[Any]) -> dict[str, int]:
    names = {_plain(str(alias["alias"])): int(alias["id"]) for alias in aliases}
    for number, space in spaces.items():
        for name in (space.get("canonical"), space["name"]):
            if name:
                names[_plain(str(name))] = number
    return {**names, "main": 0, "": 0}


def _plain(name: str) -> str:
    return name.replace("_", " ").strip().lower()
