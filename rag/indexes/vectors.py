"""`ChromaIndex`: nearest neighbours by cosine, in one Chroma collection for each access rule.

Only the process that holds the writer's lock may open it. Chroma rewrites its HNSW files in place, and a process killed
while it does so leaves a collection that can't be read, or that answers wrongly (../shared/reference/reliability.md,
E3 and E5). So before a write the state file says `dirty`, and after it `clean` with the new watermark; a folder found dirty is
never opened: it is replaced by the last checkpoint (a copy made while clean), or made anew from the catalog. What came
after the checkpoint is replayed from the change log, whose vectors the catalog holds.

What it holds of a vector is off by a thousandth, each id's in a direction of its own: equal vectors, which boilerplate has by the
hundred, link to each other alone in HNSW's graph, and cut others off (decision 18).

Access is a matter of which collections are asked, not of a metadata filter, which made a query about 40 times slower (E9).
API: https://docs.trychroma.com/reference/python/collection
"""

from __future__ import annotations

import ctypes
import json
import shutil
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import IndexDamagedError, StorageError
from rag.indexes.files import disk_is_full, unwritable, write_atomically
from rag.ports import Entry, Hit, Scope, Terms, Vectors

_FORMAT = 2
_APART = 1e-3  # length of what is added to a unit vector: scores are off by some 5e-5
_SLICE = 256  # rows written between two chances for a search to get its turn
_M_PERTURB = -6  # of mallopt(3)
_PAGE = 5000  # rows read at once
_HNSW = {"hnsw": {"space": "cosine", "ef_search": 1000}}  # recall@10 .99 at 200,000 near-copies; 200: .95 (bench.scale)


@dataclass(frozen=True)
class _State:
    """What the state file says of a folder. `counts` are rows by collection as of the watermark."""

    model: str
    watermark: int = 0
    dirty: bool = False
    counts: Mapping[str, int] | None = None
    format: int = _FORMAT


class ChromaIndex:
    """The vector index in a folder, for vectors of one model.

    Raises: IndexDamagedError when not even an empty one can be opened.
    """

    def __init__(self, folder: Path, model: str) -> None:
        self._folder = folder
        self._live, self._checkpoint = folder / "chroma", folder / "checkpoint"
        self._lock = threading.RLock()
        self._client: Any = None
        self._collections: dict[str, Any] = {}
        folder.mkdir(parents=True, exist_ok=True)
        state = _read_state(folder / "state.json")
        self._state = state or _State(model)
        if state is None or state.dirty or state.model != model:
            self._recover(model)

    # -- opening ------------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        """Opens Chroma at the first need of it: importing it alone takes more than a second."""
        with self._lock:
            if self._client is None and not self._open_as(self._state):
                self._recover(self._state.model)

    def _recover(self, model: str) -> None:
        """Opens what is sound: the newest checkpoint, else an empty index, which follows the catalog from the start."""
        for candidate in (self._checkpoint, self._folder / "checkpoint.new", self._folder / "checkpoint.old"):
            state = _read_state(candidate / "state.json")
            if state and state.model == model:
                self._replace_live(candidate)
                if self._open_as(state):
                    self._write_state(state)
                    return
        self._replace_live(None)
        if not self._open_as(_State(model, counts={})):
            raise IndexDamagedError(f"the vector index in {self._folder} can't be opened; delete that folder and sync")
        self._write_state(self._state)

    def _open_as(self, state: _State) -> bool:
        """Opens the live folder; False when it can't be read or holds other counts than `state` says."""
        try:
            self._connect()
            counts = {key: collection.count() for key, collection in self._collections.items()}
        except Exception as error:  # Chroma raises many kinds; whatever it is, this folder is no use
            self._disconnect()
            _forget_clients()
            if disk_is_full(self._folder):
                raise unwritable("vector index", self._folder, error) from error
            return False
        self._state = state
        if {key: n for key, n in counts.items() if n} == {key: n for key, n in (state.counts or {}).items() if n}:
            return True
        self._disconnect()
        return False

    def _connect(self) -> None:
        import chromadb
        from chromadb.config import Settings

        _fill_memory()
        self._client = chromadb.PersistentClient(str(self._live), settings=Settings(anonymized_telemetry=False))
        names = [collection.name for collection in self._client.list_collections()]
        self._collections = {
            name.removeprefix("access-"): self._client.get_collection(name, embedding_function=None) for name in names
        }

    def _disconnect(self) -> None:
        if self._client is not None:
            with suppress(AttributeError):
                self._client.close()
        self._client, self._collections = None, {}

    def close(self) -> None:
        """Lets go of Chroma's files."""
        with self._lock:
            self._disconnect()

    def _replace_live(self, source: Path | None) -> None:
        self._disconnect()
        shutil.rmtree(self._live, ignore_errors=True)
        if source is not None:
            shutil.copytree(source, self._live, ignore=shutil.ignore_patterns("state.json"))

    # -- writing ------------------------------------------------------------------------------------------------------

    def watermark(self) -> int:
        return self._state.watermark

    def __len__(self) -> int:
        return sum((self._state.counts or {}).values())

    def apply(self, puts: Sequence[Entry], deletes: Sequence[str], watermark: int) -> None:
        try:
            if puts or deletes:
                self._open()
                self._checkpoint_if_due(len(puts) + len(deletes))
                self._write_state(replace(self._state, dirty=True))
                self._delete([*deletes, *self._outdated(puts)])
                self._add(puts)
            self._write_state(replace(self._state, dirty=False, watermark=watermark, counts=self._counts()))
        except OSError as error:
            raise unwritable("vector index", self._folder, error) from error
        except (StorageError, IndexDamagedError):
            raise
        except Exception as error:  # Chroma raises many kinds, and after one of them the folder can't be trusted
            if disk_is_full(self._folder):
                raise unwritable("vector index", self._folder, error) from error
            raise IndexDamagedError(
                f"Chroma failed while writing: {error}; the next sync restores the index"
            ) from error

    def _outdated(self, puts: Sequence[Entry]) -> list[str]:
        """Ids of `puts` that stand somewhere with another stamp or under another access rule."""
        wanted = {entry.id: (entry.access, entry.stamp) for entry in puts}
        return [
            passage_id
            for key, collection in self._collections.items()
            for part in _parts(list(wanted), _PAGE)
            for passage_id, stamp in _rows(collection.get(ids=part, include=["metadatas"]))
            if wanted[passage_id] != (key, stamp)
        ]

    def _delete(self, ids: Sequence[str]) -> None:
        for collection in self._collections.values():
            for part in _parts(ids, _PAGE):
                with self._lock:
                    collection.delete(ids=part)

    def _add(self, puts: Sequence[Entry]) -> None:
        by_access: dict[str, list[Entry]] = {}
        for entry in puts:
            by_access.setdefault(entry.access, []).append(entry)
        for key, entries in by_access.items():
            collection = self._collections.get(key)
            if collection is None:
                collection = self._client.create_collection(
                    f"access-{key}", configuration=_HNSW, embedding_function=None
                )
                self._collections[key] = collection
            for part in _parts(entries, _SLICE):
                with self._lock:  # `add` of an id that is there does nothing, which is right: it has the same stamp
                    collection.add(
                        ids=[entry.id for entry in part],
                        embeddings=np.stack([_vector(entry) for entry in part]),
                        metadatas=[_metadata(entry) for entry in part],
                    )

    def _checkpoint_if_due(self, coming: int) -> None:
        """Copies the clean live folder once what a crash would make us replay has grown past a tenth of the index."""
        held = sum((self._state.counts or {}).values())
        last = _read_state(self._checkpoint / "state.json")
        replay = self._state.watermark - (last.watermark if last else 0) + coming
        if held == 0 or replay < max(2000, held // 10) or (last and last.watermark == self._state.watermark):
            return
        new, old = self._folder / "checkpoint.new", self._folder / "checkpoint.old"
        with self._lock:
            self._disconnect()
            for stale in (new, old):
                shutil.rmtree(stale, ignore_errors=True)
            shutil.copytree(self._live, new)
            write_atomically(new / "state.json", json.dumps(asdict(self._state)))
            if self._checkpoint.exists():
                self._checkpoint.rename(old)
            new.rename(self._checkpoint)
            shutil.rmtree(old, ignore_errors=True)
            self._connect()

    def _counts(self) -> Mapping[str, int] | None:
        """Rows by collection; as last written when Chroma was not needed."""
        if self._client is None:
            return self._state.counts
        return {key: collection.count() for key, collection in self._collections.items()}

    def _write_state(self, state: _State) -> None:
        write_atomically(self._folder / "state.json", json.dumps(asdict(state)))
        self._state = state

    # -- reading ------------------------------------------------------------------------------------------------------

    def search(self, query: Terms | Vectors, k: int, scope: Scope) -> list[Hit]:
        if isinstance(query, Terms):
            return []
        where = _where(scope)
        found: list[Hit] = []
        with self._lock:
            self._open()
            for key in scope.access:
                collection = self._collections.get(key)
                if collection is not None:
                    found.extend(_exact(collection, query, where) if where else _nearest(collection, query, k))
        return sorted(found, key=lambda hit: -hit.score)[:k]

    def stamps(self) -> Mapping[str, str]:
        stamps: dict[str, str] = {}
        with self._lock:
            self._open()
            for key, collection in self._collections.items():
                for offset in range(0, collection.count(), _PAGE):
                    page = collection.get(limit=_PAGE, offset=offset, include=["metadatas"])
                    for passage_id, metadata in zip(page["ids"], page["metadatas"], strict=True):
                        sound = passage_id not in stamps and metadata["access"] == key
                        stamps[passage_id] = metadata["stamp"] if sound else "twice"
        return stamps


def fault_of(folder: Path) -> str:
    """What is wrong with an index's folder as it is stored, as far as can be seen without opening it; "": nothing. Opening it
    mends that."""
    state = _read_state(folder / "state.json")
    if state is None:
        return f"the vector index in {folder} is not there, or is of an older form"
    if state.dirty:
        return f"the vector index in {folder} was left half written; the next sync restores it"
    if any((state.counts or {}).values()) and not (folder / "chroma" / "chroma.sqlite3").exists():
        return f"the vector index in {folder} lost its files"
    return ""


def _fill_memory() -> None:
    """Has glibc fill the memory that it hands out. hnswlib writes memory that it never set into `data_level0.bin`: a purged value
    was seen there once, out of what this process had let go."""
    with suppress(OSError, AttributeError):  # another C library
        ctypes.CDLL(None).mallopt(_M_PERTURB, 1)


def _forget_clients() -> None:
    """Chroma keeps one client a path, also one that failed to open; after this the path can be tried anew."""
    from chromadb.api.shared_system_client import SharedSystemClient

    SharedSystemClient.clear_system_cache()


def _nearest(collection: Any, query: Vectors, k: int) -> list[Hit]:
    try:
        found = collection.query(query_embeddings=[query], n_results=k, include=["distances"])
    except Exception as error:  # Chroma raises many kinds
        raise IndexDamagedError(f"Chroma can't be searched: {error}; run `waypost doctor --repair`") from error
    return [Hit(i, 1.0 - d) for i, d in zip(found["ids"][0], found["distances"][0], strict=True)]


def _exact(collection: Any, query: Vectors, where: dict[str, Any]) -> list[Hit]:
    """Every row that the filter admits, compared one by one: HNSW with a filter is slow, and can find nothing at all
    where few rows match."""
    try:
        rows = collection.get(where=where, include=["embeddings"])
    except Exception as error:  # Chroma raises many kinds
        raise IndexDamagedError(f"Chroma can't be read: {error}; run `waypost doctor --repair`") from error
    if not rows["ids"]:
        return []
    scores = np.asarray(rows["embeddings"], dtype=np.float32) @ query
    return [Hit(i, float(score)) for i, score in zip(rows["ids"], scores, strict=True)]


def _where(scope: Scope) -> dict[str, Any] | None:
    clauses: list[dict[str, Any]] = [
        {field: {"$in": list(values)}}
        for field, values in (("source", scope.sources), ("kind", scope.kinds), ("path", scope.matching))
        if values
    ]
    if scope.paths and not scope.matching:
        return {"path": ""}  # globs that no document matches
    if not clauses:
        return None
    return clauses[0] if len(clauses) == 1 else {"$and": clauses}


def _metadata(entry: Entry) -> dict[str, str]:
    return {
        "source": entry.source,
        "kind": entry.kind,
        "path": entry.path,
        "document_id": entry.document_id,
        "access": entry.access,
        "stamp": entry.stamp,
    }


def _vector(entry: Entry) -> Vectors:
    """What is held of an entry's vector: it, and a little that no other entry has."""
    if entry.vector is None or not np.isfinite(entry.vector).all() or not entry.vector.any():
        raise IndexDamagedError(f"the stored vector of passage {entry.id} is unusable; run `waypost doctor --repair`")
    own = np.random.default_rng(zlib.crc32(entry.id.encode())).standard_normal(entry.vector.shape, np.float32)
    return entry.vector + own * (_APART * np.linalg.norm(entry.vector) / np.linalg.norm(own))


def _rows(page: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for passage_id, metadata in zip(page["ids"], page["metadatas"], strict=True):
        yield passage_id, metadata["stamp"]


def _parts(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for at in range(0, len(items), size):
        yield items[at : at + size]


def _read_state(file: Path) -> _State | None:
    try:
        state = _State(**json.loads(file.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return state if state.format == _FORMAT else None
