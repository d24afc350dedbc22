"""Two runs over the same questions, paired: what changed, how surely, and which questions were won and lost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rag.errors import SettingsError
from rag.evaluation.figures import METRICS
from rag.evaluation.statistics import paired_p


@dataclass(frozen=True)
class Difference:
    """One metric's mean before and after, and the p-value of the paired test."""

    metric: str
    before: float
    after: float
    p: float


@dataclass(frozen=True)
class Comparison:
    """Over `questions` that both runs have. `won` and `lost` are rows of ids with their rank before and after (0: not found)."""

    questions: int
    differences: tuple[Difference, ...]
    won: tuple[tuple[str, int, int], ...]
    lost: tuple[tuple[str, int, int], ...]


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> Comparison:
    """Compares two outputs of `waypost eval questions --json`. Raises: SettingsError when they share no question."""
    old, new = _answerable(before), _answerable(after)
    shared = [name for name in new if name in old]
    if not shared:
        raise SettingsError(
            "the run to compare with has no question in common with this one; give one over the same set"
        )
    differences = []
    for metric in METRICS:
        pairs = [(float(old[name][metric]), float(new[name][metric])) for name in shared]
        means = [sum(column) / len(pairs) for column in zip(*pairs, strict=True)]
        p = paired_p([pair[0] for pair in pairs], [pair[1] for pair in pairs])
        differences.append(Difference(metric, round(means[0], 4), round(means[1], 4), p))
    ranks = [(name, int(old[name]["rank"]), int(new[name]["rank"])) for name in shared]
    won = tuple(row for row in ranks if _worth(row[2]) > _worth(row[1]))
    lost = tuple(row for row in ranks if _worth(row[2]) < _worth(row[1]))
    return Comparison(len(shared), tuple(differences), won, lost)


def _answerable(run: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    rows: Sequence[Mapping[str, Any]] = run.get("rows") or []
    try:
        return {row["id"]: row for row in rows if "rank" in row and all(metric in row for metric in METRICS)}
    except (TypeError, KeyError) as error:
        raise SettingsError("the run to compare with is not an output of `waypost eval questions --json`") from error


def _worth(rank: int) -> float:
    return 1 / rank if rank else 0.0
