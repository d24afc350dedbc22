"""Small SQLite files beside the catalog, for their owner's eyes alone: what readers asked and thought, who may ask, the audit."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from rag.errors import StorageError


def make_private(file: Path) -> None:
    """Makes the file, empty, where it is not there. Raises: OSError."""
    if not file.exists():
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o600))


@contextmanager
def opened(
    file: Path, what: str, prepare: Callable[[sqlite3.Connection], None], *, create: bool = False
) -> Iterator[sqlite3.Connection | None]:
    """The file, None where there is none yet; committed at the end. What is deleted is overwritten. `prepare` brings its schema
    up to date. Raises: StorageError, which says `what` can't be read or written."""
    try:
        if not file.exists() and not create:
            yield None
            return
        make_private(file)
        with closing(sqlite3.connect(file, timeout=10)) as database:
            database.execute("PRAGMA secure_delete = ON")
            prepare(database)
            yield database
            database.commit()
    except (sqlite3.Error, OSError) as error:
        raise StorageError(f"{what} in {file} can't be read or written: {error}") from error


def copy_file(file: Path, copy: Path) -> None:
    """Copies a file that others may be writing, as it is at one moment; the copy is one file, complete or not there, for its
    owner's eyes alone. Raises: StorageError. Source: https://www.sqlite.org/backup.html."""
    beside = copy.with_name(f".{copy.name}.copy")
    try:
        beside.unlink(missing_ok=True)
        make_private(beside)
        with closing(sqlite3.connect(file, timeout=10)) as there, closing(sqlite3.connect(beside)) as here:
            there.backup(here)
            here.execute("PRAGMA journal_mode = DELETE")
            told = here.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if told != "ok":
            raise sqlite3.DatabaseError(told)
        beside.replace(copy)
    except (sqlite3.Error, OSError) as error:
        raise StorageError(f"{file} can't be copied: {error}; if it is damaged, move it away") from error
    finally:
        beside.unlink(missing_ok=True)


def add_rows(file: Path, other: Path, tables: Sequence[str]) -> int:
    """Adds the rows of another file's tables that this one lacks, by their keys, and gives how many there were of the first; a
    file that is not there becomes a copy of the other. Raises: StorageError."""
    try:
        if not file.exists() or not file.stat().st_size:
            copy_file(other, file)
            with closing(sqlite3.connect(file)) as database:
                return int(database.execute(f"SELECT count(*) FROM {tables[0]}").fetchone()[0])  # noqa: S608
        with closing(sqlite3.connect(file, timeout=10, isolation_level=None)) as database:
            database.execute("ATTACH ? AS other", (str(other),))
            database.execute("BEGIN IMMEDIATE")
            counts = [_add(database, table) for table in tables]
            database.execute("COMMIT")
            return counts[0]
    except (sqlite3.Error, OSError) as error:
        raise StorageError(f"what a backup has of {file} can't be added to it: {error}") from error


def _add(database: sqlite3.Connection, table: str) -> int:
    """The columns that both have; a file of an older Waypost may have fewer."""
    ours, theirs = (
        [row[1] for row in database.execute(f"PRAGMA {schema}.table_info({table})")] for schema in ("main", "other")
    )
    columns = ", ".join(f'"{column}"' for column in ours if column in theirs)
    query = f"INSERT OR IGNORE INTO main.{table} ({columns}) SELECT {columns} FROM other.{table}"  # noqa: S608
    return database.execute(query).rowcount
