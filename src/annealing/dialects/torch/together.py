"""torch's schedulers of schedulers: SequentialLR and ChainedScheduler, of plans."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

import math
from collections.abc import Sequence

from annealing.core.errors import ArgumentError
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.core.schedule import Formula, Knots, Pointwise, Repeat, Schedule
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import rate, whole_curve
from annealing.dialects.sequence import checked_plans, endless, in_sequence


@dialect(
    "torch.SequentialLR",
    odd="cannot be nested; a recursive child without a closed form goes on from the previous child's rate",
    example="schedulers=[torch.LinearLR(lr=0.1, total_iters=10), torch.CosineAnnealingLR(lr=0.1, T_max=90)], milestones=[10]",
)
def SequentialLR(schedulers: Sequence[Plan | RecipePlan], milestones: Sequence[int], last_epoch: int = -1) -> Plan | RecipePlan:
    """Follow one plan after another, each from its own beginning; plan k is on from update `milestones[k - 1]`.

    >>> from annealing.dialects import torch
    >>> torch.SequentialLR([torch.LinearLR(lr=0.1, total_iters=5), torch.StepLR(lr=0.1, step_size=30)], milestones=[5])
    chain(0.1 * linear(5, to=1, start=0.3333333333333333), 0.1 * geometric(0.1, per=30).every(30)).over(inf)

    Arguments: `schedulers`, plans of any library, nested to any depth (theirs raises); all of them recipe plans, or none.
    Odd: theirs ignores `last_epoch` for the children, and a MultiplicativeLR or SWALR inside it leaves from the rate of
    the child before; here every child begins at its own rate. Ours: `chain(warmup(5), hold(80), linear(15))`.
    Raises `ArgumentError` when milestones are not one fewer than plans, or do not rise.
    """
    whole_curve(last_epoch)
    return in_sequence("SequentialLR", schedulers, milestones)


@dialect(
    "torch.ChainedScheduler",
    odd="a member that is written anew at every step (LambdaLR, warm restarts, cycles) discards all before it",
    example="[torch.LinearLR(lr=0.1, total_iters=10), torch.ExponentialLR(lr=0.1, gamma=0.98)], lr=0.1",
)
def ChainedScheduler(schedulers: Sequence[Plan | RecipePlan], lr: float | None = None) -> Plan | RecipePlan:
    """Step several schedulers at every update: the factors of all of them are multiplied.

    >>> from annealing.dialects import torch
    >>> both = torch.ChainedScheduler([torch.ConstantLR(lr=1, factor=0.5), torch.ExponentialLR(lr=1, gamma=0.5)], lr=1)
    >>> both(0), both(4), both(5)
    (0.5, 0.03125, 0.03125)

    Arguments: `lr`, the rate that every plan was made with (it stands for their optimizer, which comes second there too).
    Odd: LambdaLR, CosineAnnealingWarmRestarts, CyclicLR and OneCycleLR do not multiply but overwrite: as the last member
    such a plan is all that is left, here as there. Anywhere else their result depends on one step's ratio alone, and
    `ArgumentError` is raised; so it is for a CosineAnnealingLR whose floor or rise is no factor.
    Ours: `0.1 * chain(warmup(10), hold()) * geometric(0.98)`; any curves multiply.
    """
    parts = checked_plans("ChainedScheduler", schedulers)
    if len(parts) == 1 or overwrites(parts[-1]):
        return parts[-1]
    plans = [plan for plan in parts if isinstance(plan, Plan) and not overwrites(plan)]
    if len(plans) < len(parts):
        raise ArgumentError(
            "ChainedScheduler: a member that overwrites the rate stands before others: put it last, or multiply schedules."
        )
    if lr is None:
        raise ArgumentError("ChainedScheduler multiplies factors: write lr=0.1, the rate that its plans were made with.")
    base = rate("lr", lr)
    for plan in plans:
        if plan.after == "mirror":
            _check_factor(plan, [other for other in plans if other is not plan], base)
    product = endless(plans[0])
    for plan in plans[1:]:
        product = product * (endless(plan) / base)
    return product.over(math.inf)


def overwrites(plan: Plan | RecipePlan) -> bool:
    """Whether torch computes this schedule anew at every step, whatever the rate was: restarts, cycles, functions."""
    if isinstance(plan, RecipePlan):
        return True
    return any(isinstance(node, (Repeat, Knots)) or _calls_a_function(node) for node in _nodes(plan.schedule))


def _calls_a_function(node: Schedule) -> bool:
    return isinstance(node, Formula) and not node.name.startswith("torch.product:")


def _nodes(schedule: Schedule) -> list[Schedule]:
    if isinstance(schedule, Pointwise):
        return [*_nodes(schedule.left), *_nodes(schedule.right)]
    return [schedule]


def _check_factor(cosine: Plan, others: Sequence[Plan], base: float) -> None:
    """A cosine multiplies only down to 0, and rises by what it adds: the others must be done at `lr` by then."""
    done = all(other.total <= cosine.total and other(other.total) == base for other in others)
    if cosine(cosine.total) != 0 or not done:
        raise ArgumentError(
            "ChainedScheduler: CosineAnnealingLR multiplies only with eta_min=0 and beside schedules that are back at lr "
            "by T_max: write SequentialLR, or multiply schedules."
        )
