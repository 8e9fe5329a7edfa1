"""How far an update moves the clock of a plan that does not count updates: in samples, epochs or tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from annealing.batch import TradePlan, update_sizes
from annealing.core.checks import positive
from annealing.core.errors import ArgumentError, KindError, PlanMismatchError
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.torch.batch_sampler import PlannedBatches

UsesLike: TypeAlias = float | str | Sequence[float] | NDArray[Any] | TradePlan | PlannedBatches
"""What one update uses, in the unit of the plan: a number, one for every update, a batch plan that says so, or "told"."""


@final
class Uses:
    """What each update uses: a pure function of its index, or what was told since the one before."""

    def __init__(self, given: UsesLike) -> None:
        self.told = 0.0
        self._each: NDArray[np.float64] | None = None
        self._number = 0.0
        self.waits = isinstance(given, str)
        self.of_samples = isinstance(given, TradePlan | PlannedBatches)
        if isinstance(given, str):
            if given != "told":
                raise ArgumentError(f'uses={given!r} is unknown: write a number, one for each update, or "told".')
        elif isinstance(given, TradePlan):
            self._each = given.sizes.astype(float)
        elif isinstance(given, PlannedBatches):
            self._each = update_sizes(given.batch, given.epoch_size, ranks=given.ranks).astype(float)
        elif isinstance(given, Sequence | np.ndarray):
            self._each = np.asarray(given, dtype=float)
            if self._each.ndim != 1 or not len(self._each) or not (np.isfinite(self._each) & (self._each > 0)).all():
                raise ArgumentError("uses= has updates that use nothing, or no number: write one above 0 for each.")
        else:
            self._number = positive("uses", given)

    def check(self, plan: Plan | RecipePlan) -> None:
        """Refuse a plan whose clock this does not move."""
        if plan.unit == "updates":
            raise ArgumentError("the plan counts updates, which need no uses=: leave it out, or write .over(…, unit='samples').")
        if self.of_samples and plan.unit != "samples":
            raise ArgumentError(f"the plan counts {plan.unit}, and uses= gives samples: write .over(…, unit='samples').")

    def begins(self, update: int) -> float | None:
        """Return where update `update` begins, where that does not depend on the past."""
        return None if self._each is None else float(self._each[:update].sum())

    def tell(self, amount: float) -> None:
        """Add to what the next update uses."""
        if not self.waits:
            raise KindError('saw() is for a Scheduler that is told: write uses="told", or leave the call out.')
        self.told += positive("amount", amount)

    def take(self, update: int) -> float:
        """Return what an update has used, as it is counted."""
        if self._each is not None:
            return float(self._each[update]) if update < len(self._each) else 0.0  # after the end, where the plan stays
        if not self.waits:
            return self._number
        amount, self.told = self.told, 0.0
        if not amount:
            raise ArgumentError(f"update {update} was made and nobody said what it used: call saw(len(batch)) before it.")
        return amount

    def agree(self, update: int, seen: float) -> None:
        """Refuse a saved clock that these updates could not have reached."""
        mine = self.begins(update)
        if mine is not None and mine != seen:
            raise PlanMismatchError(
                f"the saved run had used {seen:g} in {update} updates, and here they use {mine:g}: build uses= as it was."
            )


def whole_if_it_is(place: float) -> int:
    """Return a place as an int where it is one, as edits of a plan want it; they refuse one in between."""
    return int(place) if place == int(place) else place  # pyright: ignore[reportReturnType]


def check_clock(uses: Uses | None, plan: Plan | RecipePlan) -> None:
    """Refuse a plan that counts what nobody counts."""
    if uses is not None:
        uses.check(plan)
    elif plan.unit != "updates":
        raise ArgumentError(
            f"the plan counts {plan.unit} and a Scheduler counts updates: say what each update uses of them, with uses=, or "
            "write .over(total) with the number of updates, or .over(Horizon.of(loader, epochs=...))."
        )
