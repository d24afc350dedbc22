"""The one table from our errors to exit codes and HTTP statuses (../shared/SURFACE.md)."""

from __future__ import annotations

from rag.errors import (
    DocumentError,
    IndexDamagedError,
    NotFoundError,
    RetryLaterError,
    SettingsError,
    StorageError,
    WaypostError,
    WriterBusyError,
)

DONE, FAILED, USAGE, NEEDS_A_PERSON, STOPPED = 0, 1, 2, 3, 130

_TABLE: tuple[tuple[type[WaypostError], int, int], ...] = (  # most specific first: error, exit code, HTTP status
    (NotFoundError, USAGE, 404),
    (SettingsError, USAGE, 400),
    (WriterBusyError, FAILED, 503),
    (StorageError, FAILED, 507),
    (RetryLaterError, FAILED, 503),
    (DocumentError, FAILED, 422),
    (IndexDamagedError, FAILED, 503),
    (WaypostError, FAILED, 500),
)


def exit_code(error: WaypostError) -> int:
    return next(code for kind, code, _ in _TABLE if isinstance(error, kind))


def http_status(error: WaypostError) -> int:
    return next(status for kind, _, status in _TABLE if isinstance(error, kind))
