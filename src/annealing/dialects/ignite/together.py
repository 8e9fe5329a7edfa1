"""ignite's schedulers made of points, or of other schedulers."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from annealing.core.checks import number
from annealing.core.composition import chain
from annealing.core.errors import ArgumentError, KindError
from annealing.core.marks import knots
from annealing.core.phases import hold, linear
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.core.schedule import Schedule
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count
from annealing.dialects.ignite.bound import bound
from annealing.dialects.sequence import checked_plans, in_sequence


@dialect("ignite.PiecewiseLinear", example='"lr", milestones_values=[(10, 0.5), (20, 0.45), (21, 0.3), (30, 0.1)]')
def PiecewiseLinear(
    param_name: str,
    milestones_values: Sequence[tuple[int, float]],
    save_history: bool = False,
    param_group_index: int | None = None,
) -> Plan | RecipePlan:
    """Join (update, value) pairs by straight lines, and stay before the first and after the last.

    >>> from annealing.dialects import ignite
    >>> ignite.PiecewiseLinear("lr", [(10, 0.5), (20, 0.45), (30, 0.1)])
    knots({10: 0.5, 20: 0.45, 30: 0.1}).over(inf)

    At two pairs of one update the value jumps. Raises `ArgumentError` for updates that fall or are not whole.
    Ours: `table({10: 0.5, 20: 0.45, "100%": 0.1})`.
    """
    return bound(through(milestones_values), param_name, param_group_index)


def through(points: Sequence[tuple[int, float]]) -> Schedule:
    """The lines through (update, value) pairs."""
    pairs = [(count("milestone", t, -(10**15)), number("value", value)) for t, value in points]
    if not pairs or [t for t, _ in pairs] != sorted(t for t, _ in pairs):
        raise ArgumentError(
            f"milestones_values={list(points)} must hold at least one pair and rise: write [(0, 0.1), (100, 0.0)]."
        )
    phases: list[Schedule] = []
    begin, stretch = 0, dict(pairs[:1])
    for t, value in pairs[1:]:
        if t in stretch:  # a jump: the points so far are drawn until here
            if t > begin:
                phases.append(knots({s - begin: v for s, v in stretch.items()}, t - begin))
            begin, stretch = max(t, begin), {t: value}
        else:
            stretch[t] = value
    return chain(*phases, knots({s - begin: v for s, v in stretch.items()}))


@dialect(
    "ignite.ConcatScheduler",
    example='schedulers=[ignite.LinearCyclicalScheduler("lr", 0.0, 1.0, 8), ignite.CosineAnnealingScheduler("lr", 1.0, 0.2, 4)], '
    "durations=[4]",
)
def ConcatScheduler(
    schedulers: Sequence[Plan | RecipePlan], durations: Sequence[int], save_history: bool = False
) -> Plan | RecipePlan:
    """Follow each scheduler for its number of updates, on a clock of its own, and the last one for ever.

    >>> from annealing.dialects import ignite
    >>> lines = ignite.LinearCyclicalScheduler("lr", 0.0, 1.0, 8)
    >>> cosines = ignite.CosineAnnealingScheduler("lr", 1.0, 0.2, 4)
    >>> ignite.ConcatScheduler([lines, cosines], durations=[4]).values(6).round(4)
    array([0.    , 0.25  , 0.5   , 0.75  , 1.    , 0.8828])

    Raises `ArgumentError` unless there is one duration fewer than schedulers, `KindError` for schedulers of single groups: join
    those group by group. Ours: `chain(warmup(4), cosine())`.
    """
    parts = checked_plans("ConcatScheduler", schedulers)
    if any(isinstance(part, RecipePlan) and part.groups for part in parts):
        raise KindError("ConcatScheduler joins schedulers of all groups: give ParamGroupScheduler one ConcatScheduler per group.")
    return in_sequence("ConcatScheduler", parts, list(accumulate(count("duration", length) for length in durations)))


@dialect(
    "ignite.ParamGroupScheduler",
    example='schedulers=[ignite.PiecewiseLinear("lr", [(0, 0.1), (9, 0.0)], param_group_index=0), '
    'ignite.PiecewiseLinear("lr", [(0, 0.2), (9, 0.0)], param_group_index=1)]',
)
def ParamGroupScheduler(
    schedulers: Sequence[Plan | RecipePlan], names: Sequence[str] | None = None, save_history: bool = False
) -> RecipePlan:
    """Follow several schedulers at once, each for its own hyper-parameter and group.

    >>> from annealing.dialects import ignite
    >>> body = ignite.PiecewiseLinear("lr", [(0, 0.1), (9, 0.0)], param_group_index=0)
    >>> head = ignite.PiecewiseLinear("lr", [(0, 0.2), (9, 0.0)], param_group_index=1)
    >>> ignite.ParamGroupScheduler([body, head])(0)
    {'0': {'lr': 0.1}, '1': {'lr': 0.2}}

    `names` label their history and change nothing here. Where two write the same value, the later one wins, as with theirs.
    Ours: `Recipe(groups={"body.*": {"lr": …}, "head.*": {"lr": …}})`.
    """
    parts = checked_plans("ParamGroupScheduler", schedulers)
    if names is not None and len(names) != len(parts):
        raise ArgumentError(f"names={list(names)} must hold one name for each of {len(parts)} schedulers, or be left out.")
    rows: list[Any] = []
    for part in parts:
        if isinstance(part, Plan):
            rows.append(("*", (("lr", part),)))
        else:
            rows += [("*", part.everywhere)] * bool(part.everywhere) + list(part.groups)
    return RecipePlan((), tuple(rows))


@dialect(
    "ignite.LRScheduler",
    odd="with torch 2.13 its values are wrong wherever torch computes a value from the one before (cosine, exponential, linear)",
    example="torch.CyclicLR(base_lr=0.01, max_lr=0.1, step_size_up=20, cycle_momentum=False)",
)
def LRScheduler(lr_scheduler: Plan, save_history: bool = False, use_legacy: bool = False) -> Plan:
    """Return the plan of a torch scheduler, which is what their wrapper is meant to set.

    >>> from annealing.dialects import ignite, torch
    >>> ignite.LRScheduler(torch.StepLR(lr=0.1, step_size=30))
    (0.1 * geometric(0.1, per=30).every(30)).over(inf)

    Odd: theirs calls `get_lr()` outside of `step()`, which is right where that is a closed form (LambdaLR, OneCycleLR,
    CyclicLR), an update early for warm restarts, and off by a step or for ever elsewhere. This does not repeat that.
    Ours: the plan itself.
    """
    if not isinstance(lr_scheduler, Plan):
        raise KindError(f"lr_scheduler={lr_scheduler!r} is not a plan: write one of annealing.dialects.torch.")
    return lr_scheduler


@dialect(
    "ignite.create_lr_scheduler_with_warmup",
    odd="the warm-up is an update shorter where it ends at the value that the schedule begins with",
    example="torch.CosineAnnealingWarmRestarts(lr=0.1, T_0=10), warmup_start_value=0.0, warmup_duration=5",
)
def create_lr_scheduler_with_warmup(
    lr_scheduler: Plan,
    warmup_start_value: float,
    warmup_duration: int,
    warmup_end_value: float | None = None,
    save_history: bool = False,
    output_simulated_values: list[Any] | None = None,
) -> Plan | RecipePlan:
    """Rise in a straight line to `warmup_end_value` at update `warmup_duration - 1`, then follow a plan from its beginning.

    >>> from annealing.dialects import ignite, torch
    >>> restarts = torch.CosineAnnealingWarmRestarts(lr=0.1, T_0=10)
    >>> ignite.create_lr_scheduler_with_warmup(restarts, warmup_start_value=0.0, warmup_duration=5).keyframes()[:2]
    ((0, 0.0), (4, 0.1))

    The end is by default where the plan begins (theirs: the optimizer's rate). Odd: where they are equal, the plan's first value
    is the warm-up's last, so one update is saved; where not, it comes after it. `output_simulated_values` is left empty: ask the
    plan. Raises `ArgumentError` for a warm-up below 2 updates. Ours: `chain(warmup(5), cosine())`.
    """
    plan = LRScheduler(lr_scheduler)
    first, length = number("warmup_start_value", warmup_start_value), count("warmup_duration", warmup_duration, 2)
    end = plan(0) if warmup_end_value is None else number("warmup_end_value", warmup_end_value)
    rise: Schedule = linear(length - 1, end, start=first)
    if end != plan(0):
        rise = chain(rise, hold(1))
    warm = rise.over()
    return in_sequence("create_lr_scheduler_with_warmup", [warm, plan], [int(warm.total)])
