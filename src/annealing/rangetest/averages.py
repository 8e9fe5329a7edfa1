"""Running means, as finders smooth a loss with them."""

from __future__ import annotations

import numpy as np

from annealing.rangetest.sweep import Values


def running_mean(losses: Values, memory: float, start: float) -> Values:
    """Return mean_k = memory · mean_(k-1) + (1 - memory) · loss_k, from a mean of `start`.

    >>> running_mean(np.ones(3), 0.5, 0.0)
    array([0.5  , 0.75 , 0.875])
    """
    means, mean = np.empty_like(losses), start
    for k, loss in enumerate(losses):
        mean = memory * mean + (1 - memory) * loss
        means[k] = mean
    return means


def from_zero(losses: Values, memory: float, extra: int = 0) -> Values:
    """Return the running mean from 0, divided by the weight it should have: 1 - memory^(k + 1), or of `extra` more.

    >>> from_zero(np.ones(3), 0.98), from_zero(np.ones(3), 0.98, extra=1).round(3)
    (array([1., 1., 1.]), array([0.505, 0.673, 0.758]))
    """
    counted = np.arange(1, len(losses) + 1) + extra
    return running_mean(losses, memory, 0.0) / (1 - memory**counted)
