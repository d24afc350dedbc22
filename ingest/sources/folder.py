"""`FolderSource`: the files below a folder. Symbolic links are never followed, so nothing outside can be read.

A file's version is the hash of its content; whether it changed is told by size and times. Its date is the file's own, but in a
work tree of git (or Mercurial, Subversion): there that is the day of the checkout, so none is given.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from ingest.owners import PLACES, owners
from ingest.refusals import MAX_BYTES, too_large
from ingest.sources import Link, Listed, Listing, Previous, SourceSpec, SourceType
from ingest.sources.moves import moved_by_content
from rag.alerts.slugs import address_of
from rag.errors import DocumentError, RefusedError, SettingsError, SourceError

_RACY_NS = 2_000_000_000  # a file changed this shortly before the listing may change again within its time stamp
_FILE = re.compile(r"[1-9]\d* \d+ ")  # the signature of a file that is not empty: its size, and when it changed
_SKIPPED_FOLDERS = frozenset({".git", ".hg", ".svn"})


class FolderSource:
    """The files below `spec.location`.

    Raises: SettingsError when the folder is not there.
    """

    def __init__(self, spec: SourceSpec) -> None:
        self._spec = spec
        self._root = Path(spec.location)

    def listing(self, previous: Previous) -> Listing:
        if not self._root.exists():
            raise SettingsError(f"source {self._spec.name!r}: there is no folder {self._root}; correct its path")
        if not self._root.is_dir():
            raise SettingsError(f"source {self._spec.name!r}: {self._root} is not a folder")
        selected = self._spec.selects()
        owner_of, checked_out = self._owners(), self._is_checked_out()
        items: list[Listed] = []
        problems: list[str] = []
        for path, entry in self._walk("", problems):
            if selected(path):
                item = _listed(path, entry)
                items.append(replace(item, owner=owner_of(path), updated_at="" if checked_out else item.updated_at))
        items.sort(key=lambda item: item.path)
        if not items and not problems:
            globs = self._spec.include or self._spec.exclude
            what = "holds no file that its globs admit" if globs else "is empty; correct its `path`, or put files there"
            problems.append(f"{self._root} {what}")
        states = {item.path: _state(item.signature) for item in items}
        moved = (
            {}
            if problems
            else moved_by_content(states, {path: _state(was) for path, was in previous.signatures.items()})
        )
        return Listing(tuple(items), complete=not problems, moved=moved, message="; ".join(problems[:3]))

    def _is_checked_out(self) -> bool:
        folders = (self._root, *self._root.absolute().parents)
        return any((folder / name).exists() for folder in folders for name in _SKIPPED_FOLDERS)

    def _owners(self) -> Callable[[str], str]:
        for place in PLACES:
            with contextlib.suppress(OSError, RefusedError):
                return owners(self._read(place))
        return lambda _: ""

    def _walk(self, folder: str, problems: list[str]) -> Iterator[tuple[str, os.DirEntry[str]]]:
        try:
            with os.scandir(self._root / folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            problems.append(f"{folder or self._root} can't be listed: {error.strerror}")
            return
        for entry in found:
            path = f"{folder}/{entry.name}" if folder else entry.name
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in _SKIPPED_FOLDERS:
                    yield from self._walk(path, problems)
            else:
                yield path, entry

    def fetch(self, items: Sequence[Listed]) -> Iterator[tuple[Listed, bytes | Exception]]:
        if not self._root.is_dir():
            raise SourceError(f"source {self._spec.name!r}: {self._root} went away during the sync; sync again")
        for item in items:
            try:
                yield item, self._read(item.path)
            except RefusedError as error:
                yield item, error
            except OSError as error:
                yield item, DocumentError(f"can't be read: {error.strerror or error}")

    def _read(self, path: str) -> bytes:
        """Reads one file, walking down without following a link at any step: it may have been swapped since."""
        folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            *parents, name = path.split("/")
            for parent in parents:
                below = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=folder)
                os.close(folder)
                folder = below
            file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
        finally:
            os.close(folder)
        with os.fdopen(file, "rb") as handle:
            status = os.fstat(file)
            if not stat.S_ISREG(status.st_mode):
                raise OSError(errno.EINVAL, "not a regular file")
            if reason := too_large(status.st_size):  # it may have grown since it was listed
                raise RefusedError(reason)
            return handle.read(MAX_BYTES + 1)

    def close(self) -> None:
        """Keeps nothing."""

    def link(self, item: Listed, version: str) -> Link:
        if self._spec.web_url:
            return Link(f"{self._spec.web_url.rstrip('/')}/{item.path}", "#L{start}-L{end}")
        if self._spec.site_url and (page := address_of(item.path)):  # which shows no lines
            return Link(f"{self._spec.site_url.rstrip('/')}/{page.lstrip('/')}", "")
        return Link(f"{item.path}@{version[:12]}", ":{start}-{end}")


def _listed(path: str, entry: os.DirEntry[str]) -> Listed:
    try:
        path.encode("utf-8")
    except UnicodeEncodeError:
        shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        return Listed(shown, "name", refusal="its name is not UTF-8; rename it")
    try:
        status = entry.stat(follow_symlinks=False)
    except OSError as error:
        return Listed(path, "unreadable", refusal=f"can't be read: {error.strerror}")
    if stat.S_ISLNK(status.st_mode):
        return Listed(path, "link", refusal="symbolic link: not followed")
    if not stat.S_ISREG(status.st_mode):
        return Listed(path, "special", refusal="not a regular file")
    changed = max(status.st_mtime_ns, status.st_ctime_ns)
    racy = f" {time.time_ns()}" if time.time_ns() - changed < _RACY_NS else ""
    signature = f"{status.st_size} {status.st_mtime_ns} {status.st_ctime_ns}{racy}"
    updated = datetime.fromtimestamp(status.st_mtime, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Listed(path, signature, size=status.st_size, updated_at=updated)


def _state(signature: str) -> str:
    """What a file that is moved keeps: its size and when it was changed; "" for an empty one, and what is no file."""
    return found[0] if (found := _FILE.match(signature)) else ""


TYPE = SourceType(lambda spec, _: FolderSource(spec), locations=("path",))
