"""A benchmark in BEIR layout (corpus.jsonl, queries.jsonl, qrels/test.tsv), measured with ir-measures.

Each corpus entry is one document; a query's ranking is that of the documents, each at its best passage's place. Metrics:
https://ir-measur.es. `waypost eval beir` calls this after the corpus was synced.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import SettingsError
from rag.evaluation.statistics import interval
from rag.records import Viewer
from rag.search import Retriever

_DEEP = 60  # results that are looked at for a ranking of documents
_MEASURES = {
    "ndcg@10": "nDCG@10", "P@3": "P@3", "recall@3": "R@3", "recall@10": "R@10", "pass@5": "R@5", "pass@10": "R@10",
    "pass@20": "R@20", "mrr@3": "RR@3", "mrr@10": "RR@10",
}  # fmt: skip


@dataclass(frozen=True)
class Benchmark:
    """Queries by id, and for each the ids of its right entries with their grade."""

    queries: Mapping[str, str]
    qrels: Mapping[str, Mapping[str, int]]


def load_benchmark(folder: Path) -> Benchmark:
    """The queries and judgements of a folder. Raises: SettingsError naming the file and line that is wrong."""
    queries: dict[str, str] = {}
    for number, line in _lines(folder / "queries.jsonl"):
        try:
            entry = json.loads(line)
            queries[str(entry["_id"])] = str(entry["text"])
        except (ValueError, KeyError, TypeError) as error:
            raise SettingsError(f"{folder / 'queries.jsonl'}, line {number} is not a BEIR query: {error!r}") from error
    qrels: dict[str, dict[str, int]] = {}
    file = folder / "qrels" / "test.tsv"
    for number, line in _lines(file):
        try:
            query, entry_id, grade = line.split("\t")
            if number > 1 or grade.isdigit():  # the first line is a header
                qrels.setdefault(query, {})[entry_id] = int(grade)
        except ValueError as error:
            raise SettingsError(
                f"{file}, line {number} must be query-id, corpus-id and score, tab-separated"
            ) from error
    judged = {query for query in qrels if query in queries}
    if not judged:
        raise SettingsError(f"{folder} has no query with a judgement")
    return Benchmark({q: queries[q] for q in queries if q in judged}, {q: qrels[q] for q in judged})


def _lines(file: Path) -> list[tuple[int, str]]:
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{file} can't be read: {error}; name a folder in BEIR layout") from error
    return [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def measure(
    benchmark: Benchmark, retriever: Retriever, suffix: str, progress: Callable[[int], None] = lambda done: None
) -> dict[str, Any]:
    """The figures of ../shared/eval/README.md with 95 % intervals. `suffix` ends each document's path behind its entry's id."""
    import ir_measures

    run: dict[str, dict[str, float]] = {}
    latencies = []
    for number, (query_id, text) in enumerate(benchmark.queries.items(), 1):
        began = time.perf_counter()
        results = retriever.search(text, Viewer(), _DEEP).passages
        latencies.append((time.perf_counter() - began) * 1000)
        entries = dict.fromkeys(found.document.path.removesuffix(suffix) for found in results)
        run[query_id] = {entry: float(len(entries) - place) for place, entry in enumerate(entries)}
        progress(number)
    measures = {key: ir_measures.parse_measure(name) for key, name in _MEASURES.items()}
    values: dict[str, list[float]] = {key: [] for key in measures}
    rows = list(ir_measures.iter_calc(list(set(measures.values())), benchmark.qrels, run))
    for key, asked in measures.items():
        values[key] = [row.value for row in rows if row.measure == asked]
    latencies.sort()
    return {
        "queries": len(benchmark.queries),
        **{key: round(sum(found) / len(benchmark.queries), 4) for key, found in values.items()},
        "intervals": {key: interval(found) for key, found in values.items()},
        "latency_p50_ms": round(latencies[len(latencies) // 2], 1),
        "latency_p95_ms": round(latencies[int(len(latencies) * 0.95)], 1),
    }
