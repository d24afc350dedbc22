"""The files of an export of Notion's: a folder, a zip, or the zips within one that large exports come in. Nothing is unpacked
but one file at a time, and a zip within a zip to a file without a name. `ingest.sources.notion` calls this.

What is refused of zips: encryption, more files than any export has, zips within zips within zips, zips that grow too much.
"""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from ingest.sources import Previous, SourceSpec
from ingest.sources.folder import FolderSource
from rag.errors import SettingsError, SourceError

_MOST = 200_000  # files
_INNER = 4_000_000_000  # bytes of zips within a zip, in all
_RATIO = 200
_PIECE = 1 << 20
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, ValueError, NotImplementedError, RuntimeError, OSError)


@dataclass(frozen=True)
class File:
    """A file of an export: `name` is its path in it, `changed` ISO 8601; `read` gives its bytes, so many at most."""

    name: str
    size: int
    changed: str
    read: Callable[[int], bytes]
    refusal: str = ""


class Export:
    """What is at `spec.location`. `folder` is where zips within zips may be unpacked to. Close it after use.

    Raises: SettingsError when there is none; SourceError when it can't be read, or is not whole.
    """

    def __init__(self, spec: SourceSpec, folder: Path) -> None:
        self._spec = spec
        self._where = f"source {spec.name!r}: {spec.location}"
        self._path = Path(spec.location)
        self._folder = folder
        self._open = contextlib.ExitStack()
        self._left = _INNER
        self.problems: list[str] = []

    def close(self) -> None:
        self._open.close()

    def state(self) -> tuple[object, ...]:
        """Changes when the export does. Raises: SettingsError, SourceError."""
        try:
            status = self._path.stat()
        except FileNotFoundError as error:
            raise SettingsError(f"{self._where} is not there; correct its path") from error
        except OSError as error:
            raise SourceError(f"{self._where} can't be read: {error.strerror}") from error
        if not stat.S_ISDIR(status.st_mode):
            return status.st_ino, status.st_size, status.st_mtime_ns
        listing = FolderSource(SourceSpec(self._spec.name, "folder", self._spec.location)).listing(Previous())
        return tuple((item.path, item.size, item.updated_at) for item in listing.items)

    def fresh(self, seconds: float) -> bool:
        """Whether something in it was written that recently: it may be being written still."""
        newest = 0.0
        for path in (self._path, *(self._path.rglob("*") if self._path.is_dir() else ())):
            with contextlib.suppress(OSError):
                newest = max(newest, path.lstat().st_ctime)
        return time.time() - newest < seconds

    def files(self) -> Iterator[File]:
        """Every file, those in zips too. Raises: SettingsError, SourceError."""
        self.state()
        if self._path.is_dir():
            yield from self._in_folder()
            return
        try:
            handle = self._open.enter_context(self._path.open("rb"))
        except OSError as error:
            raise SourceError(f"{self._where} can't be read: {error.strerror}") from error
        yield from self._in_zip(handle, self._path.name, 0)

    def _in_folder(self) -> Iterator[File]:
        source = FolderSource(SourceSpec(self._spec.name, "folder", self._spec.location))
        listing = source.listing(Previous())
        if not listing.complete:
            self.problems.append(listing.message)
        for item in listing.items:
            if item.path.lower().endswith(".zip") and "/" not in item.path and not item.refusal:
                handle = self._open.enter_context(_regular(self._path / item.path))
                yield from self._in_zip(handle, item.path, 0)
            else:
                yield File(item.path, item.size, item.updated_at, _reader(self._path, item.path), item.refusal)

    def _in_zip(self, handle: IO[bytes], name: str, depth: int) -> Iterator[File]:
        where = f"{self._where}: {name}" if name != self._path.name else self._where
        try:
            archive = self._open.enter_context(zipfile.ZipFile(handle))
            infos = [info for info in archive.infolist() if not info.is_dir()]
        except _DAMAGED as error:
            raise SourceError(f"{where} is no zip that can be read: {error}; is it still being written?") from error
        if len(infos) > _MOST:
            raise SourceError(f"{where} has {len(infos)} files, the limit is {_MOST}")
        for info in infos:
            if info.flag_bits & 1:
                raise SourceError(f"{where} is encrypted; save it without a password")
            path = info.filename.replace("\\", "/")
            if path.startswith("/") or ".." in path.split("/"):
                self.problems.append(f"a path in {name} leads out of it: {path[:80]!r}")
            elif path.lower().endswith(".zip") and depth == 0:
                yield from self._in_zip(self._unpacked(archive, info, where), path, depth + 1)
            elif path.lower().endswith(".zip"):
                yield File(path, info.file_size, _date(info), lambda most: b"", "a zip in a zip in a zip")
            else:
                yield File(path, info.file_size, _date(info), _member(archive, info))

    def _unpacked(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str) -> IO[bytes]:
        """A zip within a zip, in a file that has no name and is gone when it is closed."""
        if info.file_size > _RATIO * max(info.compress_size, 1) or info.file_size > self._left:
            raise SourceError(f"{where}: {info.filename[:80]!r} in it grows too much: a zip bomb?")
        self._left -= info.file_size
        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            whole = self._open.enter_context(tempfile.TemporaryFile(dir=self._folder))  # noqa: SIM115
            left = info.file_size
            with archive.open(info) as part:
                while piece := part.read(_PIECE):
                    left -= len(piece)
                    if left < 0:
                        raise SourceError(f"{where}: {info.filename[:80]!r} in it is larger than it says: a zip bomb?")
                    whole.write(piece)
        except _DAMAGED as error:
            raise SourceError(f"{where}: {info.filename[:80]!r} in it can't be read: {error}") from error
        whole.seek(0)
        return whole


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[int], bytes]:
    def read(most: int) -> bytes:
        try:
            with archive.open(info) as part:
                return part.read(min(most, info.file_size) + 1)
        except _DAMAGED as error:
            raise OSError(f"{info.filename[:80]!r} can't be unpacked: {error}") from error

    return read


def _reader(root: Path, path: str) -> Callable[[int], bytes]:
    def read(most: int) -> bytes:
        folder = root.resolve()
        if (root / path).parent.resolve() != folder / Path(path).parent:  # a folder became a link meanwhile
            raise OSError("a link leads out of the export")
        with _regular(root / path) as handle:
            return handle.read(most + 1)

    return read


def _regular(path: Path) -> IO[bytes]:
    """Opens a file that is one, and no link. Raises: OSError."""
    file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError("not a regular file")
    return os.fdopen(file, "rb")


def _date(info: zipfile.ZipInfo) -> str:
    try:
        return datetime(*info.date_time, tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return ""
