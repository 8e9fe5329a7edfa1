"""torch's schedules that jump: StepLR, MultiStepLR, ConstantLR."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

import math
from collections.abc import Iterable

from annealing.core.checks import number
from annealing.core.composition import chain
from annealing.core.errors import ArgumentError
from annealing.core.length import LengthLike
from annealing.core.marks import stairs
from annealing.core.phases import hold, jump
from annealing.core.plan import Plan
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, fraction, rate, whole_curve
from annealing.dialects.decays import decay


@dialect("torch.StepLR", example="lr=0.1, step_size=30")
def StepLR(lr: float, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> Plan:
    """Multiply by `gamma` every `step_size` updates, for ever.

    >>> from annealing.dialects import torch
    >>> torch.StepLR(lr=0.1, step_size=30)
    (0.1 * geometric(0.1, per=30).every(30)).over(inf)

    Ours: `lr * step(every=step_size, factor=gamma)`.
    """
    whole_curve(last_epoch)
    return (rate("lr", lr) * decay(gamma, count("step_size", step_size, 1), staircase=True)).over(math.inf)


@dialect("torch.MultiStepLR", example="lr=0.1, milestones=[30, 80]")
def MultiStepLR(lr: float, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1) -> Plan:
    """Multiply by `gamma` at every milestone; update m is the first that uses the new value. One listed twice counts twice.

    >>> from annealing.dialects import torch
    >>> torch.MultiStepLR(lr=0.1, milestones=[30, 80], gamma=0.5)
    (0.1 * stairs({30: 0.5, 80: 0.25})).over(inf)

    Ours: `lr * stairs({30: 0.1, 80: 0.01})`, values instead of factors; `"60%"` is a mark as well.
    """
    whole_curve(last_epoch)
    marks = sorted(count("milestone", mark) for mark in milestones)
    factor = number("gamma", gamma)
    if factor < 0:
        raise ArgumentError(f"gamma={gamma!r} makes the rate negative: write a factor of 0 or more.")
    values: dict[LengthLike, float] = {
        mark: factor ** (i + 1) for i, mark in enumerate(marks)
    }  # of equal marks the last one stands
    return (rate("lr", lr) * (stairs(values) if values else hold())).over(math.inf)


@dialect(
    "torch.ConstantLR",
    odd="total_iters=0 keeps the factor for ever; factor=0 fails with a ZeroDivisionError at update total_iters",
    example="lr=0.1, factor=0.5, total_iters=4",
)
def ConstantLR(lr: float, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1) -> Plan:
    """Use `factor · lr` for `total_iters` updates and `lr` after them.

    >>> from annealing.dialects import torch
    >>> torch.ConstantLR(lr=0.1, factor=0.5, total_iters=4)
    (0.1 * chain(jump(0.5), hold(), jump(1))).over(4)

    Odd: with total_iters=0 theirs keeps the small rate for ever, and so does this. With factor=0 theirs divides
    by zero at update total_iters; here the rate is 0 and then `lr`, which is their closed form.
    Ours: `lr * chain(jump(0.5), hold(4), jump(1), hold())`, where a phase of no length is over at once.
    """
    whole_curve(last_epoch)
    share, length = fraction("factor", factor), count("total_iters", total_iters)
    if not length:
        return (rate("lr", lr) * chain(jump(share), hold())).over(math.inf)
    return (rate("lr", lr) * chain(jump(share), hold(), jump(1))).over(length)
