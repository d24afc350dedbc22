"""Small SQLite files beside the catalog, for their owner's eyes alone: what readers asked and thought, who may ask, the audit."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
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
