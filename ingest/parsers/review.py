"""When a page was reviewed last, and when it must be again, by its front matter. `ingest.parsers.markdown` calls this.

Fields: those of the tech-docs template (`last_reviewed_on`, `review_in: 6 months`) and their usual likes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from dateutil.relativedelta import relativedelta

_REVIEWED = ("last_reviewed_on", "last_reviewed", "reviewed_on", "last_review")
_WITHIN = ("review_in", "review_every", "review_interval")
_DUE = ("review_by", "next_review", "review_due", "review_on", "expires", "expires_on")
_SPAN = re.compile(r"\s*(\d{1,4})\s*(day|week|month|year)s?\s*", re.I)
_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})")


def review(front: Mapping[str, Any]) -> tuple[str, str]:
    """(reviewed on, due on) as ISO 8601 days, "" for what the front matter does not say."""
    reviewed = _day(front, _REVIEWED)
    due = _day(front, _DUE)
    span = next((m for name in _WITHIN if (m := _SPAN.fullmatch(str(front.get(name, ""))))), None)
    if not due and reviewed and span:
        try:
            due = reviewed + relativedelta(**{f"{span[2].lower()}s": int(span[1])})  # type: ignore[arg-type]
        except (OverflowError, ValueError):  # a year that no calendar has
            due = None
    return (reviewed.isoformat() if reviewed else "", due.isoformat() if due else "")


def _day(front: Mapping[str, Any], names: tuple[str, ...]) -> date | None:
    for name in names:
        if match := _DAY.match(str(front.get(name, ""))):
            try:
                return date(int(match[1]), int(match[2]), int(match[3]))
            except ValueError:
                continue
    return None
