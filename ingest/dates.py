"""Dates as the catalog has them: ISO 8601 in UTC, to the second. Sources and renderings call this for what others wrote."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def in_utc(at: datetime) -> str:
    """A moment; one without a zone is taken for UTC. Raises: OverflowError for one beyond the years that there are."""
    return at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def utc(text: str) -> str:
    """A date as ISO 8601 or as HTTP and mail write it; "" for any other."""
    try:
        return in_utc(_parsed(text.strip()))
    except (ValueError, OverflowError):
        return ""


def _parsed(text: str) -> datetime:
    """Raises: ValueError."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return parsedate_to_datetime(text)
