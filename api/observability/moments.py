"""Times that people write, as the audit has them."""

from __future__ import annotations

from datetime import UTC, datetime

from rag.errors import SettingsError


def moment(told: str) -> str:
    """A day or time in ISO 8601 as a time in UTC; "" for none. Raises: SettingsError."""
    if not told:
        return ""
    try:
        at = datetime.fromisoformat(told)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise SettingsError(f"{told[:40]!r} is no time; write 2026-03-01 or 2026-03-01T14:30") from error
    return at.isoformat(timespec="milliseconds")
