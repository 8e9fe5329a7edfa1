"""The nearest plan in phases: a warm-up, a hold and one decay, as people write and read schedules."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any, NamedTuple, cast

import numpy as np
from scipy import optimize

from annealing.core.composition import chain
from annealing.core.phases import hold, linear, polynomial, warmup
from annealing.core.schedule import Schedule
from annealing.forecast.cells import Floats
from annealing.forecast.descent import rise

_FRACTIONS = (0.1, 0.2, 0.35, 0.6, 1.0)
_POWERS = (1.0, 1.6)
_ODD = 0.03  # of a difference that matters: what a simpler phrase may cost
_MOST = 80  # evaluations of each search from the best of these

_minimize = cast("Any", optimize.minimize)  # SciPy ships no types


class Phases(NamedTuple):
    """A warm-up to `peak`, a hold, and a decay to `end` along `(1 − u)^power` over the last `fraction` of the run."""

    total: int
    warmup: int
    peak: float
    floor: float
    fraction: float
    power: float
    end: float

    @property
    def decay(self) -> int:
        """Updates of the decay: a share of the run, and at most what the warm-up leaves."""
        return max(1, min(round(self.fraction * self.total), self.total - self.warmup))

    def rates(self, at: Floats) -> Floats:
        """The rate of each update."""
        left: Floats = np.clip((self.total - at) / self.decay, 0.0, 1.0)
        return rise(at, self.warmup) * (self.end + (self.peak - self.end) * left**self.power)

    def schedule(self) -> Schedule:
        """The phases in words, with a peak of 1; a share of the run is rounded to percent."""
        to = float(f"{self.end / self.peak:.3g}")
        if to * self.peak < self.floor:
            to = float(f"{self.floor / self.peak:.12g}")
        whole = self.decay == self.total - self.warmup
        length = "rest" if whole else f"{round(100 * self.fraction)}%"
        fall = linear(length, to=to) if self.power == 1 else polynomial(length, to=to, power=self.power)
        parts: list[Schedule] = [warmup(self.warmup)] if self.warmup else []
        parts += [fall] if whole else [hold(), fall]
        return parts[0] if len(parts) == 1 else chain(*parts)


def nearest_phases(
    value: Callable[[Floats], float], at: Floats, total: int, warm: int, peak: float, floor: float, unit: float
) -> Phases:
    """Return the phases with the least value, whose fraction is a whole percent, power and end a few digits.

    Arguments: `value`, what to minimise, a function of the rates at the updates `at`; `unit`, a difference of it that matters: a
    few hundredths of it are given up for a straight line, for an end at the floor and for doing without a hold.
    """

    def phases(fraction: float, power: float, end: float) -> Phases:
        share, curve = min(max(fraction, 0.01), 1.0), min(max(power, 0.3), 6.0)
        return Phases(total, warm, peak, floor, share, curve, min(max(end, floor), peak))

    def cost(free: Floats) -> float:
        fraction, power, end = free.tolist()
        return value(phases(fraction, power, floor + (peak - floor) * abs(end)).rates(at))

    starts = [np.array([fraction, power, 0.02]) for fraction in _FRACTIONS for power in _POWERS]
    best = min(starts, key=cost)
    simplex: Floats = best + np.array([[0, 0, 0], [0.05, 0, 0], [0, 0.3, 0], [0, 0, -0.02]], dtype=np.float64)
    found = _minimize(
        cost,
        best,
        method="Nelder-Mead",
        options={"initial_simplex": simplex, "maxfev": _MOST, "xatol": 0.003, "fatol": 1e-3 * unit},
    )
    fraction, power, end = np.asarray(found.x, dtype=np.float64).tolist()
    low = float(f"{floor + (peak - floor) * abs(end):.2g}")
    tried: list[tuple[float, Phases]] = []
    for share, curve, to in product(_shares(fraction), {1.0, max(round(power, 1), 0.3)}, (floor, low)):
        one = phases(share, curve, to)
        odd = (curve != 1) + (to != floor) + (one.decay != total - warm)
        tried.append((value(one.rates(at)) + _ODD * odd * unit, one))
    return min(tried, key=lambda pair: pair[0])[1]


def _shares(fraction: float) -> list[float]:
    """Whole percents about a fraction, as another power wants another one; and the whole run."""
    near = [round(fraction * factor, 2) for factor in (0.7, 0.8, 0.9, 1.0, 1.1, 1.2)]
    return sorted({min(max(share, 0.01), 1.0) for share in [*near, 1.0]})
