"""Smoothing: a weighted mean around each point, which leaves straight lines as they are."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from annealing.core.checks import positive
from annealing.curves.curve import Curve


def smooth(curve: Curve, width: float) -> Curve:
    """Return the curve with each loss replaced by what a straight line through its neighbours says.

    >>> import numpy as np
    >>> bumpy = Curve(np.arange(9), [1.0, 0.8] * 4 + [1.0])
    >>> float(np.ptp(smooth(bumpy, 4).losses)) < 0.07
    True

    Arguments: `width`, in updates: neighbours count with `(1 − (distance / width)³)³`, so none beyond it does (Cleveland 1979). A
    loss that is not finite stays where it is and counts for no other. Raises `ArgumentError` for a width that is not above 0.
    """
    width = positive("width", width)
    x, y = curve.updates[curve.finite].astype(np.float64), curve.losses[curve.finite]
    begin, end = np.searchsorted(x, x - width, side="right"), np.searchsorted(x, x + width, side="left")
    found = curve.losses.copy()
    values = np.empty(x.size)
    for place, (a, b) in enumerate(zip(begin.tolist(), end.tolist(), strict=True)):
        away = x[a:b] - x[place]
        weight = (1 - (np.abs(away) / width) ** 3) ** 3
        total, mean = weight.sum(), weight @ away
        spread = total * (weight @ away**2) - mean**2
        level = weight @ y[a:b]
        if b - a > 1 and spread > 1e-12 * total**2 * width**2:
            values[place] = ((weight @ away**2) * level - mean * (weight @ (away * y[a:b]))) / spread
        else:
            values[place] = level / total
    found[curve.finite] = values
    return replace(curve, loss=found)
