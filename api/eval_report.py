"""The report of an evaluation: tables on the terminal, and a page of HTML with a row for each question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from api.console import out
from api.pages import render
from rag.errors import StorageError
from rag.evaluation.comparison import Comparison
from rag.evaluation.figures import METRICS

_STAGES = {
    "not_retrieved": "neither index found it",
    "ranked_low": "found, but ranked too low",
    "cut": "ranked well, but cut from the evidence",
    "unanswered": "in the evidence, but not in the answer",
}


def print_figures(figures: Mapping[str, Any]) -> None:
    """Every figure with its interval, the main ones by kind where there are kinds, and where the misses were lost."""
    intervals = figures.get("intervals", {})
    rows = [
        (key, _cell(key, value), "{:.3f}–{:.3f}".format(*intervals[key]) if key in intervals else "")
        for key, value in figures.items()
        if isinstance(value, int | float)
    ]
    _print_table(("", "all", "95 %"), rows)
    if kinds := figures.get("by_kind"):
        names = ("questions", "hit@1", "hit@5", "mrr@10", "hit@2000tok", "hit@4000tok")
        out.print()
        _print_table(("", *names), [(kind, *(_cell(n, part[n]) for n in names)) for kind, part in kinds.items()])
    for stage, count in figures.get("misses", {}).items():
        if count:
            missed = ", ".join(row["id"] for row in figures["rows"] if row.get("miss") == stage)
            out.print(f"{count} missed, {_STAGES[stage]}: {escape(missed)}")


def _cell(name: str, value: float) -> str:
    return f"{value:.3f}" if isinstance(value, float) and not name.endswith("_ms") else str(value)


def _print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(box=None, pad_edge=False)
    for at, column in enumerate(columns):
        table.add_column(column, justify="right" if at else "left", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    out.print(table)


def print_comparison(comparison: Comparison) -> None:
    """The differences with their p-values, and the questions won and lost."""
    out.print(f"\nCompared over {comparison.questions} questions:")
    rows = [
        (row.metric, f"{row.before:.3f}", f"{row.after:.3f}", f"{row.after - row.before:+.3f}", f"{row.p:.3f}")
        for row in comparison.differences
    ]
    _print_table(("", "before", "after", "difference", "p (paired)"), rows)
    for label, changed in (("won", comparison.won), ("lost", comparison.lost)):
        moves = ", ".join(f"{name} {before or '–'}→{after or '–'}" for name, before, after in changed)
        out.print(f"{len(changed)} {label}{': ' + escape(moves) if moves else ''}")


def write_html(file: Path, figures: Mapping[str, Any], comparison: Comparison | None) -> None:
    """One self-contained page, without scripts. Raises: StorageError when it can't be written."""
    kinds = figures["by_kind"]
    text = render(
        "evaluation.html", figures=figures, comparison=comparison, metrics=METRICS, stages=_STAGES, kinds=kinds
    )
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{file} can't be written: {error.strerror}") from error
