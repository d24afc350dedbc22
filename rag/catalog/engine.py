"""Opening the catalog's database, and bringing its schema up to date. `rag.catalog` calls this and nobody else."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event, inspect, text
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError

from rag.catalog import schema
from rag.errors import SettingsError, StorageError, WaypostError


def open_engine(url: str, *, read_only: bool = False) -> Engine:
    """An engine on the catalog at `url` (SQLAlchemy form), its schema current.

    A reader never creates or upgrades; a writer does both. SQLite runs in WAL mode with synchronous=FULL.

    Raises: SettingsError when there is no catalog yet (reader), or when a newer Waypost wrote it.
    """
    if url.startswith("sqlite:///"):
        file = Path(url.removeprefix("sqlite:///"))
        if read_only and not file.exists():
            raise SettingsError(f"nothing has been synced into {file.parent} yet; run `waypost sync` first")
        if not read_only:
            with suppress(OSError):  # which opening it tells
                file.touch(mode=0o600)  # its -wal and -shm take after it
    engine = create_engine(url)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
    with translated(url):
        _upgrade(engine, read_only)
    return engine


def _set_up_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=15000", "cache_size=-65536"):
        connection.execute(f"PRAGMA {pragma}")


def _upgrade(engine: Engine, read_only: bool) -> None:
    with engine.connect() as connection:
        found, tables = "", inspect(connection).get_table_names()
        if "alembic_version" in tables:
            found = connection.execute(text("select version_num from alembic_version")).scalar() or ""
    if found == schema.REVISION:
        return
    if found > schema.REVISION:
        raise SettingsError(
            f"the catalog has schema {found}, written by a newer Waypost (this one knows {schema.REVISION}); "
            "upgrade Waypost, or name another WAYPOST_HOME"
        )
    if read_only and not tables:  # it is made in one transaction
        raise SettingsError(
            "nothing has been synced yet: the first sync did not finish making the catalog; run `waypost sync`"
        )
    if read_only:
        raise SettingsError("the catalog was written by an older Waypost; run `waypost sync` once to upgrade it")
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":  # its driver begins no transaction by itself before a CREATE or ALTER
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turns the database's errors into ours: full, read-only or failing disks are StorageError."""
    try:
        yield
    except IntegrityError as error:
        raise WaypostError(
            f"the catalog at {where} refused a change: {error.orig}; this is a fault of Waypost's, nothing was written: report it"
        ) from error
    except DatabaseError as error:
        if re.search(r"no such (?:table|column)|does not exist", str(error.orig)):
            raise WaypostError(
                f"the catalog at {where} lacks what its schema should have: {error.orig}; restore it from a backup, or delete its"
                " folder and sync again"
            ) from error
        if isinstance(error, OperationalError):
            raise StorageError(
                f"the catalog at {where} can't be used: {error.orig}; free space or mend it, then sync again"
            ) from error
        raise WaypostError(
            f"the catalog at {where} is damaged: {error.orig}; restore it from a backup, or delete its folder and sync again"
        ) from error
