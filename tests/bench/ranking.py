"""What each part of the ranking adds, on several sets at once: the table of docs/decisions/0010-word-pairs.md.

    python -m tests.bench.ranking HOME=FILE…

HOME is a data folder that was synced (WAYPOST_HOME); FILE is a question set (.jsonl), a list of label pairs as in
../shared/eval/pairs (.json: alert → runbook, link text → page, commit subject → file), or a folder in BEIR layout, which is
synced into HOME when that is empty.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from api.compose import Reader, open_reader
from api.owner import open_owner
from api.settings import Settings
from ingest.sources import SourceSpec
from ingest.sources.beir import SUFFIX, BeirSource
from rag.evaluation.beir import load_benchmark, measure
from rag.evaluation.figures import evaluate
from rag.evaluation.questions import load_questions
from rag.indexes.lexical import DOCUMENTS, PASSAGES, TantivyIndex
from rag.ranking import MEASURED, Weights
from rag.records import Viewer
from rag.search import Filters, NoDense, Retriever, Serving

TEMPLATE = re.compile(r"\{\{.*?\}\}", re.S)
Figures = Mapping[str, float]


@dataclass(frozen=True)
class Variant:
    """A ranking with something taken away: weights of the fusion, of the fields of both lexical indexes, or the vectors."""

    name: str
    weights: Weights = MEASURED
    passages: Mapping[str, float] = field(default_factory=lambda: PASSAGES)
    documents: Mapping[str, float] = field(default_factory=lambda: DOCUMENTS)
    vectors: bool = True


def without(fields: Mapping[str, float], *names: str) -> dict[str, float]:
    return {name: weight for name, weight in fields.items() if name not in names}


VARIANTS = (
    Variant("as built"),
    Variant("no pairs of words", passages=without(PASSAGES, "pairs"), documents=without(DOCUMENTS, "pairs")),
    Variant("no pairs in documents", documents=without(DOCUMENTS, "pairs")),
    Variant("no title, no heading on top", passages=without(PASSAGES, "title", "heading")),
    Variant("no identifiers on top", passages=without(PASSAGES, "identifiers"), documents=without(DOCUMENTS, "identifiers")),
    Variant("no words of the whole document", replace(MEASURED, document_words=0.0)),
    Variant("no meaning of the document", replace(MEASURED, document_meaning=0.0)),
    Variant("no hint of a kind", replace(MEASURED, kind=0.0)),
    Variant("incidents and decisions as others", replace(MEASURED, past=0.0)),
    Variant("outdated pages as others", replace(MEASURED, outdated=0.0)),
    Variant("passages alone", replace(MEASURED, document_words=0.0, document_meaning=0.0, kind=0.0, past=0.0, outdated=0.0)),
    Variant("words alone", replace(MEASURED, meaning=0.0), vectors=False),
    Variant("meaning alone", replace(MEASURED, meaning=1.0, document_words=0.0)),
)  # fmt: skip


def retriever(reader: Reader, home: Path, variant: Variant) -> Retriever:
    """A retriever over a home's indexes that ranks in this way."""
    serving = reader._serving()
    lexical = TantivyIndex(home / serving.generation.folder / "lexical", writable=False, weights=variant.passages)
    documents = TantivyIndex(home / "documents", writable=False, weights=variant.documents)
    dense = serving.dense if variant.vectors else NoDense("left out")
    varied = Serving(serving.generation, lexical, documents, dense)
    return Retriever(reader.catalog, lambda: varied, weights=variant.weights)


# -- the kinds of set -------------------------------------------------------------------------------------------------


def question_figures(file: Path, found: Retriever, reader: Reader) -> Figures:
    figures = evaluate(load_questions(file), found, Viewer(), None, reader.catalog)
    terraform = figures["by_kind"].get("terraform", {}).get("hit@5", 0.0)
    keys = ("hit@1", "hit@5", "mrr@10", "hit@2000tok", "hit@4000tok")
    return {**{key: figures[key] for key in keys}, "tf hit@5": terraform}


def pair_figures(file: Path, found: Retriever, _: Reader) -> Figures:
    """hit@1, hit@5 and mrr@10 of the right page among the pages; the page that holds a link's text is left out."""
    ranks = [pair_rank(found, pair) for pair in json.loads(file.read_text())]
    share = {f"hit@{k}": sum(0 < rank <= k for rank in ranks) / len(ranks) for k in (1, 5)}
    return {**share, "mrr@10": sum(1 / rank for rank in ranks if 0 < rank <= 10) / len(ranks)}


def pair_rank(found: Retriever, pair: Mapping[str, str]) -> int:
    """The place of the right page, 0 when it is not among the first sixty results. Runbooks are ranked among themselves."""
    filters = Filters()
    if "runbook" in pair:
        text, right = TEMPLATE.sub(" ", f"{pair['summary']} {pair['description']}"), pair["runbook"]
        filters = Filters(paths=(f"{Path(right).parents[1]}/**",))
    else:
        right = pair.get("target") or pair["file"]
        text = pair.get("anchor") or pair["subject"]
    paths = dict.fromkeys(row.document.path for row in found.search(text, Viewer(), 60, filters).passages)
    pages = [path for path in paths if path != pair.get("source")]
    return pages.index(right) + 1 if right in pages else 0


def benchmark_figures(folder: Path, found: Retriever, _: Reader) -> Figures:
    figures = measure(load_benchmark(folder), found, SUFFIX)
    return {key: figures[key] for key in ("P@3", "recall@3", "mrr@3")}


def sync_benchmark(settings: Settings, folder: Path) -> None:
    with open_owner(settings, "bench") as owner:
        owner.sync_sources(
            [(SourceSpec("beir", "beir", str(folder)), BeirSource(folder))], lambda _: None, lambda: False
        )


def main() -> None:
    console = Console(width=200)
    for argument in sys.argv[1:]:
        home, _, file = argument.partition("=")
        settings, measured = Settings(home=Path(home)), Path(file)
        kind: Callable[[Path, Retriever, Reader], Figures] = question_figures
        if measured.is_dir():
            kind = benchmark_figures
            if not (Path(home) / "catalog.db").exists():
                sync_benchmark(settings, measured)
        elif measured.suffix == ".json":
            kind = pair_figures
        with open_reader(settings) as reader:
            rows: list[tuple[str, Figures]] = [
                (variant.name, kind(measured, retriever(reader, Path(home), variant), reader)) for variant in VARIANTS
            ]
        print_table(console, f"{measured.name} in {home}", rows)


def print_table(console: Console, title: str, rows: Sequence[tuple[str, Any]]) -> None:
    table = Table("ranking", *rows[0][1], title=title, title_justify="left")
    for name, figures in rows:
        table.add_row(name, *(f"{value:.3f}" for value in figures.values()))
    console.print(table)


if __name__ == "__main__":
    main()
