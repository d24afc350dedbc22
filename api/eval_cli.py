"""`waypost eval`: measure retrieval and answers on question sets and benchmarks, compare two runs, draft a question set."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from api.console import ConfigOption, GroupsOption, JsonOption, ProgressBars, err, out, print_json, settings_from
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
    if html and not html.absolute().parent.is_dir():
        raise SettingsError(f"{html} can't be written: there is no folder {html.absolute().parent}")
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
    else:
        print_figures(figures)
        if comparison:
            print_comparison(comparison)
    if unknown := figures["unknown_gold"]:
        shown = ", ".join(unknown[:10]) + (" …" if len(unknown) > 10 else "")
        err.print(
            f"[yellow]{len(unknown)} questions have gold in documents that were not synced: {escape(shown)}[/yellow]"
        )


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


_COMMITS = 3000  # of each repository's history


@evaluation.command("generate")
def eval_generate(
    file: Annotated[Path, typer.Argument(help="The question set to write, one JSON object a line.")],
    limit: Annotated[int, typer.Option(min=1, help="How many questions of each kind at most.")] = 40,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draft questions from what has been synced: headings, link texts, alerts and runbooks, commit subjects."""
    from collections import Counter

    from api.compose import commit_subjects, open_reader, viewer_from
    from ingest.question_drafts import as_lines, drafts

    settings = settings_from(config)
    if file.exists():
        raise SettingsError(f"{file} is there already; name another file, or delete it")
    with open_reader(settings) as reader:
        documents = reader.catalog.documents_for(viewer_from(settings.groups))
        passages = {document.id: reader.passages_of(document.id) for document in documents}
        found = drafts(documents, passages, commit_subjects(settings, reader.catalog, _COMMITS), limit)
    if not found:
        raise SettingsError("nothing in these documents makes a question: no headings, links, alerts or commits of use")
    try:
        file.write_text(as_lines(found), encoding="utf-8")
    except OSError as error:
        raise SettingsError(f"{file} can't be written: {error.strerror}") from error
    kinds = Counter(draft["kind"] for draft in found)
    if as_json:
        print_json({"file": str(file), "questions": len(found), "by_kind": dict(kinds)})
        return
    out.print(
        f"{len(found)} drafts in {escape(str(file))}: {', '.join(f'{n} from a {kind}' for kind, n in kinds.items())}"
    )
    out.print(f"Read and mend them, then: waypost eval questions {escape(str(file))}")
