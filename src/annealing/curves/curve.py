"""A loss curve: what a run reported, and the rate it was trained with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from annealing.core.errors import ArgumentError, KindError, LengthError
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@final
@dataclass(frozen=True, eq=False, repr=False)
class Curve:
    """The losses of one run at some of its updates, and the rate of every update.

    >>> import annealing as an
    >>> from annealing.curves import Curve
    >>> curve = Curve(update=[0, 10, 20], loss=[4.0, 3.0, float("nan")], rate=(0.1 * an.cosine()).over(21))
    >>> curve.finite
    array([ True,  True, False])
    >>> curve.rates[:2].round(4)
    array([0.1   , 0.0994])

    Arguments: `update`, the 0-based updates that losses were reported for, rising; `loss`, one for each, where NaN and infinity
    stay as what happened; `rate`, a plan, or one rate per update of the whole run (not one per loss), or None where it is not
    known; `name`, for tables and pictures. Raises `ArgumentError` for sequences that do not fit, `KindError` for what is no
    sequence.
    """

    update: ArrayLike | Whole
    loss: ArrayLike | Floats
    rate: Plan | ArrayLike | Floats | None = None
    name: str = ""

    def __post_init__(self) -> None:
        update = _whole(_numbers("update", self.update))
        loss = _numbers("loss", self.loss)
        if update.size != loss.size:
            raise ArgumentError(f"{update.size} updates and {loss.size} losses are not one curve: give one loss for each update.")
        if update.size == 0:
            raise ArgumentError("a curve without a point says nothing: give at least one update and its loss.")
        if update[0] < 0:
            raise ArgumentError(f"update={update[0]} is before the run began: updates are counted from 0.")
        falls = np.flatnonzero(np.diff(update) <= 0)
        if falls.size:
            before, after = update[falls[0]], update[falls[0] + 1]
            raise ArgumentError(f"update {after} comes after {before}: sort the points, and merge those of one update.")
        for field, value in (("update", update), ("loss", loss), ("rate", self._checked(update))):
            object.__setattr__(self, field, value)

    def _checked(self, update: Whole) -> Plan | Floats | None:
        last = int(update[-1])
        if self.rate is None:
            return None
        if isinstance(self.rate, Schedule):
            raise KindError(f"rate={self.rate} has no length yet: write rate=({self.rate}).over({last + 1}).")
        if isinstance(self.rate, Plan):
            if self.rate.unit != "updates":
                raise ArgumentError(f"rate={self.rate} is a function of {self.rate.unit}: give a plan over updates.")
            if self.rate.total <= last:
                raise LengthError(f"the plan ends after {self.rate.total:g} updates, the curve reports update {last}.")
            return self.rate
        rate = _numbers("rate", self.rate)
        if rate.size <= last:
            also = " (it has one rate per loss)" if rate.size == update.size else ""
            raise LengthError(
                f"rate has {rate.size} values and the curve reports update {last}{also}: give one rate per update of the run."
            )
        wrong = np.flatnonzero(~(np.isfinite(rate) & (rate >= 0)))
        if wrong.size:
            raise ArgumentError(f"the rate of update {wrong[0]} is {rate[wrong[0]]}: rates are finite and not negative.")
        return rate

    @property
    def updates(self) -> Whole:
        """The updates, as an array that cannot be written to."""
        return cast("Whole", self.update)

    @property
    def losses(self) -> Floats:
        """The losses, as an array that cannot be written to."""
        return cast("Floats", self.loss)

    @cached_property
    def finite(self) -> NDArray[np.bool_]:
        """Which losses are finite numbers."""
        return np.isfinite(self.losses)

    @property
    def diverged(self) -> bool:
        """Whether the last loss is no finite number."""
        return not self.finite[-1]

    @property
    def total(self) -> int:
        """Updates in the whole run: of its rates where they are known, else up to the last loss."""
        known = self.rate.total if isinstance(self.rate, Plan) else 0 if self.rate is None else np.size(cast("Floats", self.rate))
        return int(self.updates[-1]) + 1 if known == 0 or math.isinf(known) else math.ceil(known)

    @cached_property
    def rates(self) -> Floats:
        """The rate of every update of the run.

        Raises `ArgumentError` for a curve whose rate is not known.
        """
        if self.rate is None:
            called = f"the curve {self.name!r}" if self.name else "this curve"
            raise ArgumentError(f"{called} does not say its rate: write Curve(update, loss, rate=plan).")
        rates = self.rate.values(self.total) if isinstance(self.rate, Plan) else cast("Floats", self.rate)
        wrong = np.flatnonzero(~(np.isfinite(rates) & (rates >= 0)))
        if wrong.size:
            raise ArgumentError(f"the plan's rate at update {wrong[0]} is {rates[wrong[0]]}: rates are finite and not negative.")
        return _locked(rates)

    def until(self, update: int) -> Curve:
        """Return the curve as it was before this update: its losses, and the rates used so far.

        >>> Curve([0, 10, 20], [4.0, 3.0, 2.0], [0.1] * 30).until(15)
        Curve(2 points, updates 0 to 10 of 15)

        Raises `ArgumentError` where no loss was reported before.
        """
        kept = self.updates < update
        if not kept.any():
            raise ArgumentError(f"no loss was reported before update {update}: the first one is at {self.updates[0]}.")
        rate = None if self.rate is None else self.rates[:update]
        return replace(self, update=self.updates[kept], loss=self.losses[kept], rate=rate)

    def __len__(self) -> int:
        return self.updates.size

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Curve)
            and self.name == other.name
            and np.array_equal(self.updates, other.updates)
            and np.array_equal(self.losses, other.losses, equal_nan=True)
            and (self.rate is None) == (other.rate is None)
            and (self.rate is None or np.array_equal(self.rates, other.rates))
        )

    def __hash__(self) -> int:
        return hash((self.name, self.updates.tobytes()))

    def __repr__(self) -> str:
        called = f"{self.name!r}, " if self.name else ""
        lost = "" if self.finite.all() else f", {int((~self.finite).sum())} not finite"
        points = "1 point" if len(self) == 1 else f"{len(self)} points"
        return f"Curve({called}{points}, updates {self.updates[0]} to {self.updates[-1]} of {self.total}{lost})"


def _numbers(name: str, values: Any) -> Floats:
    try:
        array = np.array(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise KindError(f"{name}={values!r} is not a sequence of numbers: write a list or an array.") from None
    if array.ndim != 1:
        raise KindError(f"{name} has {array.ndim} dimensions: write one number after another.")
    return _locked(array)


def _whole(numbers: Floats) -> Whole:
    if not np.all(np.isfinite(numbers) & (numbers == np.floor(numbers))):
        raise ArgumentError("updates are whole numbers, counted from 0.")
    whole = numbers.astype(np.int64)
    whole.flags.writeable = False
    return whole


def _locked(array: Floats) -> Floats:
    array.flags.writeable = False
    return array


def merged(update: Sequence[float], loss: Sequence[float]) -> tuple[Whole, Floats]:
    """Sort the points of a log by update, and average those that a restart has reported twice."""
    order, place = np.unique(np.asarray(update, dtype=np.int64), return_inverse=True)
    return order, np.bincount(place, weights=np.asarray(loss, dtype=np.float64)) / np.bincount(place)
