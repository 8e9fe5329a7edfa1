"""Paddle's schedules that glide."""

# ruff: noqa: N802, N803 - these are their names
from __future__ import annotations

import math
from typing import Any

from annealing.core.arrays import Namespace
from annealing.core.checks import positive
from annealing.core.composition import chain
from annealing.core.errors import ArgumentError
from annealing.core.marks import formula
from annealing.core.phases import geometric, inverse_time, linear, polynomial, power, warmup
from annealing.core.plan import Plan
from annealing.core.registry import register
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, fraction, rate
from annealing.dialects.decays import half_cosine


@dialect(
    "paddle.NoamDecay",
    odd="update 0 uses 0; the peak is learning_rate/√(d_model·warmup_steps), not learning_rate",
    checked=False,
    example="d_model=512, warmup_steps=4000",
)
def NoamDecay(d_model: int, warmup_steps: int, learning_rate: float = 1.0) -> Plan:
    """Rise for `warmup_steps`, then fall as one over the square root of time: lr·d^−½·min(t^−½, t·w^−³ᐟ²).

    >>> from annealing.dialects import paddle
    >>> paddle.NoamDecay(d_model=4, warmup_steps=25)
    (0.1 * chain(warmup(25, start=0), power(-0.5, per=25))).over(inf)

    Raises `ArgumentError` without a warm-up, where theirs divides by zero.
    Ours: `lr * chain(warmup(4000), inverse_sqrt(4000))`. Source: Vaswani et al. 2017, arXiv:1706.03762.
    """
    size, warm = count("d_model", d_model, 1), count("warmup_steps", warmup_steps, 1)
    peak = rate("learning_rate", learning_rate) * size**-0.5 * warm**-0.5
    return (peak * chain(warmup(warm, start=0), power(-0.5, per=warm))).over(math.inf)


@dialect("paddle.NaturalExpDecay", checked=False, example="learning_rate=0.1, gamma=0.01")
def NaturalExpDecay(learning_rate: float, gamma: float) -> Plan:
    """Fall as e^(−gamma·t), for ever.

    >>> from annealing.dialects import paddle
    >>> paddle.NaturalExpDecay(0.1, 0.5)
    (0.1 * geometric(0.6065306597126334, per=1)).over(inf)

    Raises `ArgumentError` for a gamma that is not above 0. Ours: `lr * geometric(0.9)`.
    """
    factor = math.exp(-positive("gamma", gamma))
    return (rate("learning_rate", learning_rate) * geometric(factor)).over(math.inf)


@dialect("paddle.InverseTimeDecay", checked=False, example="learning_rate=0.1, gamma=0.1")
def InverseTimeDecay(learning_rate: float, gamma: float) -> Plan:
    """Fall as 1/(1 + gamma·t), for ever.

    >>> from annealing.dialects import paddle
    >>> paddle.InverseTimeDecay(0.1, 0.5)
    (0.1 * inverse_time(0.5, per=1)).over(inf)

    Raises `ArgumentError` for a gamma below 0, where theirs would divide by zero. Ours: `lr * inverse_time(0.5, per=1)`.
    """
    return (rate("learning_rate", learning_rate) * inverse_time(gamma, per=1)).over(math.inf)


@dialect("paddle.ExponentialDecay", checked=False, example="learning_rate=0.1, gamma=0.95")
def ExponentialDecay(learning_rate: float, gamma: float) -> Plan:
    """Multiply by `gamma` at every update, for ever.

    >>> from annealing.dialects import paddle
    >>> paddle.ExponentialDecay(0.1, 0.95)
    (0.1 * geometric(0.95, per=1)).over(inf)

    Raises `ArgumentError` for a gamma that is not between 0 and 1. Ours: `lr * geometric(0.95)`.
    """
    return (rate("learning_rate", learning_rate) * geometric(below_one("gamma", positive("gamma", gamma)))).over(math.inf)


@dialect(
    "paddle.PolynomialDecay",
    odd="end_lr is 1e-4 unless written, above small learning rates; with cycle it jumps back up, onto a longer curve each time",
    checked=False,
    example="learning_rate=0.1, decay_steps=100, power=2.0",
)
def PolynomialDecay(
    learning_rate: float, decay_steps: int, end_lr: float = 0.0001, power: float = 1.0, cycle: bool = False
) -> Plan:
    """Go to `end_lr` along (1 − t/decay_steps)^power and stay there, or start again on a longer and longer curve.

    >>> from annealing.dialects import paddle
    >>> paddle.PolynomialDecay(0.1, 100, power=2.0)
    polynomial(to=1e-4, start=0.1).over(100)
    >>> paddle.PolynomialDecay(0.1, 100, end_lr=0.0, cycle=True).values(301)[[99, 100, 101, 200, 201]].round(4)
    array([0.001 , 0.    , 0.0495, 0.    , 0.033 ])

    Odd: with `cycle` the horizon becomes the next multiple of decay_steps, so that the rate jumps to a half, a third,
    … of its start. Ours: `lr * polynomial(to=0.01, power=2)`, or `repeat(polynomial(), 3)`.
    """
    start, end, steps = rate("learning_rate", learning_rate), rate("end_lr", end_lr), count("decay_steps", decay_steps, 1)
    exponent = positive("power", power)
    if cycle:
        shape = formula("paddle.polynomial_cycle", steps=steps, power=exponent)
        return (end + (start - end) * shape if end else start * shape).over(math.inf)
    curve = linear(to=end, start=start) if exponent == 1 else polynomial(to=end, power=exponent, start=start)
    return curve.over(steps)


@register("paddle.polynomial_cycle", arrays=True)
def polynomial_cycle(xp: Namespace, t: Any, steps: float, power: float) -> Any:
    """What is left of the way to the next multiple of `steps`, to a power."""
    done = xp.real(t) / steps
    horizon = xp.maximum(-xp.floor(-done), 1.0)
    return xp.power(1 - done / horizon, power)


@dialect("paddle.LinearLR", checked=False, example="learning_rate=0.1, total_steps=10")
def LinearLR(learning_rate: float, total_steps: int, start_factor: float = 1.0 / 3, end_factor: float = 1.0) -> Plan:
    """Go from `start_factor` to `end_factor` of the rate in a straight line, and stay there.

    >>> from annealing.dialects import paddle
    >>> paddle.LinearLR(0.1, 10, start_factor=0.5)
    (0.1 * linear(to=1, start=0.5)).over(10)

    Ours: `lr * warmup(10)`, which wastes no update at zero.
    """
    start = fraction("start_factor", positive("start_factor", start_factor))
    curve = linear(to=fraction("end_factor", end_factor), start=start)
    return (rate("learning_rate", learning_rate) * curve).over(count("total_steps", total_steps, 1))


@dialect(
    "paddle.CosineAnnealingDecay",
    odd="rises again after T_max, as often as it is stepped",
    checked=False,
    example="learning_rate=0.1, T_max=100",
)
def CosineAnnealingDecay(learning_rate: float, T_max: int, eta_min: float = 0.0) -> Plan:
    """Fall to `eta_min` along half a cosine in `T_max` updates.

    >>> from annealing.dialects import paddle
    >>> paddle.CosineAnnealingDecay(0.1, 100)
    (0.1 * cosine()).over(100, after="mirror")

    Odd: after T_max theirs goes back up the way it came, and so does this. Ours: `(lr * cosine()).over(100)`.
    Source: Loshchilov & Hutter 2016, arXiv:1608.03983.
    """
    peak, floor = rate("learning_rate", learning_rate), rate("eta_min", eta_min)
    return half_cosine(peak, floor).over(count("T_max", T_max, 1), after="mirror")


def below_one(name: str, factor: float) -> float:
    """Refuse what would not decay, as theirs does."""
    if factor >= 1:
        raise ArgumentError(f"{name}={factor!r} does not decay: write a factor below 1, such as {name}=0.1.")
    return factor
