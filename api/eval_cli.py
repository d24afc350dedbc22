"""`waypost eval`: measure retrieval and answers on question sets and benchmarks, and compare two runs."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from api.console import ConfigOption, GroupsOption, JsonOption, ProgressBars, print_json, settings_from
from rag.errors import SettingsError
from rag.ports import Progress as Step

evaluation = typer.Typer(
    no_args_is_help=True, help="Measure retrieval and answers on your own questions, or on a benchmark."
)


@evaluation.command("questions")
def eval_questions(
    file: Annotated[Path, typer.Argument(help="A question set, one JSON object a line.")],
    answers: Annotated[bool, typer.Option("--answers", help="Measure answers too.")] = False,
    compare_with: Annotated[
        Path | None, typer.Option("--compare", help="An earlier run's --json, to compare with.")
    ] = None,
    html: Annotated[Path | None, typer.Option("--html", help="Write a report with a row for each question.")] = None,
    as_groups: GroupsOption = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure hit@k, mrr@10 and what fits a token budget, on what has been synced."""
    from api.compose import open_reader, viewer_from
    from api.eval_report import print_comparison, print_figures, write_html
    from rag.evaluation.comparison import compare
    from rag.evaluation.figures import evaluate
    from rag.evaluation.questions import load_questions

    settings = settings_from(config)
    questions = load_questions(file)
    before = _earlier_run(compare_with) if compare_with else None
    with ProgressBars() as bars, open_reader(settings) as reader:
        figures = evaluate(
            questions, reader.retriever, viewer_from(as_groups or settings.groups), reader.asker() if answers else None,
            reader.catalog, lambda done: bars.show(Step("questions", done, len(questions))),
        )  # fmt: skip
    comparison = compare(before, figures) if before is not None else None
    if html:
        write_html(html, figures, comparison)
    if as_json:
        print_json(figures)
        return
    print_figures(figures)
    if comparison:
        print_comparison(comparison)


def _earlier_run(file: Path) -> dict[str, Any]:
    try:
        loaded = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{file} can't be read as an earlier run: {error}") from error
    if not isinstance(loaded, dict) or "rows" not in loaded:
        raise SettingsError(f"{file} is not an output of `waypost eval questions --json`")
    return loaded


@evaluation.command("beir")
def eval_beir(
    folder: Annotated[Path, typer.Argument(help="A folder with corpus.jsonl, queries.jsonl and qrels/test.tsv.")],
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure a benchmark in BEIR layout, in a data folder of its own that is thrown away."""
    from api.eval_report import print_figures
    from api.owner import open_owner
    from ingest.sources import SourceSpec
    from ingest.sources.beir import SUFFIX, BeirSource
    from rag.evaluation.beir import load_benchmark, measure

    settings = settings_from(config)
    benchmark, source = load_benchmark(folder), BeirSource(folder)
    spec = SourceSpec("beir", "beir", str(folder))
    with tempfile.TemporaryDirectory(prefix="waypost-beir-") as home, ProgressBars() as bars:
        places = {"home": Path(home), "database_url": "", "models": settings.models or settings.home / "models"}
        with open_owner(settings.model_copy(update=places), "eval") as owner:
            owner.sync_sources([(spec, source)], bars.show, lambda: False)
            total = len(benchmark.queries)
            figures = measure(
                benchmark, owner.reader().retriever, SUFFIX, lambda done: bars.show(Step("queries", done, total))
            )
    if as_json:
        print_json(figures)
    else:
        print_figures(figures)
