"""Whether a plan can be a learning rate."""

from __future__ import annotations

import math

import numpy as np

from annealing.core.errors import ArgumentError, KindError
from annealing.core.length import compact
from annealing.core.plan import Plan


def check_rate(plan: Plan, name: str = "lr") -> None:
    """Refuse a plan that would give a negative, infinite or NaN rate to any update of its run.

    >>> import annealing as an
    >>> an.check_rate(an.linear(to=-0.1).over(10))
    Traceback (most recent call last):
    ...
    annealing.core.errors.ArgumentError: lr is -0.1 at 10: a learning rate is finite and at least 0; add .clip(low=0).

    Arguments: `plan`; `name`, how the error calls it. Runs of up to a million updates are checked at every
    update, longer ones at a million even places and at every edge of a phase.
    """
    if not isinstance(plan, Plan):
        raise KindError(f"{name}={plan!r} is not a plan: write a schedule and .over(total), such as cosine().over(1000).")
    total = plan.total if math.isfinite(plan.total) else 1_000_000
    places = np.arange(math.ceil(total) + 1) if total <= 1_000_000 else np.linspace(0, total, 1_000_001).round()
    edges = np.array([t for t, _ in plan.keyframes()])
    places = np.insert(places.astype(np.float64), np.searchsorted(places, edges), edges)  # sorted as they are
    values = plan(places)
    finite = np.isfinite(values)
    # A difference that rounds to -1e-17 is a zero: nothing is changed by it, and nobody wrote it.
    bad = ~finite | (values < -1e-12 * np.abs(values[finite]).max(initial=0.0))
    if bad.any():
        worst = np.argmin(np.where(bad, np.where(finite, values, -np.inf), np.inf))
        t, value = places[worst], values[worst]
        shown = compact(float(f"{value:.6g}")) if np.isfinite(value) else str(value)
        raise ArgumentError(
            f"{name} is {shown} at {int(t) if t == int(t) else t}: a learning rate is finite and at least 0; add .clip(low=0)."
        )
