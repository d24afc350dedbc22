"""Search among 200,000 passages on one core: time of each part, recall of the vector index, memory.

    taskset -c 0 python -m tests.bench.scale SOURCE_HOME HOME [passages]

SOURCE_HOME is a synced data folder. Its documents are multiplied into HOME (made if it is not there) with some words changed in
each copy; a passage's vector is the real one with seeded noise. Every other copy is for the group `half` alone. Questions are
those of ../shared/eval; their embedding is not timed.
"""

from __future__ import annotations

import random
import re
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from zlib import crc32

import numpy as np

from api.owner import Owner, open_owner
from api.settings import Settings
from rag.catalog import Catalog, PassageDraft
from rag.embedders.onnx import OnnxEmbedder
from rag.evaluation.questions import load_questions
from rag.indexes.exact import ExactVectors
from rag.ports import Scope, Vectors
from rag.records import AccessRule, Document, Passage, Viewer, digest
from rag.search import DenseHits, Retriever
from rag.understanding import understand

QUESTIONS = Path("../shared/eval/moj_questions.jsonl")
NOISE = 0.03  # of each dimension; vectors have length 1 in 384 dimensions
EVERYONE, ALL = Viewer(), Viewer.of(["half"])
WORD = re.compile(r"[A-Za-z]{5,}")


def varied(text: str, copy: int) -> str:
    """The text with about one long word in twelve made another one; lines stay."""
    return (
        WORD.sub(lambda m: f"{m[0]}{copy}" if crc32(f"{m[0]}{copy}".encode()) % 12 == 0 else m[0], text)
        if copy
        else text
    )


def build(source: Path, owner: Owner, wanted: int) -> None:
    catalog = Catalog(f"sqlite:///{source / 'catalog.db'}", read_only=True)
    generation = catalog.serving()
    assert generation is not None
    documents = catalog.documents_for(EVERYONE)
    passages = {document.id: catalog.passages_of(document.id, generation) for document in documents}
    ids, _, matrix = catalog.vectors(generation)
    vector_of = dict(zip(ids, matrix, strict=True))
    rng, copy, made = np.random.default_rng(7), 0, 0
    with owner.catalog.write() as writer:
        writer.put_source("copies", type="folder", location="multiplied")
    while made < wanted:
        with owner.catalog.write() as writer:
            for document in documents:
                made += put_copy(writer, owner, document, passages[document.id], vector_of, copy, rng)
        copy += 1
        print(f"\r{made} passages written", end="", file=sys.stderr)
    for name, projection in owner.projections.by_name().items():
        began = time.perf_counter()
        projection.catch_up()
        print(f"\n{name} built in {time.perf_counter() - began:.0f} s", file=sys.stderr)


def put_copy(
    writer: object, owner: Owner, document: Document, passages: Sequence[Passage], vector_of: dict[str, Vectors], copy: int,
    rng: np.random.Generator,
) -> int:  # fmt: skip
    drafts = [PassageDraft(p.heading_path, varied(p.text, copy), p.start_line, p.end_line, p.kind) for p in passages]
    hashes = [digest("scale", str(copy), p.id) for p in passages]
    noisy = np.stack([vector_of[p.id] for p in passages]) if passages else np.zeros((0, 384), np.float32)
    noisy = (noisy + rng.standard_normal(noisy.shape) * NOISE * (copy > 0)).astype(np.float32)
    noisy /= np.linalg.norm(noisy, axis=1, keepdims=True)
    access = AccessRule.of([["half"]] if copy % 2 else [])
    changed = replace(
        document, id=digest("scale", document.id, str(copy)), source="copies", path=f"{copy}/{document.source}/{document.path}",
        text=varied(document.text, copy), access=access, content_hash=digest(document.content_hash, str(copy)),
    )  # fmt: skip
    writer.put_document(changed, drafts, hashes, owner.generation)  # type: ignore[attr-defined]
    writer.put_embeddings(hashes, noisy, owner.generation)  # type: ignore[attr-defined]
    return len(drafts)


class Ready:
    """Vector search with the questions' vectors ready."""

    def __init__(self, owner: Owner, vectors: dict[str, Vectors]) -> None:
        self._owner = owner
        self._vectors = vectors

    def search(self, text: str, k: int, scope: Scope) -> DenseHits:
        chroma = self._owner.chroma
        return DenseHits(tuple(chroma.search(self._vectors[text], k, scope)), chroma.watermark())


def timed(name: str, calls: Sequence[Callable[[], object]]) -> None:
    for call in calls[:10]:
        call()
    times = []
    for call in calls:
        began = time.perf_counter()
        call()
        times.append((time.perf_counter() - began) * 1000)
    times.sort()
    print(f"{name:<46} p50 {statistics.median(times):6.1f} ms   p95 {times[int(len(times) * 0.95)]:6.1f} ms")


def yardstick() -> float:
    """Milliseconds of a fixed loop, to compare machines by."""
    began = time.perf_counter()
    sum(n * n for n in range(1_000_000))
    return (time.perf_counter() - began) * 1000


def recall(owner: Owner, exact: ExactVectors, vectors: Sequence[Vectors], scope: Scope) -> float:
    shares = []
    for vector in vectors:
        truth = {hit.id for hit in exact.search(vector, 10, scope)}
        shares.append(len(truth & {hit.id for hit in owner.chroma.search(vector, 100, scope)[:10]}) / len(truth))
    return statistics.mean(shares)


def main() -> None:
    source, home = Path(sys.argv[1]), Path(sys.argv[2])
    wanted = int(sys.argv[3]) if len(sys.argv) > 3 else 200_000
    settings = Settings(home=home, models=source / "models")
    questions = [question.text for question in load_questions(QUESTIONS)]
    random.Random(1).shuffle(questions)
    with open_owner(settings, "bench") as owner:
        if owner.catalog.count(owner.generation) < wanted:
            build(source, owner, wanted)
        asked = {question: understand(question) for question in questions}
        embedder = OnnxEmbedder(settings.models or home / "models")
        vectors = {asked[q].text: embedder.embed([asked[q].text])[0] for q in questions}
        serving = replace(owner.serving(), dense=Ready(owner, vectors))
        retriever = Retriever(owner.catalog, lambda: serving)
        scopes = {"all": Scope(owner.catalog.access_keys(ALL)), "half": Scope(owner.catalog.access_keys(EVERYONE))}
        print(f"{owner.catalog.count(owner.generation)} passages; yardstick {yardstick():.0f} ms")
        for name, viewer in (("all", ALL), ("half", EVERYONE)):
            lexical, documents = partial(serving.lexical.search, k=100), partial(serving.documents.search, k=100)
            nearest, scope = partial(owner.chroma.search, k=100), scopes[name]
            timed(f"words, admitted: {name}", [partial(lexical, a.terms, scope=scope) for a in asked.values()])
            timed(
                f"documents' words, admitted: {name}",
                [partial(documents, a.terms, scope=scope) for a in asked.values()],
            )
            timed(f"vectors, admitted: {name}", [partial(nearest, vector, scope=scope) for vector in vectors.values()])
            timed(f"whole search, admitted: {name}", [partial(retriever.search, q, viewer) for q in questions])
        print(f"memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB at most")
        exact = ExactVectors(owner.catalog, owner.generation)
        for name, scope in scopes.items():
            print(
                f"recall@10 against an exact scan, admitted: {name} {recall(owner, exact, list(vectors.values()), scope):.4f}"
            )
        print(f"yardstick {yardstick():.0f} ms")


if __name__ == "__main__":
    main()
