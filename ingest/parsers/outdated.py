"""Whether a page says of itself that it is deprecated, superseded, archived or moved. `ingest.parsers.markdown` calls this."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_LINES = 40  # a page says so near its top
_MOST = 200  # characters of what it says
_PAGE = (
    r"(?:page|document|doc|runbook|guide|article|section|repo(?:sitory)?|module|wiki|process|procedure|decision|ADR)"
)
_GONE = (
    r"(?:deprecated|obsolete|archived|superseded|retired|decommissioned|outdated|out of date|replaced by|moved to|has moved"
    r"|no longer (?:maintained|used|valid|in use|applies|supported|relevant))"
)
_SAYS_SO = re.compile(rf"\bthis {_PAGE}\b[^.!?]{{0,80}}?\b{_GONE}\b", re.I)
_FORBIDS = re.compile(
    rf"\b(?:do not|don't) (?:use|follow) this {_PAGE}\b|\b(?:it|this) has been (?:replaced|superseded) by\b", re.I
)
_NEGATED = re.compile(r"\b(?:not|never|until|unless|if|when|once|isn't|hasn't)\b", re.I)
_BANNER = re.compile(r"^\W*(?:deprecated|obsolete|archived|superseded(?: by\b.*)?|moved to\b.*|out of date)\W*$", re.I)
_TITLE = re.compile(
    r"[\[(](?:deprecated|obsolete|archived|superseded)[\])]|^\W*(?:deprecated|obsolete|archived)\s*(?::|-|–|—|$)", re.I
)
_STATUS = re.compile(r"^#+\s*status\W*$|^\W*status\W*:", re.I)
_STATUS_SAYS = re.compile(r"\b(?:deprecated|superseded|obsolete|retired|archived)\b", re.I)
_FIELDS = ("superseded_by", "replaced_by", "moved_to")


def outdated(title: str, front: Mapping[str, Any], lines: Sequence[str]) -> str:
    """The page's own words for it, or ""."""
    if front.get("deprecated") is True or front.get("archived") is True:
        return "its front matter says that it is deprecated"
    said = {
        key: str(front[key])[:_MOST] for key in ("status", *_FIELDS) if isinstance(front.get(key), str | int | float)
    }
    if _STATUS_SAYS.search(said.get("status", "")):
        return f"its front matter says: status {said['status']}"
    for field in _FIELDS:
        if said.get(field):
            return f"its front matter says: {field.replace('_', ' ')} {said[field]}"
    if _TITLE.search(title):
        return title[:_MOST]
    status = False
    for line in lines[:_LINES]:
        says = _STATUS_SAYS.search(line) if status or _STATUS.match(line) else None
        sentence = _SAYS_SO.search(line)
        if says or _BANNER.match(line) or _FORBIDS.search(line) or (sentence and not _NEGATED.search(sentence.group())):
            return line.replace("*", "").strip(" #_>|")[:_MOST]
        status = bool(_STATUS.match(line)) or (status and not line.strip())
    return ""
