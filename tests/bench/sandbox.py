"""What it costs to read documents in processes of their own: the same sync with and without, by turns.

`make bench-sandbox CORPUS=waypost.yaml` prints seconds and their ratio; it embeds by hashing, so that nothing hides it.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import ingest.sync
from api.owner import open_owner
from api.settings import Settings
from ingest.digestion import Digested, declared_sensitive, digest_document
from ingest.rendering import Rendered
from ingest.sandbox import Sandbox, shared

_ROUNDS = 5


class Here:
    """Reads documents in this process."""

    def run(self, task: Callable[..., Any], *arguments: Any) -> Any:
        return task(*arguments)

    def digest(self, path: str, data: bytes | Rendered, sensitive: Collection[str]) -> Digested:
        return digest_document(path, data, sensitive)

    def sensitive(self, path: str, data: bytes) -> set[str]:
        return declared_sensitive(path, data)


def one_sync(config: Path, sandbox: Here | Sandbox) -> tuple[float, int]:
    """Seconds of a first sync, and how many documents it read."""
    with (
        tempfile.TemporaryDirectory() as home,
        open_owner(Settings(home=Path(home), config=config, embedder="hashing"), "sync") as owner,
    ):
        ingest.sync.shared = lambda: sandbox  # type: ignore[assignment, return-value]
        began = time.monotonic()
        report = owner.sync([], lambda step: None, lambda: False)
        return time.monotonic() - began, sum(source.counts.get("indexed", 0) for source in report.sources)


def main() -> None:
    config = Path(sys.argv[1])
    took: dict[str, list[float]] = {"here": [], "in a new worker": [], "in a worker": []}
    documents = 0
    one_sync(config, Here())  # everything is imported, and the corpus is in the system's memory
    for _ in range(_ROUNDS):
        new = Sandbox()
        for name, sandbox in (("here", Here()), ("in a new worker", new), ("in a worker", shared())):
            seconds, documents = one_sync(config, sandbox)
            took[name].append(seconds)
        new.close()
    print(f"{config}: {documents} documents, {_ROUNDS} rounds, median seconds of a first sync, embedding by hashes")
    base = statistics.median(took["here"])
    for name, seconds in took.items():
        middle = statistics.median(seconds)
        print(f"  {name:16} {middle:6.2f} s  x{middle / base:.2f}  ({min(seconds):.2f}-{max(seconds):.2f})")


if __name__ == "__main__":
    main()
