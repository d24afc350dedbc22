"""What changed in a MediaWiki since a moment, as its recent changes tell: edits, new pages, and what its logs say (deletions,
moves, restorations, protections, imports, uploads).

The moment is a `Mark`: the newest change that was seen. It must be there again the next time; if it is not, changes were pruned
(`$wgRCMaxAge`), or the wiki was restored from a backup, and no list of changes can be trusted.
Spec: API:RecentChanges on mediawiki.org.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from ingest.sources.mediawiki.api import MediaWikiApi

OVERLAP = (
    60  # seconds read again: times have a grain of one, and what is committed late bears the time at which it began
)
_MOST = 5000  # changes after which listing all pages is the shorter way
_ASKED = {
    "list": "recentchanges", "rcprop": ["ids", "title", "timestamp", "loginfo"], "rctype": ["edit", "new", "log"],
}  # fmt: skip


@dataclass(frozen=True)
class Mark:
    """A change: its number and its time (ISO 8601, UTC). Number 0: the wiki knew of none."""

    number: int
    time: str


@dataclass
class Changes:
    """The pages that changed, by id and by title (a log speaks of titles), with the time of each one's last change; `mark` is the
    newest change. `fresh`: there is one that the mark before did not know."""

    mark: Mark
    ids: dict[int, str] = field(default_factory=dict)
    titles: dict[str, str] = field(default_factory=dict)
    fresh: bool = False


def newest(api: MediaWikiApi, now: str) -> Mark:
    """The newest change there is. Raises: SourceError."""
    answer = api.call({"action": "query", **_ASKED, "rclimit": 1})
    row = next(iter(_rows(answer)), None)
    return Mark(row["rcid"], row["timestamp"]) if row else Mark(0, now)


def changes_since(api: MediaWikiApi, mark: Mark) -> Changes | None:
    """What changed since (and up to a minute before) a mark; None when the wiki can't tell any more, or it is too much.
    Raises: SourceError."""
    found = Changes(mark)
    seen, number = mark.number == 0, 0
    asked = {**_ASKED, "rcdir": "newer", "rcstart": _before(mark.time), "rclimit": "max"}
    for answer in api.every(asked):
        for row in _rows(answer):
            number += 1
            seen = seen or row["rcid"] == mark.number
            found.fresh = found.fresh or row["rcid"] > mark.number
            found.mark = max(found.mark, Mark(row["rcid"], row["timestamp"]), key=lambda one: one.number)
            _note(found, row)
        if number > _MOST:
            return None
    return found if seen else None


def _note(found: Changes, row: Mapping[str, Any]) -> None:
    time = row["timestamp"]
    if isinstance(row.get("pageid"), int) and row["pageid"] > 0:
        found.ids[row["pageid"]] = max(time, found.ids.get(row["pageid"], ""))
    if row.get("type") == "log" or not row.get("pageid"):
        told = row.get("logparams")
        target = told.get("target_title") if isinstance(told, dict) else None
        for title in (row.get("title"), target):
            if isinstance(title, str) and title:
                found.titles[title] = max(time, found.titles.get(title, ""))


def _rows(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    query = answer.get("query")
    rows = query.get("recentchanges", []) if isinstance(query, dict) else []
    return [row for row in rows if isinstance(row.get("rcid"), int) and isinstance(row.get("timestamp"), str)]


def _before(time: str) -> str:
    try:
        at = datetime.fromisoformat(time)
    except ValueError:
        return time
    return f"{at.astimezone(UTC) - timedelta(seconds=OVERLAP):%Y-%m-%dT%H:%M:%SZ}"
