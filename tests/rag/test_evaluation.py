"""Measuring: intervals, the paired test, comparison of two runs."""

from __future__ import annotations

from typing import Any

import pytest

from rag.errors import SettingsError
from rag.evaluation.comparison import compare
from rag.evaluation.figures import METRICS
from rag.evaluation.statistics import interval, paired_p


def run(**ranks: int) -> dict[str, Any]:
    rows = [{"id": name, "rank": rank, **{m: float(0 < rank <= 3) for m in METRICS}} for name, rank in ranks.items()]
    return {"rows": [*rows, {"id": "unanswerable"}]}


def test_an_interval_holds_the_mean_and_narrows_with_more_questions() -> None:
    few, many = [1.0] * 6 + [0.0] * 4, [1.0] * 600 + [0.0] * 400
    assert interval(few)[0] < 0.6 < interval(few)[1]
    assert interval(many)[1] - interval(many)[0] < 0.1 < interval(few)[1] - interval(few)[0]
    assert interval([]) == (0.0, 0.0)
    assert interval([1.0, 1.0]) == (1.0, 1.0)


def test_a_difference_is_sure_only_when_many_questions_agree() -> None:
    assert paired_p([0.0] * 30, [0.0] * 30) == 1.0
    assert paired_p([0.0] * 20 + [1.0], [1.0] * 21) < 0.001
    assert paired_p([0.0, 1.0, 0.0, 1.0], [1.0, 0.0, 1.0, 0.0]) > 0.5


def test_two_runs_are_compared_by_question() -> None:
    found = compare(run(a=1, b=9, c=0, gone=1), run(a=1, b=2, c=0, d=1, e=1) | {"x": 1})
    assert found.questions == 3
    assert found.won == (("b", 9, 2),)
    assert found.lost == ()
    hit = next(row for row in found.differences if row.metric == "hit@5")
    assert (hit.before, hit.after) == (0.3333, 0.6667)
    assert compare(run(a=1), run(a=0)).lost == (("a", 1, 0),)


def test_runs_without_a_common_question_are_refused() -> None:
    with pytest.raises(SettingsError, match="no question in common"):
        compare(run(a=1), run(b=1))
