"""What the doctor finds in a data folder, and its mending: each index as it is stored, held against the catalog.

Looking changes nothing: words are read as other processes read them, and of Chroma's folder, which Chroma changes by opening it,
a copy is looked at, unless this process has it open. `waypost doctor` calls this, beside `waypost serve` within the server.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from api.owner import Owner, open_owner
from api.settings import Settings
from rag import doctor
from rag.catalog import Catalog
from rag.doctor import Report
from rag.errors import IndexDamagedError, SettingsError
from rag.indexes.lexical import DOCUMENTS, PASSAGES, TantivyIndex
from rag.indexes.memory import MemoryIndex
from rag.indexes.projection import DocumentProjection, Projection, Projections
from rag.indexes.vectors import ChromaIndex, fault_of
from rag.owner import WriterLock
from rag.ports import Index
from rag.records import Generation


def check_up(settings: Settings, *, repair: bool) -> Report:
    """What the doctor finds, and what is left of it after mending, if it is to mend.

    Raises: SettingsError when nothing was synced yet; WriterBusyError when another process owns the data folder.
    """
    lock = WriterLock.acquire(settings.home, "doctor")  # nobody writes meanwhile
    try:
        catalog = Catalog(settings.catalog_url, read_only=True)
        try:
            found = _examine(settings, catalog, None)
            if repair:
                _remove_unreadable(settings, catalog, found)
        finally:
            catalog.close()
    except BaseException:
        lock.release()
        raise
    if not repair:
        lock.release()
        return found
    with open_owner(settings, "doctor", lock=lock) as owner:
        return owner.mend(found)


def check_up_within(owner: Owner, *, repair: bool) -> Report:
    """The same in the process that owns the data folder, between two syncs."""
    with owner.syncing:
        found = _examine(owner.settings, owner.catalog, owner.chroma)
        if not repair:
            return found
        if any(diagnosis.error for diagnosis in found.diagnoses):
            owner.reopen(lambda: _remove_unreadable(owner.settings, owner.catalog, found))
        return owner.mend(found)


def _examine(settings: Settings, catalog: Catalog, chroma: ChromaIndex | None) -> Report:
    generation = _serving(catalog)
    folders, faults = _folders(settings, generation), dict[str, str]()

    def words(name: str) -> Index:
        try:
            index = TantivyIndex(folders[name], writable=False, weights=PASSAGES if name == "lexical" else DOCUMENTS)
        except IndexDamagedError as error:
            faults[name] = str(error)
            return MemoryIndex()
        if not index.watermark() and catalog.document_counts():
            faults[name] = f"the index in {folders[name]} was never finished, or is of an older form"
        return index

    lexical, documents = words("lexical"), words("documents")
    if fault := fault_of(folders["vectors"]):
        faults["vectors"] = fault
    with _opened(folders["vectors"], generation, chroma, "vectors" in faults) as vectors:
        projections = Projections(
            Projection(catalog, lexical, generation),
            DocumentProjection(catalog, documents, generation),
            Projection(catalog, vectors, generation, vectors=True),
        )
        return doctor.examine(catalog, projections, faults)


@contextmanager
def _opened(folder: Path, generation: Generation, chroma: ChromaIndex | None, faulty: bool) -> Iterator[Index]:
    """The vectors as they are stored: Chroma's own where this process has it open, else a copy."""
    if faulty or chroma is not None:
        yield MemoryIndex() if chroma is None else chroma
        return
    with tempfile.TemporaryDirectory(prefix="waypost-doctor-") as name:
        copy = Path(name)
        shutil.copy(folder / "state.json", copy)
        if (folder / "chroma").exists():
            shutil.copytree(folder / "chroma", copy / "chroma")
        index = ChromaIndex(copy, generation.model)
        try:
            yield index
        finally:
            index.close()


def _serving(catalog: Catalog) -> Generation:
    generation = catalog.serving()
    if generation is None:
        raise SettingsError("nothing has been synced yet; run `waypost sync` first")
    return generation


def _folders(settings: Settings, generation: Generation) -> dict[str, Path]:
    own = settings.home / generation.folder
    return {"lexical": own / "lexical", "documents": settings.home / "documents", "vectors": own / "vectors"}


def _remove_unreadable(settings: Settings, catalog: Catalog, found: Report) -> None:
    """Makes room for indexes of words that can't be opened; Chroma's folder mends itself as it is opened."""
    folders = _folders(settings, _serving(catalog))
    for diagnosis in found.diagnoses:
        if diagnosis.error and diagnosis.index != "vectors":
            shutil.rmtree(folders[diagnosis.index], ignore_errors=True)
