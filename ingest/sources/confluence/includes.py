"""Which pages show parts of others, kept between syncs, so that a page is read anew when what it includes changes.

A page's tag is part of its signature. It stays while all that the page included is as it was when the page was read. Without the
file, which alone knows that, every page is read anew.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from rag.records import digest

_NAME = "includes.json"


class Includes:
    """What is known of pages by id, in a file of `folder`."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / _NAME
        self._known: dict[str, list[str]] = {}  # id → its tag, the state of what it included, and its names
        self._changed = False
        try:
            told = json.loads(self._file.read_text(encoding="utf-8"))
            self._known = {
                str(key): [str(part) for part in value] for key, value in told["pages"].items() if len(value) > 1
            }
            self._first = str(told["first"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            self._first = digest("includes", os.urandom(16).hex())[:6]  # so that nothing is taken for what it was
            self._changed = True
            self.keep()

    def tag(self, number: str, state: Callable[[Sequence[str]], str]) -> str:
        """The tag of a page; `state` says how what it included is now, by the names that `put` was given."""
        if number not in self._known:
            return self._first
        tag, was, *others = self._known[number]
        now = state(others)
        return tag if now == was else digest("included", self._first, now)[:8]

    def put(self, number: str, tag: str, others: Sequence[str], state: Callable[[Sequence[str]], str]) -> None:
        """Keeps what a page included when it was read under that tag."""
        told = [tag, state(others), *others] if others else []
        if told != self._known.get(number, []):
            self._changed = True
            if told:
                self._known[number] = told
            else:
                del self._known[number]

    def keep(self) -> None:
        """Writes the file, if anything changed."""
        if not self._changed:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        fresh.write_text(json.dumps({"first": self._first, "pages": self._known}), encoding="utf-8")
        fresh.replace(self._file)
        self._changed = False
