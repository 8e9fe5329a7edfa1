"""Paddle's schedules that jump, and those that call a user's function."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from annealing.core.checks import positive
from annealing.core.errors import ArgumentError
from annealing.core.families import step
from annealing.core.length import LengthLike
from annealing.core.marks import stairs
from annealing.core.plan import Plan
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, rate
from annealing.dialects.paddle.decays import below_one
from annealing.dialects.torch.functions import LambdaLR, MultiplicativeLR


@dialect(
    "paddle.PiecewiseDecay",
    odd="a boundary that is not above the ones before it is passed over together with its value",
    checked=False,
    example="boundaries=[30, 80], values=[0.1, 0.01, 0.001]",
)
def PiecewiseDecay(boundaries: Sequence[int], values: Sequence[float]) -> Plan:
    """Use `values[i]` until `boundaries[i]`, which is the first update of the next value; the last value stays.

    >>> from annealing.dialects import paddle
    >>> paddle.PiecewiseDecay([30, 80], [0.1, 0.01, 0.001])
    stairs({0: 0.1, 30: 0.01, 80: 0.001}).over(inf)

    Odd: keras' class of this name changes one update later. Values beyond one more than the boundaries are ignored
    but for the last. Ours: `stairs({0: 0.1, 30: 0.01, 80: 0.001})`.
    """
    marks, levels = [count("boundaries", b) for b in boundaries], [rate("values", v) for v in values]
    if not marks or len(levels) <= len(marks):
        raise ArgumentError(f"{len(marks)} boundaries need {len(marks) + 1} values, one before each and one after all.")
    stair: dict[LengthLike, float] = {0: levels[0]}
    passed = 0
    for mark, level in zip(marks, [*levels[1 : len(marks)], levels[-1]], strict=True):
        passed = max(passed, mark)
        stair[passed] = level
    return stairs(stair).over(math.inf)


@dialect("paddle.MultiStepDecay", checked=False, example="learning_rate=0.1, milestones=[30, 80]")
def MultiStepDecay(learning_rate: float, milestones: Sequence[int], gamma: float = 0.1) -> Plan:
    """Multiply by `gamma` at every milestone; update m is the first that uses the new value.

    >>> from annealing.dialects import paddle
    >>> paddle.MultiStepDecay(0.1, [30, 80], gamma=0.5)
    (0.1 * stairs({30: 0.5, 80: 0.25})).over(inf)

    Raises `ArgumentError` for milestones that do not rise and a gamma of 1 or more, as theirs.
    Ours: `lr * stairs({30: 0.1, 80: 0.01})`.
    """
    marks, factor = [count("milestones", m, 1) for m in milestones], below_one("gamma", rate("gamma", gamma))
    if not marks or any(b <= a for a, b in pairwise(marks)):
        raise ArgumentError(f"milestones={list(milestones)} must rise: write [30, 80].")
    stair: dict[LengthLike, float] = {mark: factor ** (i + 1) for i, mark in enumerate(marks)}
    return (rate("learning_rate", learning_rate) * stairs(stair)).over(math.inf)


@dialect("paddle.StepDecay", checked=False, example="learning_rate=0.1, step_size=30")
def StepDecay(learning_rate: float, step_size: int, gamma: float = 0.1) -> Plan:
    """Multiply by `gamma` every `step_size` updates, for ever.

    >>> from annealing.dialects import paddle
    >>> paddle.StepDecay(0.1, 30)
    (0.1 * geometric(0.1, per=30).every(30)).over(inf)

    Raises `ArgumentError` for a gamma of 1 or more, as theirs, or of 0. Ours: `lr * step(30)`.
    """
    factor = below_one("gamma", positive("gamma", gamma))
    return (rate("learning_rate", learning_rate) * step(count("step_size", step_size, 1), factor)).over(math.inf)


@dialect("paddle.LambdaDecay", checked=False, example="learning_rate=0.1, lr_lambda=geometric(0.95)")
def LambdaDecay(learning_rate: float, lr_lambda: Any) -> Plan:
    """Multiply the rate by a function of the update: a registered one (see `annealing.register`), or a schedule of ours.

    >>> import annealing as an
    >>> from annealing.dialects import paddle
    >>> @an.register("docs.quarters")
    ... def quarters(t: float) -> float:
    ...     return 4.0 ** -(t // 30)
    >>> paddle.LambdaDecay(0.1, "docs.quarters")
    (0.1 * formula("docs.quarters")).over(inf)

    Raises `KindError` for a bare function, which no text or checkpoint could hold. Ours: `lr * formula("mine")`.
    """
    return LambdaLR(learning_rate, lr_lambda)


@dialect("paddle.MultiplicativeDecay", odd="λ(0) is never called", checked=False, example="learning_rate=0.1, lr_lambda=0.95")
def MultiplicativeDecay(learning_rate: float, lr_lambda: Any) -> Plan:
    """Multiply by a function's value at every update: lr·λ(1)·…·λ(t).

    >>> from annealing.dialects import paddle
    >>> paddle.MultiplicativeDecay(0.1, 0.95)
    (0.1 * geometric(0.95, per=1)).over(inf)

    Arguments: `lr_lambda`, a number or the name of a registered function. Ours: `lr * geometric(0.95)`.
    """
    return MultiplicativeLR(learning_rate, lr_lambda)
