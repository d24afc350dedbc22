"""What `waypost status`, `/v1/sources` and `/v1/runs` tell of each source: its state, its syncs, and what is not indexed.

`waypost status` is for whoever runs Waypost, and tells all. Over HTTP an asker is told nothing of a source of which they may
read nothing; of one that they may read in part, no number that counts what they may not read, and no path (decision 28).
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from api.schedule import DEFAULT, next_sync
from api.settings import Settings, load_sources
from ingest.sources import SourceSpec
from rag.catalog import Catalog
from rag.catalog.reader import SourceRow
from rag.errors import SettingsError
from rag.purged import MARK
from rag.records import Coverage, Viewer

TROUBLE = "trouble with waypost.yaml"  # the setting in the catalog that a running server notes it under
NEVER = "never synced"
_HIDDEN = "you may not read everything in this source: its counts and reasons are shown to those who may"
_TOLD_IN_PART = {
    "held": "documents that are gone at the source are kept until a person approves",
    "partial": "a part of it could not be read",
}
_QUOTED = re.compile(r"""'[^']*'|"[^"]*\"""")


def named_sources(settings: Settings) -> dict[str, SourceSpec] | None:
    """The entries of waypost.yaml by name; None where it can't be read now."""
    try:
        return {spec.name: spec for spec in load_sources(settings.config, os.environ)}
    except SettingsError:
        return None


def sources_view(catalog: Catalog, viewer: Viewer, named: Mapping[str, SourceSpec] | None) -> list[dict[str, Any]]:
    """The sources that the viewer may know of, synced or not, with counts of what they may see."""
    seen = _seen_by(catalog, viewer, named)
    ledger = _ledger(catalog)
    found = []
    for name, facts in _facts(catalog, named).items():
        if name not in seen.sources:
            continue
        whole = name in seen.whole
        last = facts["last_run"]
        found.append(
            {
                **_told(facts, facts["state"], whole=whole),
                "documents": seen.documents[name],
                "counts": _counts(ledger[name]) if whole else {},
                "reasons": _reasons(ledger[name]) if whole else [],
                "last_run": _told({**last, "counts": last["counts"] if whole else {}}, last["outcome"], whole=whole)
                if last
                else None,
                "counts_hidden": "" if whole else _HIDDEN,
            }
        )
    return found


Behind = tuple[str, str, int]  # when a run began, its source, and how many that began so were shown: a place among runs


def runs_view(
    catalog: Catalog,
    viewer: Viewer,
    named: Mapping[str, SourceSpec] | None,
    source: str,
    limit: int,
    behind: Behind | None = None,
) -> tuple[list[dict[str, Any]], Behind | None]:
    """The last runs of the sources that the viewer may know of, and where the next ones begin; counts where they may see all.

    A run's number is no such place: the numbers between two of one's own would tell of others."""
    seen = _seen_by(catalog, viewer, named)
    shown = behind[2] if behind else 0
    found = catalog.runs(shown + limit + 1, source, seen.sources, behind[:2] if behind else None)
    page, last = found[shown : shown + limit], found[shown + limit - 1 : shown + limit]
    told = [
        {
            **_told(_run(run), run["outcome"], whole=whole),
            "counts": run["counts"] if whole else {},
            "counts_hidden": "" if whole else _HIDDEN,
        }
        for run in page
        for whole in [run["source"] in seen.whole]
    ]
    if len(found) <= shown + limit:
        return told, None
    began = (str(last[0]["started_at"]), str(last[0]["source"]))
    same = sum((run["started_at"], run["source"]) == began for run in found[: shown + limit])
    return told, (*began, same)


def may_know(catalog: Catalog, viewer: Viewer, named: Mapping[str, SourceSpec] | None, source: str) -> bool:
    """Whether a viewer may know of a source that waypost.yaml names, or named when it could be read."""
    return source in _seen_by(catalog, viewer, named).sources and (named is None or source in named)


@dataclass(frozen=True)
class _Seen:
    """The sources that a viewer may know of, those of them whose every document they may see, and how many they see of each."""

    sources: frozenset[str]
    whole: frozenset[str]
    documents: Mapping[str, int]


def _seen_by(catalog: Catalog, viewer: Viewer, named: Mapping[str, SourceSpec] | None) -> _Seen:
    """One of which nothing is stored is known to those whom waypost.yaml lets read it, and to nobody when that can't be told."""
    admitted = set(catalog.access_keys(viewer))
    visible: Counter[str] = Counter()
    hidden: Counter[str] = Counter()
    for (source, access), count in catalog.document_counts().items():
        (visible if access in admitted else hidden)[source] += count
    may = {name for name, spec in (named or {}).items() if spec.access.admits(viewer.groups)}
    known = frozenset(visible) | (may - hidden.keys())
    return _Seen(known, known & may - hidden.keys(), visible)


def _facts(catalog: Catalog, named: Mapping[str, SourceSpec] | None) -> dict[str, dict[str, Any]]:
    """By name, what is the same for everyone of each source that waypost.yaml names or that was ever synced."""
    rows = {row.name: row for row in catalog.sources()}
    begun = catalog.runs_begun()
    found = {}
    for name in sorted({*rows, *(named or {})}):
        spec = (named or {}).get(name)
        row = rows.get(name) or SourceRow(name, spec.type if spec else "", "", "", NEVER, "", "", "")
        last = next(iter(catalog.runs(1, name)), None)
        found[name] = {
            "name": name,
            "type": row.type,
            "state": row.state if row.listed_at else NEVER,
            "message": row.message,
            "head": row.head,
            "listed_at": row.listed_at,
            "synced_at": row.synced_at,
            "schedule": (spec.schedule or DEFAULT) if spec else "",
            "next_sync": _next(spec, begun.get(name, "")) if spec else "",
            "named": None if named is None else spec is not None,
            "last_run": _run(last) if last else None,
        }
    return found


def _next(spec: SourceSpec, begun: str) -> str:
    """When `waypost serve` syncs a source again by itself; "" for never."""
    at = next_sync(spec.schedule, datetime.fromisoformat(begun) if begun else None)
    return max(at, datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""


def _run(run: Mapping[str, Any]) -> dict[str, Any]:
    """A run without its number: the numbers between two of one's own would tell of others."""
    return {name: value for name, value in run.items() if name != "id"}


def _told(facts: Mapping[str, Any], state: str, *, whole: bool) -> dict[str, Any]:
    """The same, without numbers and paths in its message where the viewer may not see the whole source."""
    return dict(facts) if whole else {**facts, "message": _TOLD_IN_PART.get(state, facts["message"])}


def _ledger(catalog: Catalog) -> Mapping[str, list[tuple[str, str, int]]]:
    """(outcome or "held", reason, how many) of what each source listed."""
    found: defaultdict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for source, outcome, reason, held, count in catalog.item_counts():
        found[source].append((outcome, reason, count))
        if held:
            found[source].append(("held", "gone at the source, and kept until a person approves", held))
    return found


def _counts(rows: Sequence[tuple[str, str, int]]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for outcome, _, count in rows:
        counts[outcome] += count
    return dict(counts)


def _reasons(rows: Sequence[tuple[str, str, int]]) -> list[dict[str, Any]]:
    """Why things are not indexed, most first; without what a reason quotes."""
    counts: Counter[tuple[str, str]] = Counter()
    for outcome, reason, count in rows:
        if outcome != "indexed":
            counts[outcome, _QUOTED.sub("…", reason).partition(": ")[0]] += count
    return [{"outcome": outcome, "reason": reason, "count": count} for (outcome, reason), count in counts.most_common()]


def _place(catalog: Catalog, source: str, path: str, line: int) -> str:
    """Where a line of a document's text stands in its file, as citations say it; "" where it is a line of the file."""
    document = catalog.document_at(source, path)
    return document.where(line) if document else ""


def status_view(
    catalog: Catalog, named: Mapping[str, SourceSpec] | None, lexical_watermark: int, vectors_watermark: int
) -> dict[str, Any]:
    """Everything, for whoever runs Waypost: counts of each outcome, reasons, redactions, and coverage."""
    everyone_keys = tuple({access for _, access in catalog.document_counts()})
    sources, purged = [], catalog.marked(MARK)
    locations = {row.name: row.location for row in catalog.sources()}
    for name, facts in _facts(catalog, named).items():
        items = catalog.items(name)
        sources.append(
            {
                **facts,
                "location": locations[name] if name in locations else (named or {})[name].location,
                "counts": dict(Counter(item.outcome for item in items.values())),
                "not_indexed": [
                    {"path": path, "outcome": item.outcome, "reason": item.reason, "retry_at": item.retry_at}
                    for path, item in items.items()
                    if item.outcome != "indexed"
                ],
                "held": [
                    {"path": path, "missing_since": item.missing_since}
                    for path, item in items.items()
                    if item.missing_since
                ],
                "notes": [
                    {"path": path, "note": item.reason}
                    for path, item in items.items()
                    if item.outcome == "indexed" and item.reason
                ],
                "redactions": [
                    *(
                        {"path": path, "place": "", **found}
                        for path, item in items.items()
                        for found in json.loads(item.redactions)
                    ),
                    *(
                        {"path": path, "line": line, "rule": "purged", "place": _place(catalog, name, path, line)}
                        for source, path, line in purged
                        if source == name
                    ),
                ],
            }
        )
    serving = catalog.serving()
    coverage = (
        catalog.coverage(everyone_keys, lexical_watermark, vectors_watermark, serving) if serving else Coverage(0, 0, 0)
    )
    return {
        "settings": catalog.setting(TROUBLE),
        "sources": sources,
        "passages": coverage.passages,
        "lexical": coverage.lexical,
        "vectors": coverage.vectors,
        "generations": [asdict(generation) for generation in catalog.generations()],
        "runs": [dict(run) for run in catalog.runs(10)],
    }
