"""fvcore's schedulers that jump."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any, overload

from annealing.core.checks import number, positive
from annealing.core.errors import ArgumentError
from annealing.core.plan import Plan
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count
from annealing.dialects.fvcore.where import ParamScheduler, settled, steps


@overload
def MultiStepParamScheduler(
    values: Sequence[float], num_updates: int | None = None, milestones: Sequence[int] | None = None
) -> ParamScheduler: ...
@overload
def MultiStepParamScheduler(
    values: Sequence[float], num_updates: int | None = None, milestones: Sequence[int] | None = None, *, total: int
) -> Plan: ...
@dialect(
    "fvcore.MultiStepParamScheduler",
    odd="a milestone counts from 1e-6 of the run before it",
    example="values=[0.1, 0.01, 0.001], num_updates=90, milestones=[30, 60], total=900",
)
def MultiStepParamScheduler(
    values: Sequence[float],
    num_updates: int | None = None,
    milestones: Sequence[int] | None = None,
    *,
    total: int | None = None,
) -> Any:
    """Go to the next of `values` at every milestone, counted on a run of `num_updates`, whatever the total is.

    >>> from annealing.dialects import fvcore
    >>> fvcore.MultiStepParamScheduler([0.1, 0.01, 0.001], milestones=[3, 6, 9], total=900).keyframes()[::2]
    ((0, 0.1), (300, 0.01), (600, 0.001))

    Without `num_updates` the last milestone is the end of the run, without `milestones` the steps are even. Odd: a run of a
    million updates or more steps early. Raises `ArgumentError` when their numbers do not match or they do not rise.
    Ours: `stairs({"0%": 0.1, "33%": 0.01})`.
    """
    levels = [number("value", value) for value in values]
    if milestones is None:
        if num_updates is None:
            raise ArgumentError("MultiStepParamScheduler needs num_updates or milestones: write milestones=[30, 60, 90].")
        width = math.ceil(count("num_updates", num_updates, 1) / max(len(levels), 1))
        marks = [width * (i + 1) for i in range(len(levels) - 1)]
    else:
        marks = [count("milestone", mark, 1) for mark in milestones]
    updates = count("num_updates", num_updates, 1) if num_updates is not None else (marks.pop() if marks else 0)
    rising = all(a < b for a, b in pairwise([*marks, updates]))
    if not levels or len(marks) != len(levels) - 1 or updates < len(levels) or not rising:
        raise ArgumentError(
            f"milestones={milestones} with num_updates={num_updates} do not separate {len(levels)} values: write rising "
            "milestones below num_updates, one fewer than there are values."
        )
    return settled(steps(levels, marks, updates), total)


@overload
def StepParamScheduler(num_updates: float, values: Sequence[float]) -> ParamScheduler: ...
@overload
def StepParamScheduler(num_updates: float, values: Sequence[float], *, total: int) -> Plan: ...
@dialect(
    "fvcore.StepParamScheduler",
    odd="IndexError at the end, and before it in runs of a million updates or more",
    example="num_updates=100, values=[0.1, 0.01, 0.001, 1e-4], total=100",
)
def StepParamScheduler(num_updates: float, values: Sequence[float], *, total: int | None = None) -> Any:
    """Use each of `values` for an equal share of the run.

    >>> from annealing.dialects import fvcore
    >>> fvcore.StepParamScheduler(num_updates=4, values=[0.1, 0.01], total=4).values()
    array([0.1 , 0.1 , 0.01, 0.01])

    `num_updates` is not looked at, as with theirs. Odd: at the end of the run there is no value and theirs raises IndexError,
    in runs of a million updates at their last one already. Ours: `stairs({"0%": 0.1, "50%": 0.01})`.
    """
    levels = [number("value", value) for value in values]
    if not number("num_updates", num_updates) > 0 or not levels:
        raise ArgumentError(f"num_updates={num_updates!r} must be above 0, and values={values!r} hold at least one.")
    return settled(steps(levels, range(1, len(levels)), len(levels)), total)


@overload
def StepWithFixedGammaParamScheduler(base_value: float, num_decays: int, gamma: float, num_updates: int) -> ParamScheduler: ...
@overload
def StepWithFixedGammaParamScheduler(
    base_value: float, num_decays: int, gamma: float, num_updates: int, *, total: int
) -> Plan: ...
@dialect(
    "fvcore.StepWithFixedGammaParamScheduler",
    odd="IndexError at the end, and before it in runs of a million updates or more",
    example="base_value=0.1, num_decays=3, gamma=0.1, num_updates=120, total=120",
)
def StepWithFixedGammaParamScheduler(
    base_value: float, num_decays: int, gamma: float, num_updates: int, *, total: int | None = None
) -> Any:
    """Multiply by `gamma` after each of `num_decays + 1` equal shares of the run.

    >>> from annealing.dialects import fvcore
    >>> fvcore.StepWithFixedGammaParamScheduler(0.1, num_decays=1, gamma=0.5, num_updates=4, total=4).values()
    array([0.1 , 0.1 , 0.05, 0.05])

    It is `StepParamScheduler`. Raises `ArgumentError` for numbers that are not above 0. Ours: `0.1 * step("25%", 0.1)`.
    """
    levels = [positive("base_value", base_value)]
    for _ in range(count("num_decays", num_decays, 1)):
        levels.append(levels[-1] * positive("gamma", gamma))
    return settled(steps(levels, range(1, len(levels)), len(levels)), total)
