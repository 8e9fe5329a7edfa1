"""torch's schedules that come round again: CosineAnnealingWarmRestarts and CyclicLR."""

# ruff: noqa: N802, N803 - these are their names
from __future__ import annotations

import math
from typing import Any

from annealing.core.checks import positive
from annealing.core.composition import chain, repeat
from annealing.core.errors import ArgumentError
from annealing.core.phases import geometric, linear
from annealing.core.plan import Plan
from annealing.core.recipe import Recipe, RecipePlan
from annealing.core.schedule import Schedule
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, named, one_of, rate, whole_curve
from annealing.dialects.decays import half_cosine


@dialect(
    "torch.CosineAnnealingWarmRestarts",
    odd="step(epoch) finds the cycle by a logarithm in floats and may miss a restart by one",
    example="lr=0.1, T_0=10, T_mult=2",
)
def CosineAnnealingWarmRestarts(lr: float, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1) -> Plan:
    """Fall to `eta_min` along half a cosine, start again, each cycle `T_mult` times as long as the one before.

    >>> from annealing.dialects import torch
    >>> torch.CosineAnnealingWarmRestarts(lr=0.1, T_0=10, T_mult=2)
    repeat(0.1 * cosine(), first=10, growth=2).over(inf)

    A restart is at exactly T_0, T_0·(1 + T_mult), …; `eta_min` itself is reached there and so never used.
    Odd: `step(epoch)` of theirs computes the cycle from a float logarithm; with T_mult=3 it misses the restart
    after five cycles. This is `step()`. Ours: `lr * sgdr(None, first=10, growth=2)`.
    Source: Loshchilov & Hutter 2016, arXiv:1608.03983.
    """
    whole_curve(last_epoch)
    cycle = half_cosine(rate("lr", lr), rate("eta_min", eta_min))
    return repeat(cycle, first=count("T_0", T_0, 1), growth=count("T_mult", T_mult, 1)).over(math.inf)


@dialect(
    "torch.CyclicLR",
    odd="exp_range shrinks by γ per update of the run, not of the cycle as documented; the optimizer's own rate is ignored",
    example="base_lr=0.01, max_lr=0.1, step_size_up=20, cycle_momentum=False",
)
def CyclicLR(
    lr: float | None = None,
    base_lr: float | None = None,
    max_lr: float | None = None,
    step_size_up: int = 2000,
    step_size_down: int | None = None,
    mode: str = "triangular",
    gamma: float = 1.0,
    scale_fn: Any = None,
    scale_mode: str = "cycle",
    cycle_momentum: bool = True,
    base_momentum: float = 0.8,
    max_momentum: float = 0.9,
    last_epoch: int = -1,
) -> Plan | RecipePlan:
    """Go up and down between `base_lr` and `max_lr` in straight lines, for ever; momentum goes the other way.

    >>> from annealing.dialects import torch
    >>> torch.CyclicLR(base_lr=0.1, max_lr=0.5, step_size_up=20, cycle_momentum=False)
    (0.1 + 0.4 * repeat(chain(linear(20, to=1, start=0), linear(20)))).over(inf)

    Arguments: `lr` stands for their optimizer, whose rate is replaced by `base_lr` (and is used where that is not
    given); `mode`, "triangular", "triangular2" (half as high each cycle) or "exp_range" (times gamma^t);
    `scale_fn`, a registered function (see `annealing.register`) or a formula, of the update. The result is a recipe
    plan of lr and momentum, a plan with cycle_momentum=False; for Adam, momentum is `betas[0]`.
    Odd: their text says that exp_range counts within a cycle; it counts from the start of the run, and so does this.
    Raises `ArgumentError` for a scale_fn of the cycle's number: write it as one of the update, scale_mode="iterations".
    Ours: `triangular(None, first=40, low=0.2)`. Source: Smith 2015, arXiv:1506.01186.
    """
    whole_curve(last_epoch)
    low, high = rate("base_lr", lr if base_lr is None else base_lr), rate("max_lr", max_lr)
    up = count("step_size_up", step_size_up, 1)
    down = up if step_size_down is None else count("step_size_down", step_size_down)
    wave = repeat(chain(linear(up, to=1, start=0), linear(down)) if down else linear(up, to=1, start=0))
    height = _height(one_of("mode", mode, "triangular", "triangular2", "exp_range"), up + down, gamma)
    if scale_fn is not None:
        if one_of("scale_mode", scale_mode, "cycle", "iterations") == "cycle":
            raise ArgumentError(
                f"scale_fn with scale_mode='cycle' counts cycles: register g(t) = f(1 + t // {up + down}), a function of the "
                "update, and write scale_mode='iterations'."
            )
        height = named("scale_fn", scale_fn)
    wave = wave if height is None else wave * height
    rates = low + (high - low) * wave if low else high * wave
    if not cycle_momentum:
        return rates.over(math.inf)
    rest, used = rate("max_momentum", max_momentum), rate("base_momentum", base_momentum)
    return Recipe(lr=rates, momentum=rest - (rest - used) * wave).over(math.inf)


def _height(mode: str, period: int, gamma: float) -> Schedule | None:
    """How high the waves are, as a share of the first; nothing where they stay."""
    if mode == "triangular2":
        return geometric(0.5, per=period).every(period)
    if mode == "exp_range" and gamma != 1:
        return geometric(positive("gamma", gamma))
    return None
