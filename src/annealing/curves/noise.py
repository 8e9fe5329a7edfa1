"""How much a curve jitters from point to point."""

from __future__ import annotations

import numpy as np

from annealing.core.errors import ArgumentError
from annealing.curves.curve import Curve


def noise(curve: Curve) -> float:
    """Return the standard deviation of a curve's jitter around its trend, in units of loss.

    >>> import numpy as np
    >>> jitter = np.random.default_rng(0).normal(0, 0.01, 2000)
    >>> round(noise(Curve(np.arange(2000), 4 - np.arange(2000) / 1000 + jitter)), 3)
    0.01

    From second differences at neighbouring points, which a straight trend drops out of; their median size is used, so that a
    spike counts little. It sees what differs between neighbours only: two runs of one setting differ by more. Raises
    `ArgumentError` for fewer than 8 finite losses.
    """
    x, y = curve.updates[curve.finite].astype(np.float64), curve.losses[curve.finite]
    if y.size < 8:
        raise ArgumentError(f"{y.size} finite losses are too few to tell noise from trend: 8 are needed.")
    share = (x[1:-1] - x[:-2]) / (x[2:] - x[:-2])
    bend = y[1:-1] - (1 - share) * y[:-2] - share * y[2:]
    unit = np.sqrt(1 + share**2 + (1 - share) ** 2)
    return float(np.median(np.abs(bend / unit)) / 0.6744897501960817)
