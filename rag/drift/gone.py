"""Names and paths in documents that the code no longer has. `rag.drift.report` calls `gone`.

A link to a file on a repository's main branch is wrong when the file isn't there. A path or an address in the text is only
reported when history says that it was there once: else it may be anybody's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from rag.drift.facts import Facts
from rag.drift.records import Drift, Places
from rag.records import Document

_PINNED = re.compile(r"^(https?://[^/]+/.+?)(?:/-)?/(?:blob|tree|src/commit)/[0-9a-f]{7,64}/")
_LINK = re.compile(r"(https?://[^\s()\[\]<>\"'|`]+?)(?:/-)?/(?:blob|tree)/(?:main|master)/([^\s()\[\]<>\"'|`#?]+)")
_PATH = re.compile(r"(?<![\w/.:-])((?:[\w.-]+/){1,12}[\w.-]*[\w])(?![\w-]*://)")
_ADDRESS = re.compile(
    r"(?<![\w.-])((?:module\.[\w-]+|(?:data\.)?(?:aws|google|azurerm|kubernetes)_[a-z0-9_]+\.[\w-]+))(?![\w(])"
)
Went = Callable[[str, Sequence[str], Sequence[str]], Mapping[str, str]]
"""Of a source's paths and of names in its Terraform: when each went, as a date and a commit; nothing of what never was."""


@dataclass(frozen=True)
class _Mention:
    document: Document
    line: int
    name: str
    source: str = ""
    linked: bool = False


class Repositories:
    """The paths that each source has, folders included, and the sources by the address of their repository. Those that were
    `cloned` from a folder, given by their location, may have none: there a link's repository is known by its name alone."""

    def __init__(
        self, links: Mapping[str, str], listed: Mapping[str, set[str]], cloned: Mapping[str, str] | None = None
    ) -> None:
        pinned = {source: match for source, link in links.items() if (match := _PINNED.match(link))}
        self.source_at = {match[1].lower(): source for source, match in pinned.items()}
        self.sources = sorted({*self.source_at.values(), *(cloned or ())})
        unaddressed = [(_name(at), source) for source, at in (cloned or {}).items() if source not in pinned]
        self._called = {name: source for name, source in unaddressed if [n for n, _ in unaddressed].count(name) == 1}
        self._paths = {source: paths | set(_folders(paths)) for source, paths in listed.items()}

    def has(self, source: str, path: str) -> bool:
        return path.strip("/") in self._paths.get(source, ())

    def called(self, address: str) -> str:
        """The source whose repository has no address that is known, and the name of the one at this address; "" without one."""
        return self._called.get(_name(address), "")

    def top(self, source: str) -> set[str]:
        """The names at a source's top."""
        return {path for path in self._paths.get(source, ()) if "/" not in path}


def gone(
    documents: Sequence[Document], facts: Facts, known: Repositories, went: Went | None, places: Places
) -> Iterator[Drift]:
    """Links, paths and addresses that lead nowhere."""
    links = [m for d in documents for m in _links(d, known)]
    paths = [m for d in documents for m in _paths(d, known)] if went else []
    names = [m for d in documents for m in _names(d, facts)] if went else []
    for source in known.sources:
        asked = sorted({m.name for m in (*links, *paths) if m.source == source})
        dates = went(source, asked, sorted({m.name for m in names})) if went else {}
        for mention in (*links, *paths):
            if mention.source == source and (mention.linked or mention.name in dates):
                yield _report(mention, dates.get(mention.name, ""), 0.95 if mention.linked else 0.9, places)
        for mention in names:
            if mention.name in dates:
                yield _report(mention, dates[mention.name], 0.8, places)


def _report(mention: _Mention, when: str, confidence: float, places: Places) -> Drift:
    here = places.of(mention.document, mention.line)
    return Drift("gone", mention.name, "", mention.source, mention.document.id, here, None, confidence, when)


def _links(document: Document, known: Repositories) -> Iterator[_Mention]:
    for number, line in enumerate(document.text.split("\n"), start=1):
        for match in _LINK.finditer(line):
            source = known.source_at.get(match[1].lower(), "")
            path = match[2].rstrip(".,;:/")
            if source and not known.has(source, path):
                yield _Mention(document, number, path, source, linked=True)
            named = "" if source else known.called(match[1])
            if named and not known.has(named, path):
                yield _Mention(document, number, path, named)


def _paths(document: Document, known: Repositories) -> Iterator[_Mention]:
    """Paths that begin as a repository's do and are not there."""
    for number, line in enumerate(document.text.split("\n"), start=1):
        for found in _PATH.findall(_LINK.sub(" ", line)):
            path = found.removeprefix("./").rstrip(".")
            begins = [source for source in known.sources if path.partition("/")[0] in known.top(source)]
            beside = [str(folder / path) for folder in PurePosixPath(document.path).parents]
            if any(known.has(source, path) for source in known.sources):
                continue
            if not any(
                known.has(document.source, place) for place in beside
            ):  # it may be meant from the page's folder on
                yield from (_Mention(document, number, path, source) for source in begins)


def _names(document: Document, facts: Facts) -> Iterator[_Mention]:
    """Addresses that no code defines, the document's own examples left out."""
    for number, line in enumerate(document.text.split("\n"), start=1):
        for match in _ADDRESS.finditer(line):
            name = match[1]
            last = name.rsplit(".", 1)[-1]
            if name not in facts.addresses and not re.search(rf"\"{re.escape(last)}\"\s*\{{", document.text):
                yield _Mention(document, number, name)


def _name(address: str) -> str:
    """What a repository at an address or in a folder is called."""
    return address.rstrip("/").rpartition("/")[2].removesuffix(".git").lower()


def _folders(paths: Iterable[str]) -> Iterator[str]:
    for path in paths:
        yield from map(str, PurePosixPath(path).parents)
