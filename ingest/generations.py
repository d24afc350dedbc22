"""Building a generation of the indexes beside the one that serves: split → embed → index → verify.

`api.owner` calls this, and then switches. Everything is taken from the catalog, nothing from the sources. What is done is kept:
a build that is cut short goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable

from ingest.embedding import embed_missing, text_hashes
from ingest.parsers import SPLITTER, parse_document
from ingest.sandbox import shared
from rag import doctor
from rag.catalog import Catalog
from rag.errors import IndexDamagedError, SettingsError, SourceError
from rag.indexes.projection import Projections
from rag.ports import Embedder, Progress
from rag.records import Generation

_BATCH = 48  # documents split in one transaction


def build(
    catalog: Catalog, projections: Projections, embedder: Embedder, progress: Callable[[Progress], None],
    stop: Callable[[], bool],
) -> tuple[bool, int]:  # fmt: skip
    """Brings a generation's indexes to what the catalog holds, and verifies them by counts, stamps and self-queries.

    Gives whether it is done (else: stopped half-way), and how many texts it embedded. Raises: SettingsError when its splitter or
    embedder is not to be had; IndexDamagedError when an index does not hold what it should even after a repair.
    """
    generation = projections.generation
    if not split_missing(catalog, generation, progress, stop):
        return False, 0
    embedded, waiting = embed_missing(catalog, generation, embedder, progress, stop)
    if waiting:
        return False, embedded
    for projection in projections.by_name().values():
        projection.catch_up()
    report = doctor.examine(catalog, projections)
    if not report.sound:
        report = doctor.repair(catalog, projections, report)
    if not report.sound:
        wrong = ", ".join(diagnosis.index for diagnosis in report.diagnoses if not diagnosis.sound)
        raise IndexDamagedError(
            f"generation {generation.number} was built but does not hold what it should ({wrong}); the old one goes on "
            f"serving; delete its folder {generation.folder} in the data folder, and sync again"
        )
    return True, embedded


def split_missing(
    catalog: Catalog, generation: Generation, progress: Callable[[Progress], None], stop: Callable[[], bool]
) -> bool:
    """Splits the documents that this generation has no passages of; False: stopped half-way.

    Raises: SettingsError when another Waypost's splitter is needed for it.
    """
    missing = catalog.unsplit(generation, split_elsewhere=generation.splitter != SPLITTER)
    if missing and generation.splitter != SPLITTER:
        raise SettingsError(
            f"generation {generation.number} was split by another Waypost, and {len(missing)} documents have changed since; "
            "they can be split that way by that Waypost alone"
        )
    for at in range(0, len(missing), _BATCH):
        if stop():
            return False
        documents = catalog.documents(missing[at : at + _BATCH])
        with catalog.write() as writer:
            for document in documents.values():
                try:
                    drafts = shared().run(parse_document, document).drafts
                except SourceError:  # none can be split now
                    raise
                except Exception:  # noqa: BLE001  # the per-document guard: the next sync reads it anew, and says what is wrong
                    writer.doubt_item(document.source, document.path)
                    continue
                writer.put_passages(document, drafts, text_hashes(document.title, drafts), generation)
        progress(Progress("splitting", at + len(documents), len(missing)))
    return True
