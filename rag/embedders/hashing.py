"""`HashingEmbedder`: deterministic vectors from the words of a text, with no model; for tests and crash runs.

Texts that share words are near each other, so that searches mean something; it knows no synonyms.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from rag.indexes.tokens import tokenise
from rag.ports import Vectors


class HashingEmbedder:
    """The sum of one fixed random vector for each word, normalised."""

    def __init__(self, dimensions: int = 384) -> None:
        self._dimensions = dimensions

    @property
    def name(self) -> str:
        return f"hashing-{self._dimensions}"

    @property
    def dimensions(self) -> int:
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> Vectors:
        vectors = np.zeros((len(texts), self._dimensions), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in tokenise(text).words or ("",):
                vectors[row] += _word_vector(word, self._dimensions)
        norms: Vectors = np.linalg.norm(vectors, axis=1, keepdims=True)
        return np.asarray(vectors / norms, dtype=np.float32)


@lru_cache(maxsize=65536)
def _word_vector(word: str, dimensions: int) -> Vectors:
    seed = int.from_bytes(hashlib.sha256(word.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    return np.random.default_rng(seed).standard_normal(dimensions).astype(np.float32)
