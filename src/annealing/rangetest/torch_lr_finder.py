"""torch-lr-finder's rule (0.2): the steepest fall per update.

Its running mean starts at the first loss and gives each new one a weight of 0.05, so it lags by some 20 updates.
"""

from __future__ import annotations

import numpy as np

from annealing.rangetest.averages import running_mean
from annealing.rangetest.sweep import Values

STOP = 5.0


def smoothed(losses: Values) -> Values:
    """The running mean with a memory of 0.95, from the first loss."""
    return running_mean(losses, 0.95, float(losses[0]))


def part(updates: int) -> slice:
    """Leave out the first ten and the last five updates."""
    return slice(10, max(updates - 5, 0))


def steepest(rates: Values, losses: Values) -> int | None:
    """Where the loss falls most from update to update."""
    return int(np.argmin(np.gradient(losses)))
