"""The rate of every update, from what a log says of some of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from annealing.core.errors import ArgumentError, KindError
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule
from annealing.core.text import parse
from annealing.curves.curve import Curve, Floats, merged

RateLike = Plan | str | ArrayLike | None
BEFORE = ("hold", "linear")


def curve_of(
    update: Sequence[float],
    loss: Sequence[float],
    logged: Sequence[float],
    *,
    rate: RateLike,
    before: str | None,
    name: str,
) -> Curve:
    """Put a log together: points sorted and merged, the rate as given, or else as logged and interpolated.

    Raises `ArgumentError` where neither the log nor `before` says the rate of the first updates.
    """
    if len(update) == 0:
        raise ArgumentError(f"{name} holds no loss: is it the right file, and the right name of the loss?")
    points, losses = merged(update, loss)
    if rate is not None:
        if before is not None:
            raise ArgumentError(f"before={before!r} completes a logged rate, and rate= gives all of it: leave one of them out.")
        return Curve(points, losses, _given(rate, int(points[-1]) + 1), name)
    known = np.isfinite(np.asarray(logged, dtype=np.float64))
    if not known.any():
        return Curve(points, losses, None, name)
    marks, rates = merged(np.asarray(update)[known].tolist(), np.asarray(logged)[known].tolist())
    return Curve(points, losses, _between(marks, rates, int(points[-1]) + 1, before, name), name)


def _given(rate: Plan | str | ArrayLike, total: int) -> Plan | ArrayLike:
    """A plan, its text, or rates; the text of a schedule is over the run that was logged."""
    if not isinstance(rate, str):
        return rate
    read = parse(rate)
    if isinstance(read, Schedule):
        return read.over(total)
    if not isinstance(read, Plan):
        raise KindError(f"rate={rate!r} is a recipe: write the plan of the rate alone.")
    return read


def _between(marks: np.ndarray, rates: Floats, total: int, before: str | None, name: str) -> Floats:
    """One rate per update: straight lines between those that were logged."""
    if before is not None and before not in BEFORE:
        raise ArgumentError(f"before={before!r} is unknown: write one of {', '.join(map(repr, BEFORE))}.")
    first = int(marks[0])
    usual = float(np.median(np.diff(marks))) if marks.size > 1 else 1.0
    if first > usual and before is None:
        raise ArgumentError(
            f"{name} begins at update {first} and does not say the rate before: write before='linear' for a straight warm-up "
            f"from 0, before='hold' for the first logged rate, or the plan as rate='3e-4 * chain(warmup({first}), cosine())'."
        )
    every = cast("Floats", np.interp(np.arange(total), marks, rates))
    if before == "linear" and first > 0:
        every[:first] = rates[0] * np.arange(first) / first
    return every
