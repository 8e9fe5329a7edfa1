"""The best rates that never rise: found by a quasi-Newton method over how a fall is shared out between knots.

The rate at knot j is `peak − (peak − floor) · Σ_{i ≤ j} share_i` with shares that are positive and add up to 1, the last share
being what is left at the end. With `share = softmax(z)` every z is a schedule that never rises and stays between floor and peak,
so L-BFGS needs no constraints. Knots are denser towards the end, where the rate falls.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, cast

import numpy as np
from scipy import optimize

from annealing.forecast.cells import Floats, Whole

Objective = Callable[[Floats], tuple[float, Floats]]

_KNOTS = 96
_DENSER = 1.6
_LEAST = 1e-7  # share of a knot at which the search begins: none is out of reach

_minimize = cast("Any", optimize.minimize)  # SciPy ships no types


class Reach(NamedTuple):
    """What a design may do: where the knots are, and how they become the rates that a loss is computed from."""

    knots: Whole  # updates, the first of them the first after the warm-up
    at: Floats  # the updates whose rates are wanted
    warmup: int
    floor: float
    peak: float

    def rates(self, knot_rates: Floats) -> Floats:
        """The rates at `at`: a straight warm-up to the first knot, then straight lines between knots."""
        return rise(self.at, self.warmup) * np.interp(self.at, self.knots, knot_rates)

    def back(self, slopes: Floats) -> Floats:
        """The derivative with respect to each knot's rate, from those with respect to the rates at `at`."""
        right: Whole = np.searchsorted(self.knots, self.at, side="right")
        right = np.clip(right, min(1, self.knots.size - 1), self.knots.size - 1)
        left: Whole = np.maximum(right - 1, 0)
        width: Floats = np.maximum(self.knots[right] - self.knots[left], 1).astype(np.float64)
        share: Floats = np.clip((self.at - self.knots[left]) / width, 0.0, 1.0)
        pulled: Floats = slopes * rise(self.at, self.warmup)
        first = np.bincount(left, pulled * (1 - share), minlength=self.knots.size)
        second = np.bincount(right, pulled * share, minlength=self.knots.size)
        return np.asarray(first + second, dtype=np.float64)


def rise(at: Floats, warmup: int) -> Floats:
    """The straight warm-up of `annealing.warmup`, 1 from its end on."""
    return np.minimum((at + 1) / (warmup + 1), 1.0) if warmup else np.ones(at.size)


def knots_for(total: int, warmup: int) -> Whole:
    """Place the knots between the end of the warm-up and the last update, ever closer together."""
    spaced: Floats = 1 - (1 - np.linspace(0, 1, min(_KNOTS, total - warmup))) ** _DENSER
    return np.unique(np.rint(warmup + spaced * (total - 1 - warmup)).astype(np.int64))


def downhill(objective: Objective, reach: Reach, begin: Floats, unit: float) -> Floats:
    """Return the knots' rates that minimise an objective of the rates at `reach.at`, from those to begin with.

    Arguments: `unit`, a difference of the objective that matters, such as 1e-3 of a loss: the search ends a million times
    closer.
    """
    wide = reach.peak - reach.floor
    if wide <= 0:
        return np.full(reach.knots.size, reach.peak)
    falls: Floats = -np.diff(begin, prepend=reach.peak, append=reach.floor) / wide
    start: Floats = np.log(np.maximum(falls, _LEAST))

    def scaled(z: Floats) -> tuple[float, Floats]:
        share = _shares(z)
        value, slopes = objective(reach.rates(_fallen(share, reach)))
        by_knot = reach.back(slopes)
        by_share: Floats = np.append(-wide * np.cumsum(by_knot[::-1])[::-1], 0.0)
        by_z: Floats = share * (by_share - float(share @ by_share))
        return value / unit, by_z / unit

    found = _minimize(
        scaled, start, jac=True, method="L-BFGS-B", options={"maxiter": 400, "maxcor": 20, "ftol": 1e-9, "gtol": 1e-5}
    )
    return _fallen(_shares(np.asarray(found.x, dtype=np.float64)), reach)


def _shares(z: Floats) -> Floats:
    raised: Floats = np.exp(z - z.max())
    return raised / raised.sum()


def _fallen(share: Floats, reach: Reach) -> Floats:
    fallen: Floats = np.cumsum(share[:-1])
    return np.clip(reach.peak - (reach.peak - reach.floor) * fallen, reach.floor, reach.peak)
