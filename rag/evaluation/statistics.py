"""How sure a figure is: intervals by bootstrap, and a paired test for the difference of two runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_DRAWS = 10_000
_SEED = 20261125


def interval(values: Sequence[float], level: float = 0.95) -> tuple[float, float]:
    """The bootstrap interval of the mean (percentile method; Efron and Tibshirani, 1993). Of nothing: (0, 0)."""
    if not values:
        return (0.0, 0.0)
    sample = np.asarray(values, dtype=np.float64)
    draws = np.random.default_rng(_SEED).integers(0, len(sample), size=(_DRAWS, len(sample)))
    low, high = np.quantile(sample[draws].mean(axis=1), [(1 - level) / 2, (1 + level) / 2])
    return (round(float(low), 4), round(float(high), 4))


def paired_p(before: Sequence[float], after: Sequence[float]) -> float:
    """The two-sided p-value of a paired randomisation test on the difference of means (Smucker et al., CIKM 2007).

    1.0 where nothing differs.
    """
    differences = np.asarray(after, dtype=np.float64) - np.asarray(before, dtype=np.float64)
    differences = differences[differences != 0]
    if not len(differences):
        return 1.0
    signs = np.random.default_rng(_SEED).choice((-1.0, 1.0), size=(_DRAWS, len(differences)))
    extreme = np.abs(signs @ differences) >= abs(differences.sum()) - 1e-12
    return round(float((extreme.sum() + 1) / (_DRAWS + 1)), 4)
