"""pytorch_warmup 0.2: factors that rise to 1, times whatever the schedule sets.

`lr` takes the place of the optimizer: its rate, or the plan that their `dampening()` wraps (after whose end it stays). `betas`
are the optimizer's, by default Adam's. A plan is for one group: where periods are a list, make one plan for each.
"""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from annealing.core.arrays import SCALAR
from annealing.core.checks import number
from annealing.core.composition import chain
from annealing.core.errors import ArgumentError, KindError
from annealing.core.marks import formula, knots
from annealing.core.phases import geometric, hold, warmup
from annealing.core.plan import Plan
from annealing.core.registry import register
from annealing.core.schedule import Schedule
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, rate
from annealing.dialects.sequence import endless

_TENSOR = "a rate held in a tensor is dampened again at every step, until nothing is left of it"
_CUT = f"the period is cut to a whole number, 1 too short where 1 - beta2 rounds up; {_TENSOR}"
_ADAM = (0.9, 0.999)


@dialect("pytorch_warmup.LinearWarmup", odd=_TENSOR, example="lr=0.1, warmup_period=100")
def LinearWarmup(lr: float | Plan, warmup_period: int, last_step: int = -1) -> Plan:
    """Multiply by min(1, (t + 1)/warmup_period).

    >>> import annealing as an
    >>> from annealing.dialects import pytorch_warmup
    >>> pytorch_warmup.LinearWarmup(lr=0.1, warmup_period=100)
    (0.1 * chain(warmup(99), hold())).over(inf)
    >>> pytorch_warmup.LinearWarmup((0.1 * an.linear()).over(1000), warmup_period=100)
    (0.1 * linear() * chain(warmup(99), hold())).over(1000)

    Odd: where the rate is a tensor (`capturable` optimizers), theirs multiplies what it has multiplied before.
    Raises `ArgumentError` for a period below 1. Ours: `chain(warmup(99), hold()) * schedule`.
    """
    period = _period(warmup_period)
    if isinstance(lr, Plan) and lr.total < period:  # the run is over before the warm-up
        return _dampened(lr, knots({-1: 0.0, period - 1: 1.0}), last_step)
    return _dampened(lr, chain(warmup(period - 1), hold()) if period > 1 else hold(), last_step)


@dialect("pytorch_warmup.ExponentialWarmup", odd=_TENSOR, example="lr=0.1, warmup_period=100")
def ExponentialWarmup(lr: float | Plan, warmup_period: int, last_step: int = -1) -> Plan:
    """Multiply by 1 − exp(−(t + 1)/warmup_period).

    >>> from annealing.dialects import pytorch_warmup
    >>> pytorch_warmup.ExponentialWarmup(lr=1.0, warmup_period=100)(99)
    0.6321205588285577

    Oddity and errors are those of `LinearWarmup`. Ours: `chain(warmup(200), hold()) * schedule` has the same effect.
    """
    return _dampened(lr, _exponential(_period(warmup_period)), last_step)


@dialect("pytorch_warmup.UntunedLinearWarmup", odd=_CUT, example="lr=0.1")
def UntunedLinearWarmup(lr: float | Plan, last_step: int = -1, *, betas: Sequence[float] = _ADAM) -> Plan:
    """Be `LinearWarmup` over 2/(1 − beta2) updates.

    >>> from annealing.dialects import pytorch_warmup
    >>> pytorch_warmup.UntunedLinearWarmup(lr=0.1, betas=(0.9, 0.999))
    (0.1 * chain(warmup(1998), hold())).over(inf)

    Odd: the period is cut to a whole number, and 2/(1 − 0.999) is a little below 2000, so it is 1999; likewise 199, 39 and 19.
    Ours: `chain(warmup(1999), hold()) * schedule`. Source: Ma & Yarats 2019, arXiv:1910.04209.
    """
    return LinearWarmup(lr, int(2.0 / (1.0 - _beta2(betas))), last_step)


@dialect("pytorch_warmup.UntunedExponentialWarmup", odd=_CUT, example="lr=0.1")
def UntunedExponentialWarmup(lr: float | Plan, last_step: int = -1, *, betas: Sequence[float] = _ADAM) -> Plan:
    """Be `ExponentialWarmup` over 1/(1 − beta2) updates, cut to a whole number.

    >>> from annealing.dialects import pytorch_warmup
    >>> pytorch_warmup.UntunedExponentialWarmup(0.1) == pytorch_warmup.ExponentialWarmup(0.1, warmup_period=999)
    True

    Oddity, source and ours are those of `UntunedLinearWarmup`.
    """
    return ExponentialWarmup(lr, int(1.0 / (1.0 - _beta2(betas))), last_step)


@dialect("pytorch_warmup.RAdamWarmup", odd=_TENSOR, example="lr=0.1")
def RAdamWarmup(lr: float | Plan, last_step: int = -1, *, betas: Sequence[float] = _ADAM) -> Plan:
    """Multiply by the rectification of RAdam, from the first update at which there is one.

    >>> from annealing.dialects import pytorch_warmup
    >>> pytorch_warmup.RAdamWarmup(lr=0.1)
    (0.1 * formula("pytorch_warmup.radam", beta2=0.999, offset=5)).over(inf)

    Raises `ArgumentError` for a beta2 of 0.6 or less, as theirs does. Source: Liu et al. 2019, arXiv:1908.03265.
    """
    beta2 = _beta2(betas)
    if not beta2 > 0.6:
        raise ArgumentError(f"beta2={beta2!r} must be above 0.6, or there is nothing to rectify: write betas=(0.9, 0.999).")
    offset = next(t for t in range(1, 1000) if _length(t, beta2) > 4)
    return _dampened(lr, formula("pytorch_warmup.radam", beta2=beta2, offset=offset), last_step)


def _length(t: float, beta2: float) -> float:
    """ρ(t), how many gradients the average of squares holds by update t."""
    return 2.0 / (1 - beta2) - 1 - 2 * t * beta2**t / (1 - beta2**t)


@register("pytorch_warmup.radam", arrays=True)
def radam(xp: Any, t: Any, beta2: float, offset: float) -> Any:
    """√[(ρ − 4)(ρ − 2)ρ∞ / ((ρ∞ − 4)(ρ∞ − 2)ρ)] at update t + offset, without the difference of large numbers in ρ."""
    most, falls = 2.0 / (1 - beta2) - 1, -math.log(beta2)
    now = most - 2 / falls + 2 / falls * _caught_up(xp, falls * (xp.real(t) + offset))
    return xp.sqrt((now - 4) * (now - 2) * most / ((most - 4) * (most - 2) * now))


def _caught_up(xp: Any, x: Any) -> Any:
    """1 − x/(exp(x) − 1), where x is small from its series."""
    if xp is SCALAR:
        return _series(x) if x < _SMALL else _direct(xp, x)
    small = _SMALL + 0 * x
    return xp.where(x < small, _series(xp.minimum(x, small)), _direct(xp, xp.maximum(x, small)))


_SMALL = 0.25


def _direct(xp: Any, x: Any) -> Any:
    left = xp.exp(-x)
    return 1 - x * left / (1 - left)


def _series(x: Any) -> Any:
    y = x * x
    return x / 2 - y / 12 * (1 - y / 60 * (1 - y / 42 * (1 - y / 40 * (1 - 5 * y / 198))))


def _exponential(period: int) -> Schedule:
    return 1 - math.exp(-1 / period) * geometric(math.exp(-1), per=period)


def _dampened(lr: float | Plan, factor: Schedule, last_step: int) -> Plan:
    if last_step != -1:
        raise ArgumentError(f"last_step={last_step!r} resumes theirs: a plan has no position, so leave it out.")
    if isinstance(lr, Plan) and lr.after in ("repeat", "mirror"):  # it comes back, and the factor does not
        return (endless(lr) * factor).over(math.inf)
    if isinstance(lr, Plan):
        return lr * factor.over(lr.horizon, unit=lr.unit, endpoint=lr.endpoint, after=lr.after)
    return (rate("lr", lr) * factor).over(math.inf)


def _period(warmup_period: Any) -> int:
    if isinstance(warmup_period, (list, tuple)):
        raise KindError("warmup_period is a list, one for each group: make one plan for each, and put them into a Recipe.")
    return count("warmup_period", warmup_period, 1)


def _beta2(betas: Sequence[float]) -> float:
    if len(betas) != 2 or not 0 <= number("beta2", betas[1]) < 1:
        raise ArgumentError(f"betas={betas!r} must be two numbers from 0 to below 1: write betas=(0.9, 0.999).")
    return number("beta2", betas[1])
