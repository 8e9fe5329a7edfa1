"""Lightning's rule (2.6): the steepest fall per unit of the rate.

Two things go wrong there, and the numbers of smoothing="theirs" show both. The slope is taken over the rate itself and
not its logarithm, so that noise at the smallest rates, which lie closest together, is the steepest fall of all. And the
running mean is divided by the weight of one loss more than it holds: a constant loss of 1 is recorded as 0.505, 0.673, …
"""

from __future__ import annotations

import numpy as np

from annealing.rangetest.averages import from_zero
from annealing.rangetest.sweep import Values

STOP = 4.0


def smoothed(losses: Values) -> Values:
    """The running mean with a memory of 0.98, its beginning corrected by one update too many."""
    return from_zero(losses, 0.98, extra=1)


def part(updates: int) -> slice:
    """Leave out the first ten updates and the last one."""
    return slice(10, max(updates - 1, 0))


def steepest(rates: Values, losses: Values) -> int | None:
    """Where the loss falls most steeply per unit of the rate."""
    return int(np.argmin(np.gradient(losses, rates)))
