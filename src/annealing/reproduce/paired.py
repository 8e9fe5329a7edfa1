"""Statistics of two arms that were trained from the same seeds: differences are taken seed by seed."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from annealing.reproduce.finding import Interval, Statistic
from annealing.study.statistics import mean_interval

Floats = NDArray[np.float64]


def beats(name: str, arm: Floats, other: Floats, *, t: float = 3.0) -> Statistic:
    """Ask for losses of `arm` below those of `other`: the value is the mean of other − arm, and its t must exceed `t`.

    >>> beats("a", np.array([1.0, 2.0, 3.0]), np.array([1.5, 2.6, 3.5])).met
    True

    A negative `t` asks only that the arm is not clearly worse. An arm that diverged beats nobody; one that did not
    beats one that did.
    """
    target = f"t > {t:g}"
    if arm.size == 0:
        return Statistic(name, math.nan, target, False, None, "no run of both arms got there")
    if not np.isfinite(arm).all():
        return Statistic(name, -math.inf, target, False, None, f"diverged in {_lost(arm)}")
    if not np.isfinite(other).all():
        return Statistic(name, math.inf, target, True, None, f"the other diverged in {_lost(other)}")
    gains = other - arm
    found = t_of(gains)
    detail = f"t = {found:.1f}, lower in {(gains > 0).sum()} of {gains.size} seeds"
    return Statistic(name, float(gains.mean()), target, bool(found > t), mean_interval(gains.tolist()), detail)


def share_of_gap(name: str, arm: Floats, best: Floats, base: Floats, *, limit: float) -> Statistic:
    """Ask for how far `arm` ends from `best`, as a share of what `best` gains over `base`, to be below a limit."""
    share, interval = gap_share(arm, best, base)
    return Statistic(name, share, f"< {limit:g}", bool(share < limit), interval)


def gap_share(arm: Floats, best: Floats, base: Floats) -> tuple[float, Interval | None]:
    """Return (arm − best) / (base − best) of the means, with the interval of the paired difference on the same scale."""
    gap = float(base.mean() - best.mean())
    apart = arm - best
    interval = mean_interval(apart.tolist()) if np.isfinite(apart).all() else None
    if not math.isfinite(gap) or gap <= 0:
        return math.nan, None
    return float(apart.mean()) / gap, None if interval is None else (interval[0] / gap, interval[1] / gap)


def t_of(sample: Floats) -> float:
    """Return the t of a mean: infinite where there is no spread around one that is not 0, NaN for fewer than two values."""
    if sample.size < 2 or not np.isfinite(sample).all():
        return math.nan
    error = float(sample.std(ddof=1)) / math.sqrt(sample.size)
    mean = float(sample.mean())
    return mean / error if error > 0 else math.copysign(math.inf, mean) if mean else 0.0


def _lost(losses: Floats) -> str:
    return f"{int((~np.isfinite(losses)).sum())} of {losses.size} seeds"
