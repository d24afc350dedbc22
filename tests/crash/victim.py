"""A `waypost sync` that kills itself (SIGKILL) at a named step: python -m tests.crash.victim STEP NUMBER SEED

At the NUMBER-th time that the step is reached, the process dies before it, after it, or, where the step takes time, a random
while into it.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from rag.catalog import Catalog
from rag.indexes import lexical, vectors


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def die_within(seconds: float) -> None:
    def wait() -> None:
        time.sleep(random.random() * seconds)
        die()

    threading.Thread(target=wait, daemon=True).start()


class Countdown:
    """True at the n-th call."""

    def __init__(self, number: int) -> None:
        self._left = number

    def __call__(self) -> bool:
        self._left -= 1
        return self._left == 0


def after_catalog_commit(due: Countdown) -> None:
    write = Catalog.write

    @contextlib.contextmanager
    def killing(self: Catalog) -> Iterator[Any]:
        with write(self) as writer:
            yield writer
        if due():
            die()

    Catalog.write = killing  # type: ignore[method-assign]


def in_tantivy_commit(due: Countdown) -> None:
    apply = lexical.TantivyIndex.apply

    def killing(self: Any, puts: Any, deletes: Any, watermark: int) -> None:
        if (puts or deletes) and due():
            die_within(0.4)
        apply(self, puts, deletes, watermark)

    lexical.TantivyIndex.apply = killing  # type: ignore[method-assign]


def in_chroma_upsert(due: Countdown) -> None:
    add = vectors.ChromaIndex._add

    def killing(self: Any, puts: Any) -> None:
        if puts and due():
            die_within(1.5)
        add(self, puts)

    vectors.ChromaIndex._add = killing  # type: ignore[method-assign]


def at_watermark(due: Countdown) -> None:
    def around(write: Callable[[Any, str], None]) -> Callable[[Any, str], None]:
        def killing(file: Any, text: str) -> None:
            if due():
                moment = random.choice(("before", "within", "after"))
                if moment == "before":
                    die()
                if moment == "within":
                    file.with_suffix(".new").write_text(text[: len(text) // 2])
                    die()
                write(file, text)
                die()
            write(file, text)

        return killing

    lexical.write_atomically = around(lexical.write_atomically)
    vectors.write_atomically = around(vectors.write_atomically)


STEPS = {
    "catalog-commit": after_catalog_commit,
    "tantivy-commit": in_tantivy_commit,
    "chroma-upsert": in_chroma_upsert,
    "watermark": at_watermark,
}


if __name__ == "__main__":
    step, number, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    random.seed(seed)
    if step in STEPS:
        STEPS[step](Countdown(number))
    from api.cli import main

    sys.argv = ["waypost", "sync", "--json"]
    main()
