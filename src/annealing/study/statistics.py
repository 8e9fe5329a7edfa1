"""The statistics of a comparison: intervals of means, paired differences, and Holm's procedure.

Several arms are set against one reference, which was chosen on other seeds. Runs from the same seed share
their split, initial weights and order of batches, so differences are taken seed by seed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

LEVEL = 0.10
"""The chance of one wrong "better" or "worse" or more in a whole comparison of identical arms is at most this."""

Interval = tuple[float, float]
Finding = Literal["better", "worse", "cannot be told apart"]


@final
@dataclass(frozen=True)
class Difference:
    """An arm's mean loss minus the reference arm's, with what can be said about it.

    `interval` is at confidence 1 − `level`, where `level` is the one at which Holm's procedure judged this
    arm; so it excludes 0 exactly when `finding` is "better" or "worse". None with fewer than two seeds.
    """

    mean: float
    interval: Interval | None
    level: float
    finding: Finding


def mean_interval(values: Sequence[float], level: float = LEVEL) -> Interval | None:
    """Return the t-interval of the mean at confidence 1 − `level`, or None with fewer than two values.

    >>> low, high = mean_interval([0.36, 0.38, 0.37, 0.37])
    >>> round(low, 4), round(high, 4)
    (0.3604, 0.3796)
    """
    sample = np.asarray(values, dtype=np.float64)
    if len(sample) < 2:
        return None
    mean, half = float(sample.mean()), _standard_error(sample) * _quantile(len(sample), level)
    return mean - half, mean + half


def holm_levels(p_values: Sequence[float], level: float = LEVEL) -> tuple[float, ...]:
    """Return for each p-value the level at which Holm's step-down procedure judges it.

    The smallest of m p-values is judged at level/m, the next at level/(m − 1), and so on up to the first
    that is not below its own; from there on all are judged at that one's level. So "p ≤ its level" is the
    procedure's decision for every arm (Holm 1979, A simple sequentially rejective multiple test procedure).

    >>> holm_levels([0.001, 0.5, 0.04])
    (0.03333333333333333, 0.1, 0.05)
    >>> holm_levels([0.04, 0.045, 0.2])
    (0.03333333333333333, 0.03333333333333333, 0.03333333333333333)
    """
    levels = [0.0] * len(p_values)
    stopped: float | None = None
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        own = stopped if stopped is not None else level / (len(p_values) - rank)
        levels[index] = own
        if p_values[index] > own:
            stopped = own
    return tuple(levels)


def differences(reference: Sequence[float], others: Sequence[Sequence[float]], level: float = LEVEL) -> tuple[Difference, ...]:
    """Set every other arm against the reference: paired t-tests, adjusted by Holm over the arms.

    Each sequence holds one final loss per evaluation seed, in the same order of seeds.

    >>> [found.finding for found in differences([1.0, 1.1, 1.2, 0.9], [[1.0, 1.1, 1.2, 0.9], [1.5, 1.7, 1.7, 1.4]])]
    ['cannot be told apart', 'worse']
    """
    base = np.asarray(reference, dtype=np.float64)
    paired = [np.asarray(other, dtype=np.float64) - base for other in others]
    p_values = [_p_value(sample) for sample in paired]
    levels = holm_levels(p_values, level)
    return tuple(_difference(*judged) for judged in zip(paired, p_values, levels, strict=True))


def _difference(sample: NDArray[np.float64], p_value: float, level: float) -> Difference:
    mean = float(sample.mean())
    finding = "cannot be told apart" if p_value > level else "better" if mean < 0 else "worse"
    return Difference(mean, mean_interval(sample.tolist(), level), level, finding)


def _p_value(sample: NDArray[np.float64]) -> float:
    """Two-sided, of a mean of 0. Samples without any spread (identical arms) are judged as they look."""
    error = _standard_error(sample) if len(sample) > 1 else math.nan
    if math.isnan(error):
        return 1.0
    mean = float(sample.mean())
    if error == 0:
        return 1.0 if mean == 0 else 0.0
    return float(2 * stats.t.sf(abs(mean) / error, len(sample) - 1))


def _standard_error(sample: NDArray[np.float64]) -> float:
    return float(sample.std(ddof=1)) / math.sqrt(len(sample))


def _quantile(count: int, level: float) -> float:
    return float(stats.t.ppf(1 - level / 2, count - 1))
