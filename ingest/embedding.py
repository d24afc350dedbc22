"""Giving texts their vectors. A sync does so for the generation that serves, `ingest.generations` for the one that is built."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from rag.catalog import Catalog, PassageDraft
from rag.catalog.names import text_hash
from rag.ports import Embedder, Progress, Vectors
from rag.records import Generation

_AT_ONCE = 256  # texts embedded between two transactions
_BETWEEN_STOPS = 32  # texts embedded between two looks at whether to stop


def text_hashes(title: str, drafts: Sequence[PassageDraft]) -> list[str]:
    """The name of each draft's text to embed: equal texts are embedded once."""
    return [text_hash(title, draft.heading_path, draft.text) for draft in drafts]


def embed_missing(
    catalog: Catalog, generation: Generation, embedder: Embedder, progress: Callable[[Progress], None],
    stop: Callable[[], bool], after_batch: Callable[[], object] = lambda: None,
) -> tuple[int, int]:  # fmt: skip
    """Embeds every text that has no vector of the generation's model, texts of like length together.

    Gives how many, and how many wait: the user asked to stop. Raises: SettingsError when the embedder can't be loaded.
    """
    pending = catalog.unembedded(generation)
    done = 0
    for at in range(0, len(pending), _AT_ONCE):
        batch = pending[at : at + _AT_ONCE]
        parts = list(_until_stopped(embedder, [text for _, text in batch], at, len(pending), progress, stop))
        if parts:
            vectors = np.concatenate(parts)
            done += len(vectors)
            with catalog.write() as writer:
                writer.put_embeddings([text_hash for text_hash, _ in batch[: len(vectors)]], vectors, generation)
            after_batch()
        if done < at + len(batch):
            return done, len(pending) - done
    after_batch()
    progress(Progress("embedding", done, len(pending)))
    return done, 0


def _until_stopped(
    embedder: Embedder, texts: Sequence[str], done: int, total: int, progress: Callable[[Progress], None],
    stop: Callable[[], bool],
) -> Iterator[Vectors]:  # fmt: skip
    """The vectors of the texts, some at a time, until the user asks to stop."""
    for at in range(0, len(texts), _BETWEEN_STOPS):
        if stop():
            return
        progress(Progress("embedding", done + at, total))
        yield embedder.embed(texts[at : at + _BETWEEN_STOPS])
