"""Where implementations are picked: the only place that knows which catalog, indexes, embedder, model and sources there are.

`Reader` serves a question in any process; `Owner` holds the writer's lock, alone opens Chroma, and syncs.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from api.settings import Settings, load_sources
from ingest.sources import Source, SourceSpec
from ingest.sources.folder import FolderSource
from ingest.sources.git import GitSource
from ingest.sync import Sync, SyncReport
from rag.ask import Asker
from rag.catalog import Catalog
from rag.embedders.hashing import HashingEmbedder
from rag.embedders.onnx import OnnxEmbedder
from rag.embedders.sentence_transformer import PACKAGED, SentenceTransformerEmbedder
from rag.errors import SettingsError
from rag.indexes.exact import ExactVectors
from rag.indexes.lexical import TantivyIndex
from rag.indexes.projection import DocumentProjection, Projection, Projections
from rag.indexes.vectors import ChromaIndex
from rag.owner import OwnerService, WriterLock, owner_of
from rag.persona import load_persona
from rag.ports import ChatModel, Embedder, Progress
from rag.records import EVERYONE, Viewer
from rag.remote import RemoteDense, search_handler
from rag.search import Dense, LocalDense, NoDense, Retriever

_GPU = Path("/dev/nvidiactl")  # there when NVIDIA's driver is: asking torch would cost two seconds


def viewer_from(groups: str) -> Viewer:
    """The viewer of these comma-separated groups; `everyone` is among them always."""
    return Viewer.of(group.strip() for group in groups.split(",") if group.strip()) if groups else Viewer.of([EVERYONE])


def embedder_from(settings: Settings) -> Embedder:
    """The packaged model on onnxruntime, or on torch where there is a GPU; any other model on torch."""
    if settings.embedder == "hashing":
        return HashingEmbedder()
    if settings.embedder == PACKAGED and not _GPU.exists():
        return OnnxEmbedder(settings.models or settings.home / "models")
    return SentenceTransformerEmbedder(settings.embedder)


def model_from(settings: Settings) -> ChatModel | None:
    """Claude where there is a key; otherwise none, and answers are extractive."""
    if not settings.anthropic_api_key:
        return None
    from rag.models.claude import AnthropicModel

    return AnthropicModel(
        settings.anthropic_api_key, settings.model, settings.anthropic_base_url or None, settings.model_timeout
    )


def source_from(spec: SourceSpec, home: Path) -> Source:
    if spec.type == "git":
        return GitSource(spec, home / "git" / spec.name)
    return FolderSource(spec)


class Reader:
    """What answers questions: the catalog, the two lexical indexes, and vectors wherever they are."""

    def __init__(self, settings: Settings, catalog: Catalog, dense: Dense) -> None:
        self.catalog = catalog
        self._settings = settings
        self._lexical = TantivyIndex(settings.home / "lexical", writable=False)
        documents = TantivyIndex(settings.home / "documents", writable=False)
        self.retriever = Retriever(catalog, self._lexical, documents, dense)

    def asker(self, persona: str = "") -> Asker:
        return Asker(
            self.catalog, self.retriever, load_persona(persona or self._settings.persona), self._lexical.rarity,
            model_from(self._settings),
        )  # fmt: skip


class Owner:
    """The process that owns the data folder. Others' requests are answered while it works."""

    def __init__(self, settings: Settings, lock: WriterLock) -> None:
        home = settings.home
        self.settings = settings
        self.catalog = Catalog(settings.catalog_url)
        self.embedder = embedder_from(settings)
        self.chroma = ChromaIndex(home / "vectors", self.embedder.name)
        self.projections = Projections(
            Projection(self.catalog, TantivyIndex(home / "lexical", writable=True)),
            DocumentProjection(self.catalog, TantivyIndex(home / "documents", writable=True)),
            Projection(self.catalog, self.chroma, self.embedder.name),
        )
        self.dense = LocalDense(self.embedder, self.chroma)
        self.lock = lock
        self.syncing = threading.Lock()

    def reader(self) -> Reader:
        return Reader(self.settings, self.catalog, self.dense)

    def sync(self, names: Sequence[str], progress: Callable[[Progress], None], stop: Callable[[], bool]) -> SyncReport:
        """Syncs the named sources of waypost.yaml, all without names. Raises: SettingsError for an unknown name."""
        specs = chosen_sources(self.settings, names)
        report = self.sync_sources([(spec, source_from(spec, self.settings.home)) for spec in specs], progress, stop)
        named = {spec.name for spec in chosen_sources(self.settings, [])}
        return replace(report, unnamed=tuple(row.name for row in self.catalog.sources() if row.name not in named))

    def forget(self, names: Sequence[str]) -> None:
        """Takes sources that waypost.yaml does not name (any more) out of catalog and indexes.

        Raises: SettingsError when one is still named, or was never synced.
        """
        named = {spec.name for spec in chosen_sources(self.settings, [])}
        known = {row.name for row in self.catalog.sources()}
        for name in names:
            if name in named:
                raise SettingsError(f"{self.settings.config} still names source {name!r}; take it out there first")
            if name not in known:
                raise SettingsError(
                    f"nothing was ever synced from a source {name!r}; there are: {', '.join(sorted(known))}"
                )
        with self.syncing:
            with self.catalog.write(self.embedder.name) as writer:
                for name in names:
                    writer.remove_source(name)
            for projection in self.projections.by_name().values():
                projection.catch_up()

    def sync_sources(
        self,
        sources: Sequence[tuple[SourceSpec, Source]],
        progress: Callable[[Progress], None],
        stop: Callable[[], bool],
    ) -> SyncReport:
        """Syncs these sources, one sync at a time."""
        with self.syncing:
            adopt_embedder(self.catalog, self.embedder)
            return Sync(self.catalog, self.projections, self.embedder, progress, stop).run(sources)

    def close(self) -> None:
        self.chroma.close()
        self.catalog.close()


def chosen_sources(settings: Settings, names: Sequence[str]) -> list[SourceSpec]:
    specs = load_sources(settings.config, os.environ)
    known = {spec.name: spec for spec in specs}
    for name in names:
        if name not in known:
            raise SettingsError(f"{settings.config} has no source {name!r}; it has: {', '.join(known)}")
    return [known[name] for name in names] if names else specs


def adopt_embedder(catalog: Catalog, embedder: Embedder) -> None:
    """Tells the catalog which embedder is current; a change marks what has to be embedded (anew).

    Raises: SettingsError when the embedder can't be loaded; then nothing is changed.
    """
    if catalog.setting("embedder") != embedder.name:
        embedder.embed(["can it be loaded?"])
        with catalog.write(embedder.name) as writer:
            writer.adopt_model()
            writer.put_setting("embedder", embedder.name)


@contextmanager
def open_owner(settings: Settings, role: str, handlers: Mapping[str, Any] | None = None) -> Iterator[Owner]:
    """The data folder as its owner, serving other processes' searches until the end.

    Raises: WriterBusyError when another process owns it.
    """
    with ExitStack() as stack:
        lock = WriterLock.acquire(settings.home, role)
        stack.callback(lock.release)
        owner = Owner(settings, lock)
        stack.callback(owner.close)
        service = OwnerService(lock, settings.home, {"search": search_handler(owner.dense), **(handlers or {})})
        stack.callback(service.close)
        yield owner


@contextmanager
def open_reader(settings: Settings) -> Iterator[Reader]:
    """What answers questions, beside whatever else works on the data folder.

    Raises: SettingsError when nothing has been synced yet.
    """
    with ExitStack() as stack:
        catalog = Catalog(settings.catalog_url, read_only=True)
        stack.callback(catalog.close)
        yield Reader(settings, catalog, _dense_from(settings, catalog))


def _dense_from(settings: Settings, catalog: Catalog) -> Dense:
    """Vector search from the data folder's owner where there is one, else over the vectors in the catalog."""
    if address := owner_of(settings.home).get("socket", ""):
        return RemoteDense(address)
    embedder = embedder_from(settings)
    embedded_by = catalog.setting("embedder")
    if embedded_by != embedder.name:
        return NoDense(f"the documents are embedded by {embedded_by}, not {embedder.name}; run `waypost sync`")
    return LocalDense(embedder, ExactVectors(catalog, embedder.name))


def progress_event(step: Progress) -> dict[str, Any]:
    return {"progress": asdict(step)}
