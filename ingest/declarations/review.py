"""When a page was reviewed last, and when it must be again, by its front matter. `ingest.parsers` calls this.

Fields: those of the tech-docs template (`last_reviewed_on`, `review_in: 6 months`) and their usual likes, whichever way their
words are joined. Spans: in words, or ISO 8601 (`P6M`). Days: ISO 8601, with or without a time, or with the month in words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from dateutil.relativedelta import relativedelta

_REVIEWED = (
    "lastreviewedon",
    "lastreviewed",
    "lastreviewedat",
    "reviewedon",
    "reviewedat",
    "lastreview",
    "lastreviewdate",
)
_WITHIN = ("reviewin", "reviewevery", "reviewinterval", "reviewperiod", "reviewcycle", "reviewfrequency")
_DUE = (
    "reviewby", "nextreview", "nextreviewon", "nextreviewdate", "reviewdue", "reviewon", "reviewdate", "expires", "expireson",
)  # fmt: skip
_FIELDS = frozenset((*_REVIEWED, *_WITHIN, *_DUE))
_PART = re.compile(r"(?:every\s+)?(\d{1,4}|an?)\s*-?\s*(day|week|month|quarter|year)s?", re.I)
_BETWEEN = re.compile(r"[\s,]*(?:and\s)?\s*", re.I)
_ISO = re.compile(r"P(?=\d)(?:(\d{1,4})Y)?(?:(\d{1,4})M)?(?:(\d{1,4})W)?(?:(\d{1,4})D)?", re.I)
_EVERY = {
    "weekly": "1 week", "fortnightly": "2 weeks", "monthly": "1 month", "quarterly": "3 months", "biannually": "6 months",
    "yearly": "1 year", "annually": "1 year", "annual": "1 year", "every quarter": "3 months", "every year": "1 year",
    "every month": "1 month", "every week": "1 week",
}  # fmt: skip
_DAY = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?!\d)")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T.*)?")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_NAMED = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_DAY_FIRST = re.compile(rf"(?:[a-z]{{3,9}},?\s+)?(\d{{1,2}})(?:st|nd|rd|th)?[\s-]+{_NAMED}[\s,-]+(\d{{4}})(?!\d)", re.I)
_MONTH_FIRST = re.compile(rf"{_NAMED}\s+(\d{{1,2}})(?:st|nd|rd|th)?,?\s+(\d{{4}})(?!\d)", re.I)


def review(front: Mapping[str, Any]) -> tuple[str, str]:
    """(reviewed on, due on) as ISO 8601 days, "" for what the front matter does not say."""
    fields = {_joined(name): str(value).strip() for name, value in front.items()}
    reviewed = next((day for name in _REVIEWED if (day := _day(fields.get(name, "")))), None)
    due = next((day for name in _DUE if (day := _day(fields.get(name, "")))), None)
    span = next((span for name in _WITHIN if (span := _span(fields.get(name, "")))), None)
    if not due and reviewed and span:
        try:
            due = reviewed + span
        except (OverflowError, ValueError):  # a year that no calendar has
            due = None
    return (reviewed.isoformat() if reviewed else "", due.isoformat() if due else "")


def is_of_review(name: str) -> bool:
    """Whether a field of this name tells of reviews."""
    return _joined(name) in _FIELDS


def _joined(name: object) -> str:
    return re.sub(r"[\s_-]", "", str(name)).lower()


def _span(text: str) -> relativedelta | None:
    text = _EVERY.get(text.lower(), text)
    if iso := _ISO.fullmatch(text):
        years, months, weeks, days = (int(part or 0) for part in iso.groups())
        return relativedelta(years=years, months=months, weeks=weeks, days=days)
    found, at = relativedelta(), 0
    while part := _PART.match(text, at):
        number, unit = 1 if part[1].lower().startswith("a") else int(part[1]), part[2].lower()
        found += relativedelta(months=3 * number) if unit == "quarter" else relativedelta(**{f"{unit}s": number})  # type: ignore[arg-type]
        if part.end() == len(text):
            return found
        between = _BETWEEN.match(text, part.end())
        at = between.end() if between else len(text)
    return None


def _day(text: str) -> date | None:
    """The day that a text begins with, as it is written there: a zone does not move it."""
    parts: tuple[str, str, str] | None = None
    if match := _DAY.match(text):
        parts = match[1], match[3], match[4]
    elif match := _COMPACT.fullmatch(text):
        parts = match[1], match[2], match[3]
    elif match := _DAY_FIRST.match(text):
        parts = match[3], match[2], match[1]
    elif match := _MONTH_FIRST.match(text):
        parts = match[3], match[1], match[2]
    if parts is None:
        return None
    year, month, day = parts
    try:
        return date(int(year), int(month) if month.isdigit() else _MONTHS.index(month[:3].lower()) + 1, int(day))
    except ValueError:
        return None
