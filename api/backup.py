"""Backing up the catalog while others work on it, and restoring it: indexes are rebuilt from it, offline, embedding nothing.

`api.backup_cli` calls these.
"""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from api import side_files
from api.owner import open_owner
from api.settings import Settings
from ingest.redaction import redact
from rag import doctor, gaps
from rag.backup import CATALOG, Manifest, read_manifest, settle, unpack, write_backup
from rag.catalog import Catalog
from rag.catalog.writer import now
from rag.errors import SettingsError, StorageError, WaypostError
from rag.owner import WriterLock
from rag.purged import FILE, Purged

ENDING = ".waypost"
_KEPT = "before-restore-"  # what a restore replaced is kept under such names in the data folder
_CONFIG = "waypost.yaml"
_USER = re.compile(r"(https?://)[^/@\s]+@")


@dataclass(frozen=True)
class Made:
    """A backup that was made."""

    file: Path
    manifest: Manifest


@dataclass(frozen=True)
class Restored:
    """What a restore did. `config` is written, kept (there was one, which stays) or none; `before` is where the catalog that was
    there is kept; `sound` is what the doctor says; `added` counts what was put into the small files beside the catalog."""

    manifest: Manifest
    passages: int
    waiting: int
    config: str
    before: str
    sound: bool
    added: Mapping[str, int]


def back_up(settings: Settings, target: Path, *, force: bool = False) -> Made:
    """Writes a backup to a file, or into a folder under a name with the time. Raises: as `rag.backup.write_backup`."""
    _outside(settings, target, "write backups somewhere else, best on another disk")
    if target.is_dir():
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        target = target / f"waypost-{stamp}{ENDING}"
    extras = {}
    if purged := Purged.load(settings.home):
        extras[FILE] = purged.text()
    if asked := gaps.stored(settings.home):
        extras[gaps.FILE] = asked
    if settings.config_is_missing:
        raise SettingsError(
            f"there is no {settings.config}, which belongs into the backup; correct --config or WAYPOST_CONFIG"
        )
    if settings.config.is_file():
        extras[_CONFIG] = _without_credentials(settings.config)
    files = side_files.beside(settings.home)
    return Made(target, write_backup(catalog_file(settings), target, extras, program(), now(), files, force=force))


def _outside(settings: Settings, file: Path, advice: str) -> None:
    """Raises: SettingsError for a place in the data folder, by whatever links it is named: what lies there is swept away with
    it."""
    with contextlib.suppress(OSError):
        place = file.resolve()
        if any(above.exists() and above.samefile(settings.home) for above in (place, *place.parents)):
            raise SettingsError(f"{file} is in the data folder {settings.home}; {advice}")


def catalog_file(settings: Settings) -> Path:
    """The file that holds the catalog. Raises: SettingsError where it is a server's."""
    if not settings.catalog_url.startswith("sqlite:///"):
        server = settings.catalog_url.split(":", 1)[0]
        raise SettingsError(
            f"the catalog is kept by {server}: back it up with that server's own tools (PostgreSQL: pg_dump, pg_restore)"
        )
    return Path(settings.catalog_url.removeprefix("sqlite:///"))


def program() -> str:
    return metadata.version("waypost")


def _without_credentials(config: Path) -> str:
    """The text of waypost.yaml, which should hold none (they come from the environment), without any all the same."""
    text = config.read_text(encoding="utf-8", errors="replace")
    return _USER.sub(r"\1***@", redact(text, _CONFIG)[0])


def restore(settings: Settings, backup: Path, *, force: bool = False) -> Restored:
    """Puts a backup's catalog in place of what the data folder holds, and rebuilds the indexes from it.

    What is replaced is kept in the data folder. At each moment of it the old catalog or the new one is there, and whole.
    Raises: SettingsError when a catalog is there and not `force`, or a newer Waypost made the backup; WriterBusyError when
    another process owns the data folder; WaypostError when the backup is damaged: then nothing was changed.
    """
    target = catalog_file(settings)
    if not backup.name.startswith(_KEPT) or backup.resolve().parent != settings.home.resolve():
        _outside(settings, backup, "a restore replaces what is in there: move it out first")
    read_manifest(backup)
    lock = WriterLock.acquire(settings.home, "restore")
    try:
        if target.exists() and not force:
            raise SettingsError(
                f"{target.parent} holds a catalog already; name an empty WAYPOST_HOME, or use --force: "
                "then the one that is there is kept beside it"
            )
        manifest, config, before, added = _replace(settings, target, backup)
    except BaseException:
        lock.release()
        raise
    return _rebuild(settings, lock, manifest, config, before, added)


def _replace(settings: Settings, target: Path, backup: Path) -> tuple[Manifest, str, str, Mapping[str, int]]:
    """Unpacks and proves a backup, keeps what is there, and puts the new catalog in its place by one rename."""
    folder = target.parent / "restore"
    try:
        shutil.rmtree(folder, ignore_errors=True)  # left by a kill
        folder.mkdir(mode=0o700, parents=True)
        manifest = unpack(backup, folder)
        _purge_again(settings.home, folder)
        before = _set_aside(settings, target) if target.exists() else ""
        remove_indexes(settings.home)
        (folder / CATALOG).replace(target)
        config = _restore_config(settings.config, folder / _CONFIG)
        _restore_gaps(settings.home, folder)
        added = side_files.put_back(settings.home, folder)
    except OSError as error:
        raise StorageError(f"{settings.home} can't be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return manifest, config, before, added


def _rebuild(
    settings: Settings, lock: WriterLock, manifest: Manifest, config: str, before: str, added: Mapping[str, int]
) -> Restored:
    with open_owner(settings, "restore", lock=lock) as owner:
        for projection in owner.projections.by_name().values():
            projection.catch_up()
        report = doctor.examine(owner.catalog, owner.projections)
        passages = owner.projections.lexical.expected_count()
        return Restored(manifest, passages, report.waiting, config, before, report.sound, added)


def _set_aside(settings: Settings, catalog: Path) -> str:
    """Keeps the catalog that is there as a backup in the data folder; as it is, where it is damaged."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%f")
    kept = settings.home / f"{_KEPT}{stamp}{ENDING}"
    try:
        write_backup(catalog, kept, {}, program(), now())
        settle(catalog)
    except StorageError:
        raise
    except WaypostError:
        kept.unlink(missing_ok=True)
        kept = settings.home / f"{_KEPT}{stamp}"
        kept.mkdir(mode=0o700)
        for file in sorted(catalog.parent.glob(f"{catalog.name}*")):  # with its log, which would damage another catalog
            shutil.move(file, kept / file.name)
    return str(kept)


def _purge_again(home: Path, unpacked: Path) -> None:
    """Takes out of a backup's catalog what was purged since, and remembers what either side knows to be purged."""
    ours, theirs = Purged.load(home), Purged.load(unpacked)
    if since := ours.beyond(theirs):
        catalog = Catalog(f"sqlite:///{(unpacked / CATALOG).absolute()}")
        try:
            with catalog.write() as writer:
                writer.scrub(since.scrub)
                for document in since.documents:
                    writer.erase_document(document.source, document.path, document.reason)
            catalog.compact()
        finally:
            catalog.close()
        settle(unpacked / CATALOG)
    if both := ours.merged(theirs):
        both.save(home)


def remove_indexes(home: Path) -> None:
    """Removes every index of a data folder: its next owner makes them anew from the catalog."""
    for folder in (home / "documents", *home.glob("generation-*")):
        shutil.rmtree(folder, ignore_errors=True)


def _restore_gaps(home: Path, unpacked: Path) -> None:
    """Adds a backup's gaps to those that are there, without what was purged."""
    purged = Purged.load(home)
    gone = {document.place for document in purged.documents}
    found = gaps.merged(gaps.parsed(gaps.stored(home)), gaps.parsed(gaps.stored(unpacked)))
    if found:
        gaps.put(home, gaps.cleaned(found, purged.scrub, lambda *place: place in gone))


def _restore_config(config: Path, stored: Path) -> str:
    if not stored.exists():
        return "none"
    if config.exists():
        return "kept"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(stored.read_text(encoding="utf-8"), encoding="utf-8")
    return "written"
