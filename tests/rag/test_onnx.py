"""The packaged model without torch: windows over long texts, and agreement with the model as torch runs it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ingest.embedding import _BETWEEN_STOPS
from rag.embedders.onnx import OnnxEmbedder, windows
from rag.embedders.sentence_transformer import SentenceTransformerEmbedder
from rag.errors import StorageError

pytestmark = pytest.mark.timeout(300)  # who comes second waits for `models`


def test_a_short_text_is_one_window() -> None:
    assert windows(list(range(254)), 5) == [list(range(254))]


def test_a_long_text_is_read_whole_in_windows_led_by_its_first_line() -> None:
    ids = list(range(1000))
    found = windows(ids, 10)
    assert all(len(window) <= 254 and window[:10] == ids[:10] for window in found)
    assert [token for window in found for token in window[10:]] == ids[10:]
    sizes = [len(window) for window in found]
    assert max(sizes) - min(sizes) <= len(found)


def test_a_first_line_longer_than_a_window_still_leaves_room() -> None:
    found = windows(list(range(1000)), 1000)
    assert [token for window in found for token in window[64:]] == list(range(64, 1000))


@pytest.mark.embedder
def test_it_agrees_with_torch_and_sees_the_end_of_a_long_text(models: Path) -> None:
    embedder = OnnxEmbedder(models)
    texts = ["How do I clear a stuck Terraform state lock?", "aws_db_instance.main", "KubePodCrashLooping in payments"]
    whole = SentenceTransformerEmbedder().embed(texts)
    assert (embedder.embed(texts) * whole).sum(axis=1).min() > 0.97
    filler = "The weather of the week was mild and dry with some wind. " * 60
    with_end, without = embedder.embed([f"Notes\n{filler}Rotate the database password.", f"Notes\n{filler}"])
    question = embedder.embed(["rotate the database password"])[0]
    assert question @ with_end > question @ without + 0.02


@pytest.mark.embedder
def test_the_network_is_made_once(models: Path) -> None:
    made = {file: file.stat().st_mtime_ns for file in models.iterdir()}
    assert len(made) == 1
    first = OnnxEmbedder(models).embed(["once"])
    assert np.array_equal(OnnxEmbedder(models).embed(["once"]), first)
    assert {file: file.stat().st_mtime_ns for file in models.iterdir()} == made


def test_a_folder_that_cannot_be_written_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="can't be written"):
        OnnxEmbedder(tmp_path / "file" / "models").embed(["x"])


@pytest.mark.embedder
def test_what_a_sync_hands_over_at_once_suffices_to_measure_the_threads(models: Path) -> None:
    embedder = OnnxEmbedder(models)
    embedder.embed(["one question"])
    assert embedder.threads == 0
    embedder.embed([f"text number {n} about queues" for n in range(_BETWEEN_STOPS)])
    assert embedder.threads >= 1
