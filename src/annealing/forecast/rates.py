"""The rates of a run, as they are given: a plan, or one rate per update."""

from __future__ import annotations

from typing import Any

import numpy as np

from annealing.core.errors import ArgumentError, KindError
from annealing.core.plan import Plan
from annealing.core.recipe import Recipe, RecipePlan
from annealing.core.schedule import Schedule
from annealing.forecast.cells import Floats


def rates_of(run: Any) -> Floats:
    """Return the rate of every update of a run, or refuse what is no run.

    >>> import annealing as an
    >>> rates_of((0.1 * an.linear()).over(2))
    array([0.1 , 0.05])

    Raises `KindError` for a schedule without a length or for what is no sequence, `ArgumentError` for rates that cannot be.
    """
    if isinstance(run, Schedule):
        raise KindError(f"{run} has no length yet: write ({run}).over(10_000) with the run's number of updates.")
    if isinstance(run, (Recipe, RecipePlan)):
        raise KindError("a recipe has several hyper-parameters: give the plan of the learning rate alone.")
    if isinstance(run, Plan):
        if run.unit != "updates":
            raise ArgumentError(f"{run} is a function of {run.unit}: give a plan over updates.")
        rates = run.values()
    else:
        try:
            rates = np.asarray(run, dtype=np.float64)
        except (TypeError, ValueError):
            raise KindError(f"{run!r} is neither a plan nor a sequence of rates: write cosine().over(10_000), say.") from None
    if rates.ndim != 1 or rates.size == 0:
        raise KindError(f"rates of shape {rates.shape} are no run: give one rate per update.")
    wrong = np.flatnonzero(~(np.isfinite(rates) & (rates >= 0)))
    if wrong.size:
        raise ArgumentError(f"the rate of update {wrong[0]} is {rates[wrong[0]]}: rates are finite and not negative.")
    if not rates.any():
        raise ArgumentError("every rate of this run is 0, so nothing would be learnt: give a run that moves.")
    return rates


def places_of(at: Any, total: int) -> np.ndarray:
    """Return the updates to look at, rising, or refuse those outside the run."""
    places = np.atleast_1d(np.asarray(at))
    if places.ndim != 1 or places.dtype.kind not in "iu" or places.size == 0:
        raise KindError(f"at={at!r} is no sequence of updates: write whole numbers such as [1000, 2000].")
    if places.min() < 0 or places.max() >= total:
        raise ArgumentError(f"at={at!r} is outside the run: its updates are 0 to {total - 1}.")
    if np.any(np.diff(places) <= 0):
        raise ArgumentError(f"at={at!r} does not rise: give each update once, in order.")
    return places.astype(np.int64)
