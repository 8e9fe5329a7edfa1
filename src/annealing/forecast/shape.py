"""Where the laws disagree about the shape of a schedule, beyond what they disagree about its level.

The extended laws err with the shape of a schedule (short decays and long ones in opposite ways), the multi-power law by nearly
the same amount for all of them. So the difference between the two, less what it usually is at that length, says in which
direction the extended laws err. What is usual is the median over `SHAPES`, common schedules at the same peak and length.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from annealing.forecast.blocks import Sampled
from annealing.forecast.cells import Floats, Whole

if TYPE_CHECKING:
    from annealing.forecast.fitted import Fit

SHAPES: tuple[tuple[str, float], ...] = (
    ("linear", 0.1),
    ("linear", 0.2),
    ("sqrt", 0.2),
    ("linear", 0.4),
    ("linear", 0.6),
    ("linear", 0.8),
    ("linear", 1.0),
    ("cosine", 0.1),
    ("cosine", 0.0),
)
"""The schedules in common use: a decay to zero over the last share of the run (linear, or 1 − sqrt), or a cosine to a floor."""

_LENGTHS = 5  # lengths at which the usual difference is worked out, when a whole curve is asked for


def disagreement(fit: Fit, seen: Sampled, rates: Floats, places: Whole) -> Floats:
    """Return the extended laws less the multi-power law at each sample, less what is usual for a run that ends there."""
    if all(law.name != "multi-power" for law in fit.laws):
        return np.zeros(places.size)
    warmup = max(pilot.warmup for pilot in fit.pilots)
    first = min(int(places[-1]), 2 * warmup + 16)
    spaced: Floats = np.geomspace(max(first, int(places[0])), int(places[-1]), 1 if places.size == 1 else _LENGTHS)
    lengths: Whole = np.unique(spaced.astype(np.int64)) + 1
    usual = np.array([_usual(fit, int(total), min(warmup, int(total) // 2), float(rates.max())) for total in lengths])
    apart = _apart(fit, seen) - np.interp(np.log(places + 1), np.log(lengths), usual)
    return np.where(places + 1 >= lengths[0], apart, 0.0)  # nothing is usual before the warm-up is over


def _usual(fit: Fit, total: int, warmup: int, peak: float) -> float:
    runs = [shaped(total, warmup, *shape) * peak for shape in SHAPES]
    return float(np.median([_apart(fit, fit.seen(rates, np.array([total - 1])))[0] for rates in runs]))


def _apart(fit: Fit, seen: Sampled) -> Floats:
    by_law = fit.by_law(seen)
    level = np.zeros(seen.updates.size)
    for law in fit.laws:
        level += law.level * by_law[law.name]
    return level - by_law["multi-power"]


def shaped(total: int, warmup: int, kind: str, amount: float) -> Floats:
    """Return a common schedule with peak 1: a linear warm-up, then hold and decay."""
    t = np.arange(total, dtype=np.float64)
    after = np.maximum(t - warmup, 0) / max(total - warmup, 1)
    if kind == "cosine":
        fall = amount + (1 - amount) * (1 + np.cos(np.pi * after)) / 2
    else:
        since = np.maximum(after - (1 - amount), 0) / amount
        fall = 1 - (np.sqrt(since) if kind == "sqrt" else since)
    return np.where(t < warmup, (t + 1) / (warmup + 1), fall)
