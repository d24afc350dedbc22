"""`CrossEncoderReranker`: any sentence-transformers cross-encoder by name, on torch.

API: https://sbert.net/docs/package_reference/cross_encoder/cross_encoder.html
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from rag.errors import SettingsError
from rag.records import ScoredPassage


class CrossEncoderReranker:
    """Reads question and passage together. The model is loaded at the first search.

    Raises: SettingsError then, when it can't be loaded.
    """

    def __init__(self, model: str) -> None:
        self._model_name = model
        self._model: Any = None
        self._missing = ""
        self._loading = threading.Lock()

    @property
    def name(self) -> str:
        return self._model_name

    def scores(self, question: str, passages: Sequence[ScoredPassage]) -> Sequence[float]:
        if not passages:
            return []
        pairs = [
            (question, f"{found.document.title} > {found.passage.heading}\n{found.passage.text}") for found in passages
        ]
        return [float(score) for score in self._loaded().predict(pairs)]

    def _loaded(self) -> Any:
        with self._loading:
            if self._missing:  # tried once: trying may take a minute
                raise SettingsError(self._missing)
            if self._model is None:
                from sentence_transformers import CrossEncoder

                try:
                    self._model = CrossEncoder(self._model_name)
                except Exception as error:  # the library raises many kinds
                    self._missing = (
                        f"the reranker {self._model_name!r} can't be loaded ({error}); name one that is on this machine, "
                        "or unset WAYPOST_RERANKER"
                    )
                    raise SettingsError(self._missing) from error
        return self._model
