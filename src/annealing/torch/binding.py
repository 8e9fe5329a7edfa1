"""What a Scheduler was asked to follow: a plan or a recipe, and what its values mean for a group."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, final

from annealing.core.check_rate import check_rate
from annealing.core.errors import KindError
from annealing.core.plan import Plan
from annealing.core.recipe import Recipe, RecipePlan
from annealing.core.schedule import Schedule
from annealing.core.text import parse

Mode: TypeAlias = Literal["lr", "factor", "recipe"]
"""lr: the plan's value is the rate. factor: it multiplies each group's own rate. recipe: each hyper-parameter its plan."""


@final
@dataclass(frozen=True)
class Binding:
    """A mode and the plan it is for; two of them agree when their texts do."""

    mode: Mode
    plan: Plan | RecipePlan

    def plans_for(self, group: str) -> Mapping[str, Plan]:
        """Return the plan of every hyper-parameter that is owned in the group of this name."""
        return {"lr": self.plan} if isinstance(self.plan, Plan) else self.plan.plans_for(group)

    @property
    def text(self) -> str:
        """The canonical text of the plan as it was before any edit."""
        return str(self.plan.base) if isinstance(self.plan, Plan) else str(self.plan)

    @property
    def journal(self) -> list[str]:
        """The edits, each as text: checkpoint formats that merge nested values lose entries of any other shape."""
        return [str(edit) for edit in self.plan.journal] if isinstance(self.plan, Plan) else []

    def __str__(self) -> str:
        return str(self.plan) if self.mode == "recipe" else f"{self.mode}={self.plan}"


def bind(recipe: object = None, lr: object = None, factor: object = None) -> Binding:
    """Read the arguments of a Scheduler: exactly one of them, a plan or its text, with rates that can be used.

    >>> bind(lr="cosine().over(10)").text
    'cosine().over(10)'

    Raises `KindError` for anything that is not a plan, `ArgumentError` for rates below zero, NaN or infinite.
    """
    given: dict[Mode, object] = {"recipe": recipe, "lr": lr, "factor": factor}
    chosen: list[Mode] = [mode for mode, value in given.items() if value is not None]
    if len(chosen) != 1:
        which = "nothing" if not chosen else " and ".join(chosen)
        raise KindError(
            f"a Scheduler follows one thing and was given {which}: write lr=plan, factor=plan, or a recipe plan alone."
        )
    mode = chosen[0]
    return checked(mode, read_plan(given[mode], mode))


def read_plan(value: object, mode: Mode) -> Plan | RecipePlan:
    """Return a plan or recipe plan from itself or its text; refuse what has no length yet, or no meaning here."""
    plan = parse(value) if isinstance(value, str) else value
    role = "the second argument" if mode == "recipe" else f"{mode}="
    if isinstance(plan, (Schedule, Recipe)):
        kind = "recipe" if isinstance(plan, Recipe) else "schedule"
        raise KindError(f"{role} is a {kind} without a length: say how many updates the run has, {plan}.over(10_000).")
    if isinstance(plan, RecipePlan) and mode != "recipe":
        raise KindError(f"{role} is a recipe, which names its hyper-parameters itself: write Scheduler(optimizer, recipe_plan).")
    if isinstance(plan, Plan) and mode == "recipe":
        raise KindError(
            "a plan alone does not say what it is for: write lr=plan (the rate) or factor=plan (times each group's own rate)."
        )
    if not isinstance(plan, (Plan, RecipePlan)):
        raise KindError(f"{role} is {plan!r}, which is not a plan: write one such as cosine().over(10_000).")
    return plan


def checked(mode: Mode, plan: Plan | RecipePlan) -> Binding:
    """Return the binding after checking every value it could give to the optimizer."""
    if isinstance(plan, Plan):
        check_rate(plan, mode)
    else:
        for name, one in dict.fromkeys((*plan.everywhere, *(pair for _, pairs in plan.groups for pair in pairs))):
            check_rate(one, name)  # torch, too, refuses a momentum, a decay or a beta below zero
    return Binding(mode, plan)
