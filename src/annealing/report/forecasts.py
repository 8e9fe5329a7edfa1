"""A forecast as figures: the pilots' losses, what is expected of another run with its band, and the rates of all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from annealing.core.plan import Plan
from annealing.curves import Curve
from annealing.report.figures import Axis, Line, Lines
from annealing.report.ranges import axis
from annealing.report.words import count, number

Floats = NDArray[np.float64]

_POINTS = 600
_TRANSIENT = 0.1  # the first tenth of a run falls so steeply that showing it would hide every difference


class Expected(NamedTuple):
    """The loss that is expected of a run at some updates, with the band around it (empty where there is none)."""

    name: str
    rates: Plan | Floats
    total: int
    update: NDArray[np.int64]
    loss: Floats
    low: Floats
    high: Floats
    level: float = 0.9


def loss_figure(pilots: Sequence[Curve], expected: Expected) -> Lines:
    """Draw the expected loss with its band first, and the pilots' losses as they were logged.

    >>> import annealing as an
    >>> seen = Curve([0, 50, 90], [4.0, 3.0, 2.5], (0.1 * an.cosine()).over(100), "pilot")
    >>> ahead = Expected("ahead", (0.1 * an.linear()).over(200), 200, np.array([100, 199]), *np.ones((3, 2)))
    >>> [line.name for line in loss_figure([seen], ahead).lines]
    ['ahead', 'pilot']
    """
    points = tuple(map(float, expected.update.tolist()))
    band = (tuple(expected.low.tolist()), tuple(expected.high.tolist()))
    lines = [Line(expected.name, points, tuple(expected.loss.tolist()), *band)]
    for place, curve in enumerate(pilots):
        kept = np.flatnonzero(curve.finite)
        kept = kept[:: max(1, kept.size // _POINTS)]
        x, y = curve.updates[kept].tolist(), curve.losses[kept].tolist()
        lines.append(Line(curve.name or f"pilot {place}", tuple(map(float, x)), tuple(y)))
    longest = max(line.x[-1] for line in lines if line.x)
    begin = _TRANSIENT * min(expected.total, longest)
    seen = [value for line in lines for x, y in zip(line.x, line.y, strict=True) if x >= begin for value in (y,)]
    seen += [value for low_high in band for x, value in zip(points, low_high, strict=False) if x >= begin]
    caption = f"Expected after {count(expected.total, 'update')}: {said(expected)}"
    return Lines("Loss", caption, Axis("updates", 0, max(expected.total, longest)), axis("loss", seen), tuple(lines))


def rate_figure(pilots: Sequence[Curve], expected: Expected) -> Lines:
    """Draw the rate of the run that was forecast, and the pilots'."""
    every = [(expected.name, _rates(expected.rates))]
    every += [(curve.name or f"pilot {i}", curve.rates) for i, curve in enumerate(pilots)]
    lines: list[Line] = []
    for name, rates in every:
        turns = np.flatnonzero(np.abs(np.diff(rates, n=2)) > 1e-9 * float(rates.max()))[:_POINTS] + 1
        at = np.unique(np.concatenate((np.linspace(0, rates.size - 1, _POINTS).astype(np.int64), turns)))
        lines.append(Line(name, tuple(map(float, at.tolist())), tuple(rates[at].tolist())))
    top = max(max(line.y) for line in lines)
    longest = max(line.x[-1] for line in lines)
    return Lines("Learning rate", "", Axis("updates", 0, longest + 1), Axis("learning rate", 0.0, 1.06 * top), tuple(lines))


def said(expected: Expected) -> str:
    """Write the last loss that is expected with its interval, in words."""
    loss = f"{expected.loss[-1]:.4f}"
    if not expected.low.size:
        return f"{loss}, without an interval"
    low, high = float(expected.low[-1]), float(expected.high[-1])
    decimals = max(3, 1 - math.floor(math.log10(max(high - low, 1e-6))))
    return f"{loss}, {number(100 * expected.level)} % interval {low:.{decimals}f} to {high:.{decimals}f}"


def _rates(rates: Plan | Floats) -> Floats:
    return rates.values() if isinstance(rates, Plan) else rates
