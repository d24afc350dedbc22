"""What a website source remembers between two syncs, in a file of its own folder: hints of each page, no text of any.

Losing it costs requests and nothing else. `ingest.sources.website` calls this.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Collection
from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ingest.sources.website.visits import Hint

_DAY_AND_ZONES = timedelta(days=2)  # a change that is dated by its day may be as late as this after the day's begin
_GRAIN = timedelta(minutes=1)


class Hints:
    """The hints by page, and the paths that were lost the last time (`missed`)."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "pages.json"
        self.missed: frozenset[str] = frozenset()
        self._hints: dict[str, Hint] = {}
        with contextlib.suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
            loaded = json.loads(self._file.read_text(encoding="utf-8"))
            self._hints = {str(url): _hint(values) for url, values in loaded["pages"].items()}
            self.missed = frozenset(map(str, loaded["missed"]))

    def get(self, url: str) -> Hint | None:
        return self._hints.get(url)

    def put(self, url: str, hint: Hint) -> None:
        self._hints[url] = hint

    def forget(self, url: str) -> None:
        self._hints.pop(url, None)

    def urls(self) -> list[str]:
        return list(self._hints)

    def keep(self, urls: Collection[str]) -> None:
        """Forgets all other pages."""
        self._hints = {url: hint for url, hint in self._hints.items() if url in urls}

    def save(self) -> None:
        """Raises: OSError."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        data = {"pages": {url: astuple(hint) for url, hint in self._hints.items()}, "missed": sorted(self.missed)}
        draft = self._file.with_suffix(".new")
        draft.write_text(json.dumps(data), encoding="utf-8")
        draft.replace(self._file)


def _hint(values: list[object]) -> Hint:
    signature, changed, etag, modified, looked_at, sketch = values
    return Hint(str(signature), str(changed), str(etag), str(modified), float(str(looked_at)), str(sketch))


def is_fresh(hint: Hint | None, changed: str) -> bool:
    """Whether a page that the sitemap says was changed at `changed` is still as it was looked at: it says the same, and it was
    looked at when that time was over, be it a second or a day long."""
    if hint is None or not changed or hint.changed != changed:
        return False
    try:
        at = datetime.fromisoformat(changed)
        over = at.replace(tzinfo=at.tzinfo or UTC) + (_GRAIN if len(changed) > 10 else _DAY_AND_ZONES)
        return min(hint.looked_at, time.time()) > over.timestamp()
    except (ValueError, OverflowError):
        return False
