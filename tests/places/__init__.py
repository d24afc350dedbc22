"""Servers on loopback that hold pages, one module for each type of network source, and the ways in which each can fail.

`tests/contract/test_web_sources.py` runs what every network source must do on each of `PLACES`; packages that hold a source of
their own add theirs by WAYPOST_TEST_PLACES (docs/sources.md).
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from ingest.sources import Source, SourceSpec
from tests.places.server import Server, serving


class Place(ABC):
    """Pages behind a server. They are named by the test; `path_of` is what the source calls such a page."""

    type: str
    settings: Mapping[str, object] = {}  # further keys of its entry in waypost.yaml
    knows_moves = True  # whether a moved page keeps its identity
    restricts = False  # whether pages can be restricted

    def __init__(self, server: Server) -> None:
        self.server = server
        server.app = self.answer

    @property
    def url(self) -> str:
        return self.server.address

    @abstractmethod
    def answer(self, ask: object) -> object:
        """The server's answer to a request: an `Ask` to a `Reply`."""

    @abstractmethod
    def put(self, name: str, text: str) -> None:
        """Writes a page, whose text is plain words."""

    @abstractmethod
    def remove(self, name: str) -> None: ...

    @abstractmethod
    def move(self, name: str, to: str) -> None: ...

    @abstractmethod
    def path_of(self, name: str) -> str: ...

    def restrict(self, name: str) -> None:
        """Lets only others than the source's account's usual readers see a page; where `restricts`."""
        raise NotImplementedError

    @abstractmethod
    def source(self, spec: SourceSpec, folder: Path) -> Source: ...

    def spec(self, **settings: object) -> SourceSpec:
        return SourceSpec("place", self.type, self.url, **settings)  # type: ignore[arg-type]


PLACES: dict[str, Callable[[Server], Place]] = {}


@contextmanager
def opened(name: str) -> Iterator[Place]:
    """A place of that name, with its server running."""
    with serving() as server:
        yield PLACES[name](server)


def _register() -> None:
    from tests.places import confluence, dokuwiki, mediawiki, shelf, website

    PLACES.update(
        {
            "shelf": shelf.ShelfPlace,
            "confluence-cloud": confluence.ConfluencePlace,
            "confluence-dc": confluence.DataCenterPlace,
            "dokuwiki": dokuwiki.DokuWikiPlace,
            "dokuwiki-2022": dokuwiki.OldDokuWikiPlace,
            "mediawiki": mediawiki.MediaWikiPlace,
            "website": website.WebsitePlace,
        }
    )


_register()
for _named in os.environ.get("WAYPOST_TEST_PLACES", "").split():  # of other packages: module:Class
    _module, _, _class = _named.partition(":")
    _place = getattr(import_module(_module), _class)
    PLACES[_place.type] = _place
