"""timm's schedulers that jump."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from annealing.core.checks import number, positive
from annealing.core.composition import chain
from annealing.core.errors import ArgumentError
from annealing.core.length import LengthLike
from annealing.core.marks import formula, stairs
from annealing.core.phases import hold, jump, warmup
from annealing.core.plan import Plan
from annealing.core.registry import register
from annealing.core.schedule import Schedule
from annealing.dialects.catalogue import dialect
from annealing.dialects.decays import decay
from annealing.dialects.timm.common import Common
from annealing.dialects.timm.noise import NoiseRange


@dialect("timm.StepLRScheduler", example="lr=0.1, decay_t=2.4, decay_rate=0.97, warmup_t=5")
def StepLRScheduler(
    lr: float,
    decay_t: float,
    decay_rate: float = 1.0,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
    warmup_prefix: bool = True,
    t_in_epochs: bool = True,
    noise_range_t: NoiseRange = None,
    noise_pct: float = 0.67,
    noise_std: float = 1.0,
    noise_seed: int = 42,
    initialize: bool = True,
) -> Plan:
    """Multiply by `decay_rate` every `decay_t` epochs (or updates, with t_in_epochs=False), for ever.

    >>> from annealing.dialects import timm
    >>> timm.StepLRScheduler(lr=0.1, decay_t=30, decay_rate=0.5, warmup_t=5, t_in_epochs=False)
    chain(warmup(5, to=0.1, start=0), 0.1 * geometric(0.5, per=30).every(30)).over(inf)

    A broken `decay_t` steps at the first whole time after each multiple. `initialize` changes nothing here.
    Odd: here a warm-up is a prefix by default; without, the steps are counted from the start of the run.
    Ours: `lr * chain(warmup("5ep"), step("30ep", 0.5))`.
    """
    noise = noise_range_t, noise_pct, noise_std, noise_seed
    common = Common.of(lr, warmup_t, warmup_lr_init, warmup_prefix, t_in_epochs, noise)
    period, factor = positive("decay_t", decay_t), number("decay_rate", decay_rate)
    if factor == 1:
        return _warmed(common, common.lr * hold())
    if period == int(period) and not common.entered:
        return _warmed(common, common.lr * decay(factor, int(period), staircase=True))
    if not factor > 0:
        raise ArgumentError(f"decay_rate={decay_rate!r} must be above 0 where decay_t is broken or the warm-up is no prefix.")
    times, per, late = _ratio(period)
    steps = formula("timm.step", factor=factor, ahead=common.entered, times=times, per=per, late=late)
    return _warmed(common, common.lr * steps)


@register("timm.step", arrays=True)
def step(xp: Any, t: Any, factor: float, ahead: float, times: float, per: float, late: float) -> Any:
    """factor^⌊(times·(t + ahead) − late)/per⌋, of the whole part of t."""
    passed = times * (xp.floor(xp.real(t)) + ahead) - late
    return xp.exp(math.log(factor) * xp.floor(xp.maximum(passed, 0 * passed) / per))


def _ratio(period: float) -> tuple[int, float, int]:
    """Return whole numbers for a period such as 2.4 = 12/5, since float32 cannot tell where 12 stands to 5 * 2.4.

    Theirs divides floats: where a period is a little more than what is written, as 2.2 is, a step comes a time late.
    """
    ratio = Fraction(period).limit_denominator(1000)
    if abs(Fraction(period) - ratio) > 1e-14 * period:
        return 1, period, 0
    return ratio.denominator, ratio.numerator, int(Fraction(period) > ratio)


@dialect(
    "timm.MultiStepLRScheduler",
    odd="a milestone m applies at m − 1, one step early, on purpose; at m = 1, one step late",
    example="lr=0.1, decay_t=[30, 60], decay_rate=0.1, warmup_t=5",
)
def MultiStepLRScheduler(
    lr: float,
    decay_t: Sequence[int],
    decay_rate: float = 1.0,
    warmup_t: int = 0,
    warmup_lr_init: float = 0.0,
    warmup_prefix: bool = True,
    t_in_epochs: bool = True,
    noise_range_t: NoiseRange = None,
    noise_pct: float = 0.67,
    noise_std: float = 1.0,
    noise_seed: int = 42,
    initialize: bool = True,
) -> Plan:
    """Multiply by `decay_rate` one step before every milestone of `decay_t`.

    >>> from annealing.dialects import timm
    >>> timm.MultiStepLRScheduler(lr=0.1, decay_t=[30, 60], decay_rate=0.5, t_in_epochs=False)
    (0.1 * stairs({29: 0.5, 59: 0.25})).over(inf)

    Odd: the change comes one step early, which timm keeps for old configurations; what should happen at step 0 happens at
    step 1, since the constructor sets the rate itself. Raises `ArgumentError` for milestones that fall.
    Ours: `lr * stairs({"30ep": 0.5, "60ep": 0.25})`.
    """
    noise = noise_range_t, noise_pct, noise_std, noise_seed
    common = Common.of(lr, warmup_t, warmup_lr_init, warmup_prefix, t_in_epochs, noise)
    marks, factor = [number("milestone", mark) for mark in decay_t], number("decay_rate", decay_rate)
    if marks != sorted(marks) or factor < 0:
        raise ArgumentError(
            f"decay_t={list(decay_t)} must rise, and decay_rate={decay_rate!r} be 0 or more: write [30, 60] and 0.1."
        )
    earliest = common.entered if common.warmup_t else 1
    factors: dict[LengthLike, float] = {}
    for i, mark in enumerate(marks):  # of equal times the last one stands
        factors[max(math.ceil(mark) - 1, earliest) - common.entered] = factor ** (i + 1)
    at_once = factors.pop(0, 1.0)
    phases = [*([jump(common.lr * at_once)] if at_once != 1 else []), common.lr * (stairs(factors) if factors else hold())]
    return _warmed(common, *phases)


def _warmed(common: Common, *phases: Schedule) -> Plan:
    rise = [warmup(common.warmup_t, common.lr, start=common.warmup_lr_init)] if common.warmup_t else []
    return common.settled(chain(*rise, *phases), math.inf)
