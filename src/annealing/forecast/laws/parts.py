"""The pieces that several laws share: a power of progress, and noise that is taken away again as the rate falls."""

from __future__ import annotations

import numpy as np

from annealing.forecast.cells import Floats
from annealing.forecast.laws.law import Parameter

FALL = Parameter("fall", "exponent of the power law in progress", "1", 0.02, 3.0)
RELAX = Parameter("log_relax", "logarithm of how fast noise is taken away, per update at the reference rate", "1", -12.0, 6.0)
CLOCK = Parameter("clock", "exponent of the rate in the sum that counts progress", "1", 0.05, 2.0)
OFFSET = Parameter("offset", "progress before the run began, over the reference progress", "1", -0.05, 0.5)
MEMORY = Parameter("memory", "exponent of the rate in the sum that noise is taken away with", "1", 0.05, 4.0)


def power_of_progress(progress: Floats, reference: float, offset: float, fall: float) -> tuple[Floats, Floats, Floats]:
    """`z^-fall` with `z = progress / reference + offset`, and its derivatives with respect to `z` and to `fall`."""
    z = np.maximum(progress / reference + offset, 1e-9)
    log_z = np.log(z)
    value = np.exp(-fall * log_z)
    return value, -fall * value / z, -value * log_z


def taken_away(since: Floats, log_relax: float) -> tuple[Floats, Floats]:
    """`1 − 1 / (1 + u)` per block with `u = e^log_relax · since`, and its derivative with respect to `log_relax`."""
    u = np.exp(log_relax) * since
    kept = 1 / (1 + u)
    gone = u * kept
    return gone, gone * kept
