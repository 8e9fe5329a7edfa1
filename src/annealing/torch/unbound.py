"""What a run is to follow, told before its optimizer and its length are known: the trainers of frameworks make both late."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import Any, TypeAlias, final

from torch.optim import Optimizer

from annealing.core.errors import KindError, LengthError
from annealing.core.horizon import Horizon
from annealing.core.plan import Plan
from annealing.core.recipe import Recipe, RecipePlan
from annealing.core.schedule import Schedule
from annealing.core.text import parse
from annealing.torch.binding import Mode, checked
from annealing.torch.scheduler import Scheduler

Followed: TypeAlias = Schedule | Plan | Recipe | RecipePlan
"""What a callback can be given: with a length of its own, or without one, which then is the length of the run."""


@final
@dataclass(frozen=True)
class Unbound:
    """A schedule, plan or recipe, and what its values are: rates, factors of each group's own rate, or named in a recipe."""

    mode: Mode
    followed: Followed

    def plan(self, horizon: Horizon) -> Plan | RecipePlan:
        """Return the plan for a run of this length; one that has a length keeps it, and a difference is said.

        >>> from annealing import Horizon
        >>> unbound("1e-3 * linear()").plan(Horizon(updates=50))
        (0.001 * linear()).over(50)
        """
        if isinstance(self.followed, (Schedule, Recipe)):
            try:
                return self.followed.over(horizon.updates)
            except LengthError:  # lengths such as "2ep" need to know more, and their plan's text then says more
                return self.followed.over(horizon)
        total = self.followed.total
        if math.isfinite(total) and total != horizon.updates:
            warnings.warn(
                f"the plan is {total:g} updates long and this run makes {horizon.updates}: "
                "leave its .over(…) out to take the length of the run, or make the two equal.",
                stacklevel=2,
            )
        return self.followed

    def scheduler(self, optimizer: Optimizer, horizon: Horizon, **options: Any) -> Scheduler:
        """Bind to an optimizer for a run of this length; `options` are those of `Scheduler`."""
        plan = self.plan(horizon)
        if isinstance(plan, RecipePlan):
            return Scheduler(optimizer, plan, **options)
        return Scheduler(optimizer, factor=plan, **options) if self.mode == "factor" else Scheduler(optimizer, lr=plan, **options)

    def __str__(self) -> str:
        return f"{'factor=' if self.mode == 'factor' else ''}{str(self.followed)!r}"


def unbound(schedule: object = None, factor: object = None) -> Unbound:
    """Read the arguments of a callback: a schedule, plan or recipe (or its text), or a `factor`.

    Raises `KindError` for both, neither, or another kind of thing, and the errors of the text and of the rates.
    """
    if (schedule is None) == (factor is None):
        given = "nothing" if schedule is None else "a schedule and factor="
        raise KindError(f'one thing is followed, and {given} was given: write "3e-4 * cosine()", or factor="cosine()".')
    value = schedule if factor is None else factor
    followed = parse(value) if isinstance(value, str) else value
    if not isinstance(followed, (Schedule, Plan, Recipe, RecipePlan)):
        raise KindError(f'{value!r} is not a schedule: write one such as "3e-4 * chain(warmup(10%), cosine)".')
    if isinstance(followed, (Recipe, RecipePlan)):
        if factor is not None:
            raise KindError("a recipe names its hyper-parameters itself: pass it as the first argument, without factor=.")
        mode: Mode = "recipe"
    else:
        mode = "lr" if factor is None else "factor"
    if isinstance(followed, (Plan, RecipePlan)):
        checked(mode, followed)  # a mistake is best seen before anything is trained
    return Unbound(mode, followed)
