"""Paddle's cycles: CyclicLR, OneCycleLR, CosineAnnealingWarmRestarts."""

# ruff: noqa: N802, N803 - these are their names
from __future__ import annotations

import math
from typing import Any

from annealing.core.errors import ArgumentError
from annealing.core.marks import knots
from annealing.core.plan import Plan
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, divisor, fraction, one_of, rate
from annealing.dialects.torch import cycles


@dialect(
    "paddle.OneCycleLR",
    odd="end_learning_rate is absolute, by default 1e-4; one step past the end a cosine rises and a line goes on down",
    checked=False,
    example="max_learning_rate=0.1, total_steps=1000",
)
def OneCycleLR(
    max_learning_rate: float,
    total_steps: int,
    divide_factor: float = 25.0,
    end_learning_rate: float = 0.0001,
    phase_pct: float = 0.3,
    anneal_strategy: str = "cos",
    three_phase: bool = False,
) -> Plan:
    """Rise from `max_learning_rate / divide_factor` to the peak, then fall to `end_learning_rate`.

    >>> from annealing.dialects import paddle
    >>> paddle.OneCycleLR(0.1, 1000).values()[[0, 299, 999]]
    array([0.004 , 0.1   , 0.0001])

    Odd: phases end at phase_pct·T − 1 (and 2·phase_pct·T − 2, T − 1), between two updates if need be; torch's class
    ends at a share of its start. Update T, which theirs allows, is here as there; past it theirs fails and this holds.
    Raises `ArgumentError` for phase_pct·T = 1, where theirs divides by zero.
    Ours: `(lr * onecycle("30%")).over(T, endpoint=True)`. Source: Smith & Topin 2017, arXiv:1708.07120.
    """
    total, share = count("total_steps", total_steps, 1), fraction("phase_pct", phase_pct)
    peak, floor = rate("max_learning_rate", max_learning_rate), rate("end_learning_rate", end_learning_rate)
    ease = "cosine" if one_of("anneal_strategy", anneal_strategy, "cos", "linear") == "cos" else "linear"
    low = peak / divisor("divide_factor", divide_factor)
    if three_phase and share >= 0.5:
        raise ArgumentError(f"phase_pct={phase_pct!r} must be below 0.5 with three_phase: up, down and out are three.")
    times, levels = [0.0, share * total - 1, total - 1.0], [low, peak, floor]
    if three_phase:
        times, levels = [0.0, share * total - 1, 2 * share * total - 2, total - 1.0], [low, peak, low, floor]
    if times[1] == 0:
        raise ArgumentError(f"phase_pct={phase_pct!r} of {total} is one update, where theirs divides by zero: write another.")
    seen = max((i for i, time in enumerate(times) if time < 0), default=0)  # phases before it were over before they began
    points = list(zip(times, levels, strict=True))[seen:]
    if points[-1][0] == points[-2][0]:
        points.pop()  # the last phase has no length, and theirs fails after it
    else:
        points.append((float(total), _run_on(points[-2], points[-1], total, ease)))
    return knots(dict(points), ease=ease).over(total)


def _run_on(begin: tuple[float, float], end: tuple[float, float], time: float, ease: str) -> float:
    """The last phase at a time past its end."""
    (t, a), (s, b) = begin, end
    done = (time - t) / (s - t)
    return b + (a - b) * (1 + math.cos(math.pi * done)) / 2 if ease == "cosine" else a + (b - a) * done


@dialect("paddle.CyclicLR", checked=False, example="base_learning_rate=0.01, max_learning_rate=0.1, step_size_up=20")
def CyclicLR(
    base_learning_rate: float,
    max_learning_rate: float,
    step_size_up: int,
    step_size_down: int | None = None,
    mode: str = "triangular",
    exp_gamma: float = 1.0,
    scale_fn: Any = None,
    scale_mode: str = "cycle",
) -> Plan:
    """Go up and down between two rates in straight lines, for ever.

    >>> from annealing.dialects import paddle
    >>> paddle.CyclicLR(0.1, 0.5, 20)
    (0.1 + 0.4 * repeat(chain(linear(20, to=1, start=0), linear(20)))).over(inf)

    Arguments: `mode`, "triangular", "triangular2" (half as high each cycle) or "exp_range" (times exp_gamma^t);
    `scale_fn`, a registered function of the update. Ours: `triangular(None, first=40, low=0.2)`.
    Source: Smith 2015, arXiv:1506.01186.
    """
    if step_size_down is not None:
        count("step_size_down", step_size_down, 1)
    plan = cycles.CyclicLR(
        base_lr=base_learning_rate,
        max_lr=max_learning_rate,
        step_size_up=step_size_up,
        step_size_down=step_size_down,
        mode=mode,
        gamma=exp_gamma,
        scale_fn=scale_fn,
        scale_mode=scale_mode,
        cycle_momentum=False,
    )
    assert isinstance(plan, Plan)
    return plan


@dialect(
    "paddle.CosineAnnealingWarmRestarts",
    odd="its place in the cycle is not saved, so a run that is resumed goes on in the first one",
    checked=False,
    example="learning_rate=0.1, T_0=10, T_mult=2",
)
def CosineAnnealingWarmRestarts(learning_rate: float, T_0: int, T_mult: int = 1, eta_min: float = 0.0) -> Plan:
    """Fall to `eta_min` along half a cosine, start again, each cycle `T_mult` times as long as the one before.

    >>> from annealing.dialects import paddle
    >>> paddle.CosineAnnealingWarmRestarts(0.1, 10, 2)
    repeat(0.1 * cosine(), first=10, growth=2).over(inf)

    Ours: `lr * sgdr(None, first=10, growth=2)`. Source: Loshchilov & Hutter 2016, arXiv:1608.03983.
    """
    return cycles.CosineAnnealingWarmRestarts(learning_rate, T_0, T_mult, eta_min)
