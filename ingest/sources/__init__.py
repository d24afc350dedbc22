"""Where knowledge lives: the `Source` port, its records, and the adapters, one module for each type in `waypost.yaml`.

A source lists what it has and hands out bytes; it knows nothing of parsing or of the catalog. `ingest.sync` calls it, and
`ingest.sources.registry` finds its type. How to write one: docs/sources.md.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pathspec
from pydantic import BaseModel, ConfigDict

from ingest.rendering import Rendered
from rag.errors import SettingsError
from rag.records import AccessRule, digest


@dataclass(frozen=True)
class Credentials:
    """What opens a private source. Never stored, logged or shown; not even by repr. `others` are what the environment variables
    hold that the options of its type name."""

    token: str = field(default="", repr=False)
    username: str = field(default="", repr=False)
    ssh_key: str = field(default="", repr=False)
    others: tuple[str, ...] = field(default=(), repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(value for value in (self.token, *self.others) if value)


class Options(BaseModel):
    """The keys that entries of one type have beside those of every source; what pydantic refuses is told to the user."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class SourceSpec:
    """One entry of `sources:` in waypost.yaml. `location` is an absolute path or a URL, or "" where the type needs none;
    `options` is an instance of its type's `Options`. `refusal` says why nothing may be read from the location that
    was written, which is then kept nowhere: the source is reported as failed."""

    name: str
    type: str
    location: str
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    kind: str = "auto"
    owner: str = ""
    audience: tuple[str, ...] = ()
    ref: str = ""
    web_url: str = ""
    site_url: str = ""
    schedule: str = ""
    credentials: Credentials = Credentials()
    options: Any = field(default_factory=Options, repr=False)
    refusal: str = ""

    @property
    def access(self) -> AccessRule:
        """Without an audience a source is for everyone."""
        return AccessRule.of([self.audience]) if self.audience else AccessRule()

    @property
    def fingerprint(self) -> str:
        """Changes when a setting changes that shapes documents; they are then made anew. Access and owner alone shape none."""
        linked = (
            ("site",) if self.type == "folder" and self.site_url and not self.web_url else ()
        )  # as it was not at first
        shown = (self.kind, self.web_url, self.site_url, *linked, *self._own_options())
        return digest("spec", *shown)[:12]

    def _own_options(self) -> tuple[str, ...]:
        return (self.options.model_dump_json(),) if type(self.options).model_fields else ()

    def selects(self) -> PathFilter:
        return PathFilter(self.include, self.exclude, self.name)


class PathFilter:
    """The include and exclude globs of a source, in .gitignore's syntax.

    Raises: SettingsError for a glob that can't be understood.
    """

    def __init__(self, include: Sequence[str], exclude: Sequence[str], source: str) -> None:
        try:
            self._include = pathspec.GitIgnoreSpec.from_lines(include) if include else None
            self._exclude = pathspec.GitIgnoreSpec.from_lines(exclude)
        except (ValueError, re.error) as error:
            raise SettingsError(f"source {source!r}: a glob in include or exclude is not valid: {error}") from error

    def __call__(self, path: str) -> bool:
        path = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")  # a name need not be UTF-8
        return (self._include is None or self._include.match_file(path)) and not self._exclude.match_file(path)


@dataclass(frozen=True)
class Listed:
    """One thing that a source has. `signature` changes when it changes; `refusal` says why it can't be fetched.

    `version` and `updated_at` (ISO 8601, UTC) are "" where only reading tells; `handle` is the source's own. `access` is what
    the source lets read it, `owner` whom it names; neither need be in the signature. `is_page`: its path is a title and not a
    file's name, and refuses nothing. `stays`: what is stored of it stays while it can't be parsed, unless its audience is what
    is unclear.
    """

    path: str
    signature: str
    size: int = 0
    version: str = ""
    updated_at: str = ""
    refusal: str = ""
    handle: str = ""
    access: AccessRule = field(default_factory=AccessRule)
    owner: str = ""
    is_page: bool = False
    stays: bool = False


@dataclass(frozen=True)
class Listing:
    """What a source has now. Only one that is `complete` lets things be taken for gone.

    `head` is the source's own word for its state (a commit); `moved` maps new paths to old ones; `message` says what
    is missing from an incomplete one, or what a person should know of a complete one.
    """

    items: tuple[Listed, ...]
    complete: bool
    head: str = ""
    moved: Mapping[str, str] = field(default_factory=dict)
    message: str = ""


@dataclass(frozen=True)
class Previous:
    """What is known from the last sync: the source's head, and each path's signature."""

    head: str = ""
    signatures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Link:
    """A link pinned to a version, and the format string that adds lines to it."""

    url: str
    line_anchor: str


class Source(Protocol):
    """A place where documents live."""

    def listing(self, previous: Previous) -> Listing:
        """Everything there now. Raises: SettingsError (it is not there), SourceError (it can't be read now)."""
        ...

    def fetch(self, items: Sequence[Listed]) -> Iterator[tuple[Listed, bytes | Rendered | Exception]]:
        """The bytes of each item, in order, or what the source rendered of it; a DocumentError in place of those that can't be
        read. The item that comes with them may have the signature, version and time that only reading tells, never another path.

        Raises: SourceError when nothing more can be had.
        """
        ...

    def link(self, item: Listed, version: str) -> Link:
        """The pinned link to an item as of `version`."""
        ...

    def close(self) -> None:
        """Forgets what it kept to read from, which was not redacted; called when a sync is done with it, however it ended."""
        ...


class BrokenSource:
    """One that could not be made: its listing says why, and the other sources of a sync go on."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def listing(self, previous: Previous) -> Listing:
        raise self._error

    def fetch(self, items: Sequence[Listed]) -> Iterator[tuple[Listed, bytes | Rendered | Exception]]:
        raise self._error

    def link(self, item: Listed, version: str) -> Link:
        raise self._error

    def close(self) -> None:
        """Keeps nothing."""


@dataclass(frozen=True)
class SourceType:
    """A type that waypost.yaml may name. `make` gets an entry, and a folder of that source's own that it may make and fill: it
    outlives a sync, and `waypost purge` removes it. `locations` says what an entry must have one of: "path", "url"; empty:
    neither."""

    make: Callable[[SourceSpec, Path], Source]
    options: type[Options] = Options
    locations: tuple[str, ...] = ("url",)
