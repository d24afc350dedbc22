"""Measuring retrieval and answers against a question set; the format stands in ../shared/eval/README.md.

A result is a hit when it overlaps a gold span: same source and path, a line in common. `waypost eval questions` calls this.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.ask import Asker
from rag.catalog import Catalog
from rag.errors import SettingsError
from rag.records import Answer, ScoredPassage, Viewer
from rag.search import Retriever

CUTS = (1, 3, 5, 10, 20)
BUDGETS = (2000, 4000)  # tokens of four characters
_RESULTS = 40  # enough to fill the larger budget with short passages


@dataclass(frozen=True)
class Span:
    """A place where an answer stands."""

    source: str
    path: str
    start_line: int
    end_line: int

    def overlaps(self, found: ScoredPassage) -> bool:
        return (
            (self.source, self.path) == (found.document.source, found.document.path)
            and found.passage.start_line <= self.end_line
            and self.start_line <= found.passage.end_line
        )


@dataclass(frozen=True)
class Question:
    """One line of a question set. Unanswerable ones have no gold."""

    id: str
    kind: str
    text: str
    gold: tuple[Span, ...]
    must_contain: tuple[str, ...]
    needs_all: bool

    def hit(self, results: Sequence[ScoredPassage]) -> bool:
        spans = [any(span.overlaps(found) for found in results) for span in self.gold]
        return all(spans) if self.needs_all else any(spans)


def load_questions(file: Path) -> list[Question]:
    """The questions of a file, one JSON object a line. Raises: SettingsError naming the line that is wrong."""
    questions = []
    try:
        lines = file.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"the question set {file} can't be read: {error}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            questions.append(_question(json.loads(line)))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SettingsError(
                f"{file}, line {number} is not a question as eval/README.md has it: {error!r}"
            ) from error
    if not questions:
        raise SettingsError(f"{file} holds no question")
    return questions


def _question(entry: Mapping[str, Any]) -> Question:
    gold = tuple(Span(g["repo"], g["path"], int(g["start_line"]), int(g["end_line"])) for g in entry["gold"])
    contains = tuple(str(text) for text in entry.get("must_contain", ()))
    return Question(
        str(entry["id"]), str(entry["kind"]), str(entry["question"]), gold, contains, bool(entry.get("needs_all"))
    )


def evaluate(
    questions: Sequence[Question], retriever: Retriever, viewer: Viewer, asker: Asker | None, catalog: Catalog,
    progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:  # fmt: skip
    """The figures, under the keys of ../shared/eval/README.md. With an asker, answers are measured too."""
    rows: list[tuple[Question, dict[str, float]]] = []
    latencies: list[float] = []
    answers: list[tuple[Question, Answer]] = []
    for number, question in enumerate(questions, 1):
        began = time.perf_counter()
        results = retriever.search(question.text, viewer, _RESULTS).passages
        latencies.append((time.perf_counter() - began) * 1000)
        if question.gold:
            rows.append((question, _figures(question, results)))
        if asker:
            answers.append((question, asker.answer(question.text, viewer)))
        progress(number)
    kinds = sorted({question.kind for question, _ in rows})
    figures: dict[str, Any] = {
        "questions": len(questions),
        **_mean([figures for _, figures in rows]),
        "by_kind": {
            kind: {"questions": len(part), **_mean(part)}
            for kind in kinds
            if (part := [figures for question, figures in rows if question.kind == kind])
        },
        "latency_p50_ms": _percentile(latencies, 0.5),
        "latency_p95_ms": _percentile(latencies, 0.95),
    }
    if asker:
        figures |= _answer_figures(answers, catalog, viewer)
    return figures


def _figures(question: Question, results: Sequence[ScoredPassage]) -> dict[str, float]:
    figures = {f"hit@{k}": float(question.hit(results[:k])) for k in CUTS}
    rank = next((r for r in range(1, 11) if question.hit(results[:r])), 0)
    figures["mrr@10"] = 1 / rank if rank else 0.0
    for budget in BUDGETS:
        figures[f"hit@{budget}tok"] = float(question.hit(_fitting(results, budget)))
    return figures


def _fitting(results: Sequence[ScoredPassage], tokens: int) -> Sequence[ScoredPassage]:
    """Results in order until the first that does not fit any more."""
    left = tokens * 4
    for at, found in enumerate(results):
        left -= len(found.passage.text)
        if left < 0:
            return results[:at]
    return results


def _answer_figures(answers: Sequence[tuple[Question, Answer]], catalog: Catalog, viewer: Viewer) -> dict[str, float]:
    answerable = [(q, a) for q, a in answers if q.gold]
    unanswerable = [a for q, a in answers if not q.gold]
    cited = [citation for _, answer in answers for citation in answer.citations]
    valid = [c for c in cited if c.quote in catalog.document(c.document_id, viewer).lines(c.start_line, c.end_line)]
    return {
        "must_contain": _share([all(text.lower() in a.text.lower() for text in q.must_contain) for q, a in answerable]),
        "citation_validity": len(valid) / len(cited) if cited else 1.0,
        "refused_unanswerable": _share([a.verdict == "not_found" for a in unanswerable]),
        "refused_answerable": _share([a.verdict == "not_found" for _, a in answerable]),
    }


def _mean(rows: Sequence[Mapping[str, float]]) -> dict[str, float]:
    return {key: round(sum(row[key] for row in rows) / len(rows), 4) for key in rows[0]} if rows else {}


def _share(values: Sequence[bool]) -> float:
    return round(sum(values) / len(values), 4) if values else 0.0


def _percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1) if ordered else 0.0
