"""fastai's four rules (2.8): valley, slide, steep and minimum, each the place of a rate in a sweep.

Their sweep smooths with a memory of 0.98, which lags by half of its usual 100 updates, stops at four times the best loss,
and looks at neither the first tenth nor the last five updates.
"""

from __future__ import annotations

import numpy as np

from annealing.rangetest.averages import from_zero
from annealing.rangetest.sweep import Values

STOP = 4.0
_APART, _SAME_SLOPE = 15, 0.005  # of slide: updates between the two ends of its interval, and when their slopes are the same


def smoothed(losses: Values) -> Values:
    """The running mean with a memory of 0.98, its beginning corrected."""
    return from_zero(losses, 0.98)


def part(updates: int) -> slice:
    """Leave out the first tenth and the last five updates."""
    return slice(updates // 10, max(updates - 5, 0))


def valley(rates: Values, losses: Values) -> int | None:
    """Half a third and another third into the longest run of ever lower losses (which need not be neighbours)."""
    longest = np.ones(len(losses), dtype=int)
    for i in range(1, len(losses)):
        higher = losses[:i] > losses[i]
        if higher.any():
            longest[i] = 1 + longest[:i][higher].max()
    end, third = int(longest.argmax()), float(longest.max()) / 3
    if longest[end] == 1:
        return None
    return end - int(longest[end]) + int(third) + int(third / 2)


def slide(rates: Values, losses: Values) -> int | None:
    """Slide an interval down from the highest rate until the loss has the same slope at both of its ends."""
    if len(losses) <= _APART + 1:
        return None
    slope = np.gradient(losses)
    right, left = len(losses) - 1, len(losses) - 1 - _APART
    found = left
    while left >= 0 and abs(slope[right] - slope[left]) > _SAME_SLOPE:
        found = left
        right, left = right - 1, left - 1
    return found


def steep(rates: Values, losses: Values) -> int | None:
    """Where the loss falls most steeply per factor of the rate."""
    return int(np.argmin(np.diff(losses) / np.diff(np.log(rates))))


def minimum(rates: Values, losses: Values) -> int | None:
    """Where the loss is least; the rate to use is a tenth of that one."""
    return int(np.argmin(losses))
