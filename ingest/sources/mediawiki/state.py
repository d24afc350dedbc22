"""What a MediaWiki source remembers between syncs, as its listing's `head`: a line of JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ingest.sources import SourceSpec
from ingest.sources.mediawiki.changes import Mark
from rag.records import digest

COMPARED = timedelta(hours=24)  # after which all pages are listed again, whatever the changes say


@dataclass(frozen=True)
class State:
    """The newest change that was seen, when all pages were listed (the wiki's time, ISO 8601), and the wiki's counts then.
    `settings` and `listed` are digests: of what chooses pages, and of what was listed."""

    settings: str = ""
    mark: Mark = field(default_factory=lambda: Mark(0, ""))
    full_at: str = ""
    counts: str = ""
    listed: str = ""

    def __str__(self) -> str:
        told = [self.settings, self.mark.number, self.mark.time, self.full_at, self.counts, self.listed]
        return json.dumps(told)

    @classmethod
    def read(cls, head: str) -> State:
        """The state that a head holds; one that fits nothing where it holds none."""
        try:
            settings, number, time, full_at, counts, listed = json.loads(head)
            return cls(str(settings), Mark(int(number), str(time)), str(full_at), str(counts), str(listed))
        except (ValueError, TypeError):
            return cls()

    def fits(self, spec: SourceSpec, signatures: Mapping[str, str]) -> bool:
        """Whether what is known now is what was listed then, by the same settings."""
        return self.settings == settings_of(spec) and self.listed == listed_of(signatures)


def settings_of(spec: SourceSpec) -> str:
    """Changes when a setting changes that chooses pages."""
    return digest("mediawiki", spec.location, repr(spec.options), json.dumps([spec.include, spec.exclude]))[:16]


def listed_of(signatures: Mapping[str, str]) -> str:
    return digest("listed", *(f"{path}\n{signature}" for path, signature in sorted(signatures.items())))[:24]


def is_due(state: State, now: str) -> bool:
    """Whether it is time to list all pages again, or can't be told."""
    try:
        return not timedelta(0) <= datetime.fromisoformat(now) - datetime.fromisoformat(state.full_at) < COMPARED
    except ValueError:
        return True
