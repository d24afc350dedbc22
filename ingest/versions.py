"""What documents said before, looked after at the end of each sync: what is too old goes, and what better rules of redaction find
is taken out. `api.owner` calls `tidy`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ingest.redaction import redact
from ingest.sync import PIPELINE
from rag.catalog import Catalog
from rag.records import digest


def tidy(catalog: Catalog, keep_days: int) -> int:
    """Removes versions replaced more than `keep_days` ago (0: all), redacts the others anew where what is known to be secret has
    changed since, and gives how many it removed."""
    oldest = datetime.now(UTC) - timedelta(days=keep_days)
    with catalog.write() as writer:
        expired = writer.expire_versions(oldest.strftime("%Y-%m-%dT%H:%M:%SZ") if keep_days else "9")
    for row in catalog.sources():
        _redact(catalog, row.name)
    return expired


def _redact(catalog: Catalog, source: str) -> None:
    sensitive = catalog.symbols.sensitive(source)
    known, name = digest("redaction", PIPELINE, *sorted(sensitive)), f"versions redacted {source}"
    if catalog.setting(name) == known:
        return
    with catalog.write() as writer:
        writer.rewrite_versions(source, lambda path, text: redact(text, path, sensitive)[0])
        writer.put_setting(name, known)
