"""`NotionSource`: the pages and databases of an export of Notion's ("Markdown & CSV" or HTML), a folder or a zip.

What a thing is, its id says, which is part of its file's name: a page that is renamed or moved is the same document. A version
is the hash of the file. Links lead to Notion's site. To sync anew, put a newer export in the old one's place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from ingest.refusals import MAX_BYTES, too_large
from ingest.rendering import Rendered, notion
from ingest.sandbox import shared
from ingest.sources import Link, Listed, Listing, Previous, SourceSpec, SourceType
from ingest.sources.moves import NAMELESS, moved
from ingest.sources.notion.export import Export, File
from ingest.sources.notion.names import KINDS, Name, edited, id_within, name_of, paths
from rag.errors import DocumentError, SourceError

_SETTLED = 10.0  # seconds after the last write when an export is taken for whole
_ATTACHMENT = "an attachment of a page: only pages and databases are read"
_VIEW = "one view of a database, all of whose rows are in another file"
_CONTENTS = "the table of contents of the export"


@dataclass(frozen=True)
class _Found:
    """A file, its name taken apart, and what it held when it was listed (the hash; "" where it was not read)."""

    file: File
    name: Name
    digest: str = ""
    edited: str = ""
    refusal: str = ""


class NotionSource:
    """The export at `spec.location`; `folder` is where zips within it are unpacked to, in files without a name."""

    def __init__(self, spec: SourceSpec, folder: Path) -> None:
        self._spec = spec
        self._folder = folder
        self._export = Export(spec, folder)
        self._found: dict[str, _Found] = {}

    # -- listing ------------------------------------------------------------------------------------------------------

    def listing(self, previous: Previous) -> Listing:
        before = self._export.state()
        found = self._read_all()
        if self._export.state() != before:
            raise SourceError(f"{self._where} changed while it was read; sync again")
        selected = self._spec.selects()
        named = paths((one.file.name, one.name) for one in found)
        self._found = {named[one.file.name]: one for one in found}
        items = [_listed(path, one) for path, one in sorted(self._found.items()) if selected(path)]
        problems = [*self._export.problems]
        if not any(not item.refusal for item in items):
            problems.append("no page of a Notion export in it that the globs admit")
        if previous.signatures.keys() - {item.path for item in items} and self._export.fresh(_SETTLED):
            problems.append("it was written to a moment ago, so nothing was taken for gone; sync again")
        return Listing(tuple(items), not problems, moved=moved(previous, items), message="; ".join(problems[:3]))

    @property
    def _where(self) -> str:
        return f"source {self._spec.name!r}: {self._spec.location}"

    def _read_all(self) -> list[_Found]:
        files: dict[str, File] = {}
        for file in self._export.files():
            if file.name in files:
                self._export.problems.append(f"two files in it are named {file.name[:120]!r}; keep one export there")
            files.setdefault(file.name, file)
        full = {_key(name) for file in files if (name := name_of(file)).all_rows}
        return [self._look(file, full) for file in files.values() if PurePosixPath(file.name).name != ".DS_Store"]

    def _look(self, file: File, full: set[object]) -> _Found:
        """A file with its hash. Raises: SourceError when it can't be read: it may be being written."""
        name = name_of(file.name)
        if refusal := file.refusal or _refusal(name, full):
            if refusal == _VIEW:
                name = replace(name, stem=f"{name.stem} (one view)")
            return _Found(file, name, refusal=refusal)
        if refusal := too_large(file.size):
            return _Found(file, name, refusal=refusal)
        data = self._bytes(file)
        own = name.id or (id_within(data) if name.ending == ".html" else "")
        name = replace(name, id=own)
        changed = edited(data, name.ending) if name.ending != ".csv" else ""
        return _Found(file, name, hashlib.sha256(data).hexdigest(), changed or file.changed)

    def _bytes(self, file: File) -> bytes:
        try:
            data = file.read(MAX_BYTES)
        except OSError as error:
            raise SourceError(f"{self._where}: {file.name[:200]} can't be read: {error}; sync again") from error
        if len(data) > file.size:
            raise SourceError(f"{self._where}: {file.name[:200]} is larger than it was, or than it says; sync again")
        return data

    # -- reading ------------------------------------------------------------------------------------------------------

    def fetch(self, items: Sequence[Listed]) -> Iterator[tuple[Listed, bytes | Rendered | Exception]]:
        for item in items:
            found = self._found[item.path]
            data = self._bytes(found.file)
            if hashlib.sha256(data).hexdigest() != found.digest:
                raise SourceError(f"{self._where} was replaced while it was read; sync again")
            try:
                yield item, self._rendered(found, data)
            except DocumentError as error:
                yield item, error

    def _rendered(self, found: _Found, data: bytes) -> bytes | Rendered:
        """Raises: DocumentError."""
        site = self._spec.web_url or notion.SITE
        if found.name.ending == ".html":
            return shared().run(notion.page, data, site)
        if found.name.ending == ".md":
            return shared().run(notion.markdown, data, site)
        return shared().run(notion.database, data, found.name.stem, self._rows(found.name), site)

    def _rows(self, database: Name) -> dict[str, str]:
        """The pages of a database's rows: ids by the names of files, made different where they are not."""
        folders = (*database.folders, database.stem)
        return {
            f"{one.name.stem}\0{one.name.id}": one.name.id
            for one in self._found.values()
            if one.name.folders == folders and one.name.id and one.name.ending != ".csv"
        }

    def link(self, item: Listed, version: str) -> Link:
        """The page on Notion's site, where its headings have anchors; Notion has no address of a version."""
        if item.handle:
            return Link(notion.address(item.handle, self._spec.web_url or notion.SITE), "")
        return Link(f"{item.path}@{version[:12]}", ":{start}-{end}")

    def close(self) -> None:
        self._found.clear()
        self._export.close()


def _key(name: Name) -> object:
    return name.id or (name.folders, name.stem)


def _refusal(name: Name, full: set[object]) -> str:
    if name.ending not in KINDS:
        return _ATTACHMENT
    if name.ending == ".html" and not name.id and not name.folders and name.stem == "index":
        return _CONTENTS
    if name.ending == ".csv" and not name.all_rows and _key(name) in full:
        return _VIEW
    return ""


def _listed(path: str, found: _Found) -> Listed:
    name = found.name
    if found.refusal:
        return Listed(path, f"{NAMELESS} {found.refusal}", size=found.file.size, refusal=found.refusal)
    own = f"{name.id}{name.ending}" if name.id else NAMELESS
    return Listed(
        path, f"{own} {found.digest}", found.file.size, found.digest, found.edited, handle=name.id, is_page=True
    )


TYPE = SourceType(NotionSource, locations=("path",))
