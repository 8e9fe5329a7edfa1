"""Smith's range test (2015, arXiv:1506.01186): the rates between which the loss falls.

He reads the two ends off a plot: the rate from which on the loss goes down, and the one at which it stops. Here they are
where a tenth of the whole fall is done, and where the loss is least.
"""

from __future__ import annotations

import numpy as np

from annealing.rangetest.sweep import Values, smooth

STOP = 4.0
_BEGUN = 0.1  # of the whole fall


def smoothed(losses: Values) -> Values:
    """A robust line through the neighbours: no library is behind this rule, so its smoothing is ours."""
    return smooth(np.arange(len(losses), dtype=float), losses, max(3.0, len(losses) / 20))


def part(updates: int) -> slice:
    """Look at everything."""
    return slice(0, updates)


def upper(rates: Values, losses: Values) -> int | None:
    """The end of the range, where the loss is least; nothing where it never fell."""
    least = int(np.argmin(losses))
    return least or None


def bounds(rates: Values, losses: Values) -> tuple[float, float] | None:
    """Return the two ends of the range, for cyclical rates between them; nothing where the loss never fell."""
    least = upper(rates, losses)
    if least is None:
        return None
    top = float(losses[: least + 1].max())
    begun = losses[: least + 1] <= top - _BEGUN * (top - float(losses[least]))
    begun[: int(np.argmax(losses[: least + 1]))] = False
    return float(rates[int(np.argmax(begun))]), float(rates[least])
