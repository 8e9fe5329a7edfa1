"""A recorded sweep: the loss of every update of one run whose rate rises from far too low to far too high."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from annealing.core.checks import positive, whole
from annealing.core.errors import ArgumentError
from annealing.core.phases import exponential
from annealing.core.plan import Plan

Values = NDArray[np.float64]

_DIVERGED = 4.0  # times the best smoothed loss: beyond this a sweep has nothing left to say
_WIDTH = 1 / 3  # decades to either side that a smoothed loss looks at
_OUTLIER = 8.0  # usual differences from update to update, beyond which a single loss is one


def ramp(start: float, end: float, updates: int) -> Plan:
    """Return the plan of a sweep: from `start` to `end` by equal ratios, both of them used.

    >>> ramp(1e-3, 1e-1, 3).values()
    array([0.001, 0.01 , 0.1  ])

    Raises `ArgumentError` for rates that do not rise, or for fewer than two updates.
    """
    if positive("start", start) >= positive("end", end):
        raise ArgumentError(f"a sweep rises, and start={start:g} is not below end={end:g}: write start=1e-6, end=10.")
    updates = whole("updates", updates, at_least=2)
    return (start * exponential(to=end / start)).over(updates, endpoint=True)


@final
@dataclass(frozen=True, eq=False)
class Sweep:
    """The rate of each update of a sweep, and the training loss of its batch before that update was made.

    >>> rates = ramp(1e-4, 1.0, 50).values()
    >>> flat = Sweep(rates, np.ones(50))
    >>> bool(np.allclose(flat.smoothed, 1))
    True

    A loss may be NaN or infinite: there the sweep has diverged. Raises `ArgumentError` for fewer than two updates, for
    arrays of unequal length, or for rates that do not rise.
    """

    rate: Values
    loss: Values

    def __init__(self, rate: ArrayLike, loss: ArrayLike) -> None:
        rates, losses = np.array(rate, dtype=float), np.array(loss, dtype=float)
        if rates.ndim != 1 or rates.shape != losses.shape or len(rates) < 2:
            raise ArgumentError(
                f"a sweep has one loss for each rate, two or more: rates have shape {rates.shape}, losses {losses.shape}."
            )
        if not (np.isfinite(rates).all() and (rates > 0).all() and (np.diff(rates) > 0).all()):
            raise ArgumentError("the rates of a sweep must rise and lie above 0: pass them in the order they were used.")
        object.__setattr__(self, "rate", rates)
        object.__setattr__(self, "loss", losses)

    @property
    def smoothed(self) -> Values:
        """The loss without its noise: a line through its neighbours at every rate, so nothing lags behind the rate.

        A line is fitted to the losses within a third of a decade, the nearer ones counting for more (locally weighted
        regression: Cleveland 1979). A running mean would show where the loss was a while ago, which on a rising rate is
        at a lower one.
        """
        return smooth(np.log10(self.rate), self.loss, _WIDTH)

    def until_divergence(self) -> Sweep:
        """Return the sweep up to the first loss that is not finite, or four times as far up as the smoothed loss ever was down.

        What is smoothed looks ahead, so a loss is compared with the best of those before it.
        """
        bad = ~np.isfinite(self.loss)
        end = int(bad.argmax()) if bad.any() else len(self.loss)
        if end < 2:
            return self
        there = Sweep(self.rate[:end], self.loss[:end]) if end >= 2 else self
        smoothed = there.smoothed
        best = np.minimum.accumulate(smoothed)
        spread = np.abs(best)
        over = smoothed > best + (_DIVERGED - 1) * np.where(spread > 0, spread, math.inf)
        end = max(2, int(over.argmax())) if over.any() else end
        return Sweep(self.rate[:end], self.loss[:end])


def smooth(places: Values, values: Values, width: float) -> Values:
    """Fit a line to the neighbours of every place, single outliers left out; what is not finite stays as it is."""
    finite = np.isfinite(values)
    if finite.sum() < 3:
        return values.copy()
    x, y = places[finite], _without_outliers(values[finite])
    nearest = np.sort(np.abs(x[:, None] - x), axis=1)[:, min(3, len(x) - 1)]
    reach = np.maximum(width, nearest * 1.001)  # a neighbour at least
    weight = np.clip(1 - (np.abs(x - x[:, None]) / reach[:, None]) ** 3, 0, None) ** 3
    result = values.copy()
    result[finite] = _lines(x, y, weight)
    return result


def _without_outliers(values: Values) -> Values:
    """Put the median of five in the place of a loss far from it; a cliff, which only rises, is its own median throughout."""
    around = np.median(np.lib.stride_tricks.sliding_window_view(np.pad(values, 2, mode="edge"), 5), axis=1)
    usual = np.median(np.abs(np.diff(values)))
    return np.where(np.abs(values - around) > _OUTLIER * usual, around, values)


def _lines(x: Values, y: Values, weight: Values) -> Values:
    """The value at each x of the line that fits y best under the weights of that x's row."""
    total = weight.sum(1)
    total = np.where(total > 0, total, 1)
    middle, height = weight @ x / total, weight @ y / total
    across = x - middle[:, None]
    spread = (weight * across**2).sum(1)
    slope = (weight * across * (y - height[:, None])).sum(1) / np.where(spread > 0, spread, 1)
    return height + np.where(spread > 0, slope, 0) * (x - middle)
