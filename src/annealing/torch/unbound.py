"""What a run is to follow, told before its optimizer and its length are known: the trainers of frameworks make both late."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, final

from torch.optim import Optimizer

from annealing.core.errors import KindError, LengthError, PlanMismatchError
from annealing.core.horizon import Horizon
from annealing.core.plan import Plan
from annealing.core.recipe import Recipe, RecipePlan
from annealing.core.schedule import Schedule
from annealing.core.text import parse
from annealing.torch.binding import Mode, checked
from annealing.torch.feedback import Control, feedback_of
from annealing.torch.resume import Resume
from annealing.torch.scheduler import Groups, Scheduler
from annealing.torch.uses import check_clock

Followed: TypeAlias = Schedule | Plan | Recipe | RecipePlan
"""What a callback can be given: with a length of its own, or without one, which then is the length of the run."""


@final
@dataclass(frozen=True)
class Unbound:
    """A schedule, plan or recipe, and what its values are: rates, factors of each group's own rate, or named in a recipe.

    The others are the options of `Scheduler` that a callback passes on.
    """

    mode: Mode
    followed: Followed
    control: Control | None = None
    groups: Groups | None = None
    resume: Resume = "refuse"

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

    def start(self, optimizer: Optimizer, horizon: Horizon, done: int, saved: Mapping[str, Any]) -> Scheduler:
        """Bind to the optimizer of a run of this length, and go on where it stopped.

        `done` are the updates that the trainer says were made, `saved` is the state in its checkpoint: empty where it was
        trained without a callback. Raises `PlanMismatchError` then, unless `resume` says that another past is known.
        """
        plan = self.plan(horizon)
        followed: dict[str, Any] = {"recipe" if self.mode == "recipe" else self.mode: plan}
        scheduler = Scheduler(optimizer, **followed, control=self.control, groups=self.groups, resume=self.resume)
        if done == 0:
            return scheduler
        if not saved and self.resume == "refuse":
            scheduler.remove()
            raise PlanMismatchError(
                f"the checkpoint of update {done} was trained without a ScheduleCallback, so nothing says that its rates "
                f'followed {self}: write resume="replace" to follow it from here.'
            )
        scheduler.load_state_dict(saved or {**scheduler.state_dict(), "update": done})
        return scheduler

    def texts(self) -> dict[str, Any]:
        """Return the arguments that a callback like this one is made with, as JSON."""
        control = {bond.key: str(bond.controller) for bond in feedback_of(self.control).bonds}
        return {
            "factor" if self.mode == "factor" else "schedule": str(self.followed),
            "control": control or None,
            "groups": self.groups,
            "resume": self.resume,
        }

    def __str__(self) -> str:
        return f"{'factor=' if self.mode == 'factor' else ''}{str(self.followed)!r}"


def unbound(
    schedule: object = None,
    factor: object = None,
    control: Control | None = None,
    groups: Groups | None = None,
    resume: Resume = "refuse",
) -> Unbound:
    """Read the arguments of a callback: a schedule, plan or recipe (or its text), or a `factor`.

    >>> print(unbound(factor="chain(warmup(10%), cosine)"))
    factor='chain(warmup("10%"), cosine())'

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
        check_clock(None, followed)
        checked(mode, followed)  # a mistake is best seen before anything is trained
    feedback_of(control)  # likewise
    return Unbound(mode, followed, control, groups, resume)
