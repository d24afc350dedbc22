"""The figures of one run over a question set, under the keys of ../shared/eval/README.md, with a row for each question.

Each miss says where it was lost: `not_retrieved` by either index, `ranked_low`, `cut` from the evidence, or `unanswered`
though the evidence holds it. `waypost eval questions` calls `evaluate`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from rag.answers.evidence import EVIDENCE_PASSAGES, within_budget
from rag.answers.judging.judgement import NOT_FOUND
from rag.ask import Asker
from rag.catalog import Catalog
from rag.evaluation.questions import Question
from rag.evaluation.statistics import interval
from rag.records import Answer, ScoredPassage, Usage, Viewer
from rag.search import Retriever

CUTS = (1, 3, 5, 10, 20)
BUDGETS = (2000, 4000)  # tokens of four characters
METRICS = (*(f"hit@{k}" for k in CUTS), "mrr@10", *(f"hit@{budget}tok" for budget in BUDGETS))
_THRESHOLDS = [round(step / 20, 2) for step in range(1, 20)]  # of the curve of refusals
_RESULTS = 40  # enough to fill the larger budget with short passages


def evaluate(
    questions: Sequence[Question], retriever: Retriever, viewer: Viewer, asker: Asker | None, catalog: Catalog,
    progress: Callable[[int], None] = lambda done: None,
) -> dict[str, Any]:  # fmt: skip
    """Searches (and with an asker, answers) every question; gives the figures, and `rows`, one for each question."""
    rows: list[dict[str, Any]] = []
    answers: list[tuple[Question, Answer]] = []
    for number, question in enumerate(questions, 1):
        began = time.perf_counter()
        asked = question.asked_as
        results = question.counted(retriever.search(asked, viewer, _RESULTS).passages)
        row: dict[str, Any] = {"id": question.id, "kind": question.kind, "question": question.text}
        row |= {"asked_as": asked} if question.thread else {}
        row["latency_ms"] = round((time.perf_counter() - began) * 1000, 1)
        answer = asker.answer(asked, viewer) if asker else None
        if answer:
            answers.append((question, answer))
            row |= {"verdict": answer.verdict, "answer": answer.text, "score": answer.score}
        if question.gold:
            row |= {**_hits(question, results), "miss": _miss(question, results, answer, retriever, viewer)}
        row["first"] = [_place(found) for found in results[:3]]
        rows.append(row)
        progress(number)
    answered = _answer_figures(answers, catalog, viewer) if asker else {}
    return {**summary(rows), **answered, "unknown_gold": _unknown(questions, catalog), "rows": rows}


def _unknown(questions: Sequence[Question], catalog: Catalog) -> list[str]:
    """The ids of questions whose gold stands in a document that was not synced: they can't be hit."""
    places = {(span.source, span.path) for question in questions for span in question.gold}
    missing = {place for place in places if catalog.document_at(*place) is None}
    return [q.id for q in questions if any((span.source, span.path) in missing for span in q.gold)]


def summary(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Means over the answerable questions, in all and by kind, with 95 % intervals; latencies over all."""
    answerable = [row for row in rows if "hit@1" in row]
    kinds = {row["kind"]: [other for other in answerable if other["kind"] == row["kind"]] for row in answerable}
    latencies = [float(row["latency_ms"]) for row in rows]
    misses = [row["miss"] for row in answerable if row["miss"]]
    return {
        "questions": len(rows),
        **_means(answerable),
        "intervals": {metric: interval([float(row[metric]) for row in answerable]) for metric in METRICS},
        "by_kind": {kind: {"questions": len(part), **_means(part)} for kind, part in sorted(kinds.items())},
        "misses": {stage: misses.count(stage) for stage in ("not_retrieved", "ranked_low", "cut", "unanswered")},
        "latency_p50_ms": _percentile(latencies, 0.5),
        "latency_p95_ms": _percentile(latencies, 0.95),
    }


def _hits(question: Question, results: Sequence[ScoredPassage]) -> dict[str, float]:
    hits = {f"hit@{k}": float(question.hit(results[:k])) for k in CUTS}
    rank = next((r for r in range(1, len(results) + 1) if question.hit(results[:r])), 0)
    budgets = {f"hit@{budget}tok": float(question.hit(_fitting(results, budget))) for budget in BUDGETS}
    return {**hits, "mrr@10": 1 / rank if 0 < rank <= 10 else 0.0, **budgets, "rank": rank}


def _miss(
    question: Question, results: Sequence[ScoredPassage], answer: Answer | None, retriever: Retriever, viewer: Viewer
) -> str:
    """Where the answer was lost; "" when it was not."""
    considered = results[:EVIDENCE_PASSAGES]
    if question.hit(within_budget(considered)):
        told = answer is None or all(text.lower() in answer.text.lower() for text in question.must_contain)
        return "" if told else "unanswered"
    if question.hit(considered):
        return "cut"
    candidates = question.counted(retriever.candidates(question.asked_as, viewer))
    return "ranked_low" if question.hit(candidates) else "not_retrieved"


def _fitting(results: Sequence[ScoredPassage], tokens: int) -> Sequence[ScoredPassage]:
    """Results in order until the first that does not fit any more."""
    left = tokens * 4
    for at, found in enumerate(results):
        left -= len(found.passage.text)
        if left < 0:
            return results[:at]
    return results


def _place(found: ScoredPassage) -> str:
    return f"{found.document.source}/{found.document.path}:{found.passage.start_line}-{found.passage.end_line}"


def _answer_figures(answers: Sequence[tuple[Question, Answer]], catalog: Catalog, viewer: Viewer) -> dict[str, Any]:
    answerable = [(q, a) for q, a in answers if q.gold]
    unanswerable = [a for q, a in answers if not q.gold]
    cited = [citation for _, answer in answers for citation in answer.citations]
    valid = [c for c in cited if c.quote in catalog.document(c.document_id, viewer).lines(c.start_line, c.end_line)]
    asked = [(q, a) for q, a in answerable if q.must_contain]
    return {
        "must_contain": _share([all(text.lower() in a.text.lower() for text in q.must_contain) for q, a in asked]),
        "citation_validity": len(valid) / len(cited) if cited else 1.0,
        "refused_unanswerable": _share([a.verdict == "not_found" for a in unanswerable]),
        "refused_answerable": _share([a.verdict == "not_found" for _, a in answerable]),
        "refusal_curve": _curve([a.score for a in unanswerable], [a.score for _, a in answerable]),
        **_model_figures([answer for _, answer in answers]),
    }


def _model_figures(answers: Sequence[Answer]) -> dict[str, float]:
    """What a model used, how often it failed, and the flags of its answers by kind; nothing where none was asked."""
    asked = [answer for answer in answers if answer.usage.requests]
    if not asked:
        return {}
    flags = Counter(flag.kind for answer in asked for flag in answer.flags)
    return {
        "asked_of_model": len(asked),
        "degraded": _share([bool(answer.degraded) for answer in asked]),
        **asdict(sum((answer.usage for answer in asked), Usage())),
        **{f"flagged_{kind}": count for kind, count in sorted(flags.items())},
    }


def _curve(unanswerable: Sequence[float | None], answerable: Sequence[float | None]) -> list[dict[str, float]]:
    """What would be refused below each threshold, the one in use among them. Answers without a score count as answered."""
    return [
        {
            "threshold": threshold,
            "refused_unanswerable": _share([score is not None and score < threshold for score in unanswerable]),
            "refused_answerable": _share([score is not None and score < threshold for score in answerable]),
        }
        for threshold in sorted({*_THRESHOLDS, NOT_FOUND})
    ]


def _means(rows: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    return {metric: round(sum(row[metric] for row in rows) / len(rows), 4) for metric in METRICS} if rows else {}


def _share(values: Sequence[bool]) -> float:
    return round(sum(values) / len(values), 4) if values else 0.0


def _percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1) if ordered else 0.0
