"""Writing the indexes' small files, and saying plainly when the disk is what failed. Both indexes use it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from rag.errors import StorageError

_FULL = 4_000_000  # bytes free, below which a failed write is put down to the disk


def write_atomically(file: Path, text: str) -> None:
    """Old content or new content, whatever happens: written beside, flushed to disk, renamed."""
    beside = file.with_suffix(".new")
    with beside.open("w") as handle:
        handle.write(text)
        handle.flush()
        os.fsync(handle.fileno())
    beside.replace(file)


def unwritable(what: str, folder: Path, error: Exception) -> StorageError:
    """The error for an index (`what`) whose folder can't be written, naming a full disk as such."""
    if disk_is_full(folder):
        return StorageError(f"the disk that holds {folder} is full; free some space and sync again: nothing is lost")
    return StorageError(f"the {what} in {folder} can't be written: {error}; mend it and sync again: nothing is lost")


def disk_is_full(folder: Path) -> bool:
    """Whether next to nothing is free where `folder` is; False when that can't be told."""
    try:
        return shutil.disk_usage(folder).free < _FULL
    except OSError:
        return False
