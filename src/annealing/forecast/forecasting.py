"""`forecast`: everything that a fit says about one run, in one value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from annealing.core.errors import KindError
from annealing.forecast.cells import Floats, Whole
from annealing.forecast.fitted import Fit
from annealing.forecast.rates import rates_of

_PLACES = 400


@final
@dataclass(frozen=True, eq=False)
class Forecast:
    """What will become of a run: the loss at some updates with its interval, and the doubts. Made by `forecast`."""

    total: int
    update: Whole
    loss: Floats
    low: Floats  # of the interval; empty for a fit of one law, for which nothing was calibrated
    high: Floats
    level: float
    doubts: tuple[str, ...]

    @property
    def final(self) -> float:
        """The loss after the last update."""
        return float(self.loss[-1])

    @property
    def interval(self) -> tuple[float, float] | None:
        """The interval of the loss after the last update."""
        return (float(self.low[-1]), float(self.high[-1])) if self.low.size else None


def forecast(fit: Fit, run: Any, *, level: float = 0.9, count: int = _PLACES) -> Forecast:
    """Say what a fit expects of a run, from the end of the pilots' warm-up to its last update.

    >>> import annealing as an, numpy as np
    >>> from annealing.curves import Curve
    >>> from annealing.forecast import fit, forecast
    >>> t = np.arange(100, 4_000, 50)
    >>> stable, decayed = (1e-3 * an.wsd()).over(4_000), (1e-3 * an.chain(an.warmup(80), an.cosine(to=0.1))).over(4_000)
    >>> pilots = [Curve(t, 2 + 9 / (t + 100) ** 0.3 + 40 * rate(t), rate) for rate in (stable, decayed)]
    >>> found = forecast(fit(pilots), (1e-3 * an.wsd()).over(6_000))
    >>> found.interval[0] < found.final < found.interval[1]
    True

    Arguments: `run`, a plan, or one rate per update; `level`, of the intervals; `count`, at how many updates to look at most.
    Raises `KindError` or `ArgumentError` for what is no run, `ArgumentError` for a level outside 0.5 to 0.98.
    """
    if not isinstance(fit, Fit):
        raise KindError(f"{fit!r} is no fit: write forecast(fit([curve, …]), plan).")
    rates = rates_of(run)
    last = rates.size - 1
    first = min(int(np.median([pilot.warmup for pilot in fit.pilots])), last)
    at: Whole = np.unique(np.linspace(first, last, count).astype(np.int64))
    loss = fit.predict(rates, at=at)
    if fit.calibration is None:
        return Forecast(rates.size, at, loss, np.zeros(0), np.zeros(0), level, fit.doubts(rates))
    band = fit.interval(rates, level=level, at=at)
    return Forecast(rates.size, at, loss, band.low, band.high, level, fit.doubts(rates))
