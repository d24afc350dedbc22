"""What `waypost status` and `/v1/sources` show: each source, when it was synced, and every file that is not indexed."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from typing import Any

from rag.catalog import Catalog
from rag.purged import MARK
from rag.records import Coverage, Viewer

TROUBLE = "trouble with waypost.yaml"  # the setting in the catalog that a running server notes it under


def sources_view(catalog: Catalog, viewer: Viewer) -> list[dict[str, Any]]:
    """The sources of which the viewer may see some document (or which have none), with counts of what they may see."""
    admitted = set(catalog.access_keys(viewer))
    visible: Counter[str] = Counter()
    hidden: Counter[str] = Counter()
    for (source, access), count in catalog.document_counts().items():
        (visible if access in admitted else hidden)[source] += count
    return [
        {
            "name": row.name,
            "type": row.type,
            "state": row.state,
            "message": row.message,
            "head": row.head,
            "listed_at": row.listed_at,
            "synced_at": row.synced_at,
            "documents": visible[row.name],
        }
        for row in catalog.sources()
        if visible[row.name] or not hidden[row.name]
    ]


def runs_view(catalog: Catalog, viewer: Viewer, source: str, limit: int) -> list[dict[str, Any]]:
    """The last runs of the sources of which the viewer may see some document; counts only where they may see all."""
    admitted = set(catalog.access_keys(viewer))
    counts = catalog.document_counts()
    partly = {name for name, access in counts if access not in admitted}
    hidden = partly - {name for name, access in counts if access in admitted}
    found = [run for run in catalog.runs(limit, source) if run["source"] not in hidden]
    return [{**run, "counts": {} if run["source"] in partly else run["counts"]} for run in found]


def status_view(catalog: Catalog, lexical_watermark: int, vectors_watermark: int) -> dict[str, Any]:
    """Everything, for whoever runs Waypost: counts of each outcome, reasons, redactions, and coverage."""
    everyone_keys = tuple({access for _, access in catalog.document_counts()})
    sources, purged = [], catalog.marked(MARK)
    for row in catalog.sources():
        items = catalog.items(row.name)
        sources.append(
            {
                "name": row.name,
                "type": row.type,
                "location": row.location,
                "state": row.state,
                "message": row.message,
                "head": row.head,
                "listed_at": row.listed_at,
                "synced_at": row.synced_at,
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
                    *({"path": path, **found} for path, item in items.items() for found in json.loads(item.redactions)),
                    *(
                        {"path": path, "line": line, "rule": "purged"}
                        for source, path, line in purged
                        if source == row.name
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
