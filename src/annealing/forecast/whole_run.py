"""One loss per update from the losses at well chosen ones: the laws are smooth between turns of the rate."""

from __future__ import annotations

import numpy as np
from scipy.interpolate import PchipInterpolator

from annealing.forecast.blocks import cuts_of
from annealing.forecast.cells import Floats, Whole

_EVERY = 1_024  # runs up to this long are looked at after every update
_EVEN = 700  # places spread evenly
_AFTER = np.unique(np.geomspace(1, 4_000, 60).astype(np.int64))  # distances after a turn, where the loss bends


def places_in(rates: Floats) -> Whole:
    """Choose the updates to look at: the whole of a short run; else evenly, densely at the beginning and after every turn."""
    total = rates.size
    if total <= _EVERY:
        return np.arange(total)
    cuts = np.concatenate(([0], cuts_of(rates / rates.max())))
    after = _AFTER if cuts.size <= 40 else _AFTER[_AFTER <= 100][::2]
    near = (cuts[:, None] + np.concatenate(([-2, -1, 0], after))[None, :]).ravel()
    even = np.linspace(0, total - 1, _EVEN).astype(np.int64)
    return np.unique(np.concatenate((even, near[(near >= 0) & (near < total)], [total - 1])))


def spread(places: Whole, values: Floats, total: int) -> Floats:
    """One value per update, by a curve through the chosen ones that never overshoots: over log t, in which losses hardly bend."""
    if places.size == total:
        return values
    log_places, log_every = np.log(places + 1.0), np.log(np.arange(total) + 1.0)
    if values.min() > 0:
        return np.exp(PchipInterpolator(log_places, np.log(values))(log_every))
    return np.asarray(PchipInterpolator(log_places, values)(log_every), dtype=np.float64)
