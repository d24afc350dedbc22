"""What every embedder must do; run on the fake and on the packaged model."""

from __future__ import annotations

import numpy as np
import pytest

from rag.embedders.hashing import HashingEmbedder
from rag.embedders.onnx import OnnxEmbedder
from rag.embedders.sentence_transformer import SentenceTransformerEmbedder
from rag.errors import SettingsError
from rag.ports import Embedder

pytestmark = pytest.mark.timeout(300)  # who comes second waits for `models`


@pytest.fixture(
    scope="module",
    params=["hashing", *(pytest.param(name, marks=pytest.mark.embedder) for name in ("packaged", "onnx"))],
)
def embedder(request: pytest.FixtureRequest) -> Embedder:
    if request.param == "onnx":
        return OnnxEmbedder(request.getfixturevalue("models"))
    return HashingEmbedder() if request.param == "hashing" else SentenceTransformerEmbedder()


def test_shape_and_norm(embedder: Embedder) -> None:
    vectors = embedder.embed(["restart the queue", "", "x" * 5000, "日本語 \N{PILE OF POO}"])
    assert vectors.shape == (4, embedder.dimensions)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3)


def test_order_and_batch_mates_make_no_difference(embedder: Embedder) -> None:
    texts = ["restart the queue", "a much longer text about databases " * 20, "dns"] * 20
    together = embedder.embed(texts)
    alone = np.stack([embedder.embed([text])[0] for text in texts[:3]] * 20)
    assert (together * alone).sum(axis=1).min() >= 0.999
    assert (embedder.embed(texts[::-1])[::-1] * together).sum(axis=1).min() >= 0.999


def test_like_is_near_like(embedder: Embedder) -> None:
    query, near, far = embedder.embed(
        ["rotate the database password", "how to rotate a database password", "lunch menu"]
    )
    assert query @ near > query @ far


def test_no_texts(embedder: Embedder) -> None:
    assert len(embedder.embed([])) == 0


@pytest.mark.embedder
def test_an_unknown_model_is_a_settings_error() -> None:
    with pytest.raises(SettingsError, match="can't be loaded"):
        SentenceTransformerEmbedder("/nowhere/no-such-model").embed(["x"])
