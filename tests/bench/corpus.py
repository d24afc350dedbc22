"""The texts that a sync of a corpus embeds; shared by the benchmarks."""

from __future__ import annotations

import tempfile
from pathlib import Path

from api.owner import open_owner
from api.settings import Settings
from rag.catalog import Catalog
from rag.catalog.reader import embedding_text


def embedded_texts(catalog: Catalog) -> list[str]:
    """What stands for each passage of the generation that serves in the vector space."""
    generation = catalog.serving()
    assert generation is not None
    entries = catalog.entries(list(catalog.stamps(generation)), generation)
    return [
        embedding_text(document.title, passage.heading_path, passage.text)
        for document in catalog.documents({entry.document_id for entry in entries}).values()
        for passage in catalog.passages_of(document.id, generation)
    ]


def texts_of(config: Path) -> list[str]:
    """The same for the sources that a waypost.yaml names."""
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home), config=config, embedder="hashing")
        with open_owner(settings, "sync") as owner:
            owner.sync([], lambda step: None, lambda: False)
            return embedded_texts(owner.catalog)
