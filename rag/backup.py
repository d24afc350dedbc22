"""A backup: one file with the catalog as it was at one moment, what belongs to it, and a manifest with checksums.

`api.backup` makes and restores them, `api.purge` rewrites them. Indexes are not in it: they are rebuilt from the catalog. The
catalog is copied by SQLite's `VACUUM INTO` (https://www.sqlite.org/lang_vacuum.html), which the SQLite project names beside its
backup API: one read transaction that blocks no writer and is blocked by none; the copy holds no remains of what was deleted.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import IO

from rag.catalog import schema
from rag.errors import SettingsError, StorageError, WaypostError
from rag.side_file import copy_file

CATALOG = "catalog.db"
_MANIFEST = "manifest.json"
_FORMAT = 2  # 1 had none of the small files beside the catalog
_BLOCK = 1 << 20
_MANIFEST_LIMIT = 1 << 20  # bytes; a file that claims more is no manifest
_RESTORE = "restore a backup that was made before (`waypost restore FILE --force`), or move the data folder away and sync again"
_PATIENCE, _HURRY = 30.0, 2.0  # seconds to wait for who writes the catalog, and for who has it open at all


@dataclass(frozen=True)
class Part:
    """One file within a backup."""

    sha256: str
    size: int


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself. `schema` is the catalog's, `waypost` the version of the program that made it."""

    schema: str
    waypost: str
    created_at: str
    documents: int
    parts: Mapping[str, Part] = field(default_factory=dict)
    format: int = _FORMAT


def write_backup(
    catalog: Path, target: Path, extras: Mapping[str, str], waypost: str, created_at: str,
    beside: Mapping[str, Path] = MappingProxyType({}), *, force: bool = False,
) -> Manifest:  # fmt: skip
    """Writes a backup of the catalog in the file `catalog`, which others may be writing, with further texts by name, and the
    small SQLite files `beside` it, each as it is at one moment.

    `target` comes into being complete or not at all, for its owner's eyes alone.
    Raises: SettingsError when there is no catalog, or `target` is there and not `force`; StorageError when it can't be written;
    WaypostError when the catalog is damaged.
    """
    if target.exists() and not force:
        raise SettingsError(f"{target} is there already; name another file, or use --force to replace it")
    with _workplace(target) as folder:
        copy = folder / CATALOG
        found, documents = _copy(catalog, copy)
        files = {CATALOG: copy}
        for name, text in extras.items():
            files[name] = folder / name
            files[name].write_text(text, encoding="utf-8")
        for name, file in beside.items():
            files[name] = folder / name
            copy_file(file, files[name])
        parts = {name: Part(_sha256(file), file.stat().st_size) for name, file in files.items()}
        manifest = Manifest(found, waypost, created_at, documents, parts)
        packed = folder / "packed"
        _pack(packed, files, manifest)
        _put_in_place(packed, target, force)
    return manifest


def read_manifest(backup: Path) -> Manifest:
    """What a backup says of itself. Raises: SettingsError when it is none, or one that a newer Waypost made."""
    try:
        with zipfile.ZipFile(backup) as archive, archive.open(_MANIFEST) as handle:
            values = json.loads(handle.read(_MANIFEST_LIMIT))
            if values["format"] > _FORMAT or values["schema"] > schema.REVISION:
                raise SettingsError(
                    f"{backup} was made by a newer Waypost ({values['waypost']}, schema {values['schema']}; this one knows "
                    f"{schema.REVISION}); upgrade Waypost, then restore it"
                )
            return Manifest(**{**values, "parts": {name: Part(**part) for name, part in values["parts"].items()}})
    except FileNotFoundError as error:
        raise SettingsError(f"there is no file {backup}") from error
    except OSError as error:
        raise StorageError(f"{backup} can't be read: {error.strerror or error}") from error
    except (zipfile.BadZipFile, ValueError, KeyError, TypeError, AttributeError, NotImplementedError) as error:
        raise SettingsError(f"{backup} is not a backup of Waypost's, or it is damaged: {error}") from error


def unpack(backup: Path, folder: Path) -> Manifest:
    """Puts a backup's files into an existing folder, and proves them: each by its checksum, the catalog by SQLite's own check.

    Raises: SettingsError as `read_manifest`; WaypostError when something in it is damaged; StorageError.
    """
    manifest = read_manifest(backup)
    try:
        with zipfile.ZipFile(backup) as archive:
            for name, part in manifest.parts.items():
                if Path(name).name != name or CATALOG not in manifest.parts:
                    raise SettingsError(f"{backup} is not a backup of Waypost's: it holds {name!r}")
                with archive.open(name) as source, _private(folder / name) as target:
                    _copy_exactly(source, target, part, f"{name} in {backup}")
    except (zipfile.BadZipFile, KeyError, EOFError, NotImplementedError) as error:
        raise _damaged(f"{backup}: {error}") from error
    except OSError as error:
        raise StorageError(f"{backup} can't be unpacked into {folder}: {error.strerror or error}") from error
    check(folder / CATALOG, str(backup))
    return manifest


def check(catalog: Path, where: str) -> None:
    """Raises: WaypostError when the catalog in this file does not pass SQLite's integrity check."""
    try:
        with _connected(catalog) as connection:
            told = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
    except sqlite3.Error as error:
        raise _damaged(f"{where}: {error}") from error
    if told != ["ok"]:
        raise _damaged(f"{where}: {'; '.join(told)}")


def settle(catalog: Path) -> None:
    """Brings the catalog in this file out of its write-ahead log, so that the one file is all of it.

    Raises: StorageError when another process has it open; WaypostError when it is damaged.
    """
    try:
        with _connected(catalog, _HURRY) as connection:
            connection.execute("PRAGMA journal_mode=DELETE").fetchone()
    except sqlite3.OperationalError as error:
        raise StorageError(f"another process has {catalog} open ({error}); end it, then try again") from error
    except sqlite3.Error as error:
        raise _damaged(f"{catalog}: {error}") from error


def _copy(catalog: Path, copy: Path) -> tuple[str, int]:
    """Copies a catalog that may be in use; gives its schema, and the number of its documents."""
    if not catalog.exists():
        raise SettingsError(f"there is nothing to back up: no catalog in {catalog.parent}; run `waypost sync` first")
    copy.touch(mode=0o600)
    try:
        with _connected(catalog) as connection:
            connection.execute("VACUUM INTO ?", (str(copy),))
    except sqlite3.Error as error:
        if isinstance(error, sqlite3.OperationalError) and not _is_damaged(catalog):
            raise StorageError(f"the catalog {catalog} can't be copied to {copy.parent}: {error}") from error
        raise _damaged(f"the catalog {catalog} ({error})", _RESTORE) from error
    try:
        with _connected(copy) as connection:
            found = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
            documents = connection.execute("SELECT count(*) FROM documents").fetchone()[0]
    except (sqlite3.Error, TypeError) as error:
        raise _damaged(f"{catalog} is no catalog: {error}", _RESTORE) from error
    return str(found), int(documents)


def _is_damaged(catalog: Path) -> bool:
    """Whether reading alone shows that a catalog is damaged: what SQLite says while it copies one ("the disk is full") may come
    of a length that the file itself claims."""
    try:
        with _connected(catalog, _HURRY) as connection:
            return bool(connection.execute("PRAGMA integrity_check(1)").fetchone()[0] != "ok")
    except sqlite3.Error as error:
        return error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FULL)


@contextmanager
def _connected(file: Path, patience: float = _PATIENCE) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(file, timeout=patience, isolation_level=None)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def _workplace(target: Path) -> Iterator[Path]:
    """A folder beside `target`, for its owner alone; what a killed backup left there goes first."""
    folder = target.with_name(f".{target.name}.partial")
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        yield folder
    except OSError as error:
        raise StorageError(f"{target} can't be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _private(file: Path) -> IO[bytes]:
    return os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _pack(packed: Path, files: Mapping[str, Path], manifest: Manifest) -> None:
    with _private(packed) as handle:
        with zipfile.ZipFile(handle, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr(_MANIFEST, json.dumps(asdict(manifest), indent=2))
            for name, file in files.items():
                archive.write(file, name)
        handle.flush()
        os.fsync(handle.fileno())


def _put_in_place(packed: Path, target: Path, force: bool) -> None:
    if force:
        packed.replace(target)
    else:
        try:
            target.hardlink_to(packed)  # which, unlike a rename, replaces nothing that came meanwhile
        except FileExistsError as error:
            raise SettingsError(f"{target} came into being meanwhile; name another file, or use --force") from error
        except OSError:  # a file system without links
            packed.replace(target)
    with suppress(OSError):
        folder = os.open(target.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)


def _sha256(file: Path) -> str:
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _copy_exactly(source: IO[bytes], target: IO[bytes], part: Part, what: str) -> None:
    """Copies as many bytes as the manifest says, and no more."""
    found, left = hashlib.sha256(), part.size
    with target:
        while left and (block := source.read(min(left, _BLOCK))):
            found.update(block)
            target.write(block)
            left -= len(block)
        target.flush()
        os.fsync(target.fileno())
    if left or source.read(1) or found.hexdigest() != part.sha256:
        raise _damaged(f"{what} is not what its checksum says")


def _damaged(what: str, advice: str = "nothing was changed; use another backup") -> WaypostError:
    return WaypostError(f"damaged: {what}; {advice}")
