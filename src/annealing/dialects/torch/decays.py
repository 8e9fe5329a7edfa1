"""torch's schedules that glide: LinearLR, ExponentialLR, PolynomialLR, CosineAnnealingLR."""

# ruff: noqa: N802, N803 - these are their names
from __future__ import annotations

import math

from annealing.core.checks import number
from annealing.core.errors import ArgumentError
from annealing.core.phases import hold, linear, polynomial
from annealing.core.plan import Plan
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, fraction, rate, whole_curve
from annealing.dialects.decays import decay, half_cosine


@dialect(
    "torch.LinearLR",
    odd="total_iters=0 keeps start_factor for ever; a start at 0 is refused",
    example="lr=0.1, start_factor=0.1, total_iters=10",
)
def LinearLR(
    lr: float, start_factor: float = 1.0 / 3, end_factor: float = 1.0, total_iters: int = 5, last_epoch: int = -1
) -> Plan:
    """Go from `start_factor · lr` to `end_factor · lr` in `total_iters` updates, in a straight line, and stay.

    >>> from annealing.dialects import torch
    >>> torch.LinearLR(lr=0.1, start_factor=0.1, total_iters=10)
    (0.1 * linear(to=1, start=0.1)).over(10)

    Odd: with total_iters=0 theirs stays at start_factor for ever, and so does this.
    Ours: `lr * warmup(10)`, which wastes no update at zero and of which a length of 0 is over at once.
    """
    whole_curve(last_epoch)
    start, end, length = (
        number("start_factor", start_factor),
        fraction("end_factor", end_factor),
        count("total_iters", total_iters),
    )
    if not 0 < start <= 1:
        raise ArgumentError(
            f"start_factor={start_factor!r} must be above 0 and at most 1: write 1e-3, or warmup({length}) for a rise from 0."
        )
    if not length:
        return (rate("lr", lr) * start * hold()).over(math.inf)
    return (rate("lr", lr) * linear(to=end, start=start)).over(length)


@dialect("torch.ExponentialLR", example="lr=0.1, gamma=0.95")
def ExponentialLR(lr: float, gamma: float, last_epoch: int = -1) -> Plan:
    """Multiply by `gamma` at every update, for ever.

    >>> from annealing.dialects import torch
    >>> torch.ExponentialLR(lr=0.1, gamma=0.95)
    (0.1 * geometric(0.95, per=1)).over(inf)

    Ours: `lr * geometric(gamma)`, or `geometric(gamma, per="1ep").every("1ep")` once per epoch.
    """
    whole_curve(last_epoch)
    return (rate("lr", lr) * decay(gamma, 1, staircase=False)).over(math.inf)


@dialect("torch.PolynomialLR", odd="total_iters=0 never decays", example="lr=0.1, total_iters=100, power=2.0")
def PolynomialLR(lr: float, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> Plan:
    """Fall to 0 along (1 − t/total_iters)^power, and stay at 0.

    >>> from annealing.dialects import torch
    >>> torch.PolynomialLR(lr=0.1, total_iters=100, power=2.0)
    (0.1 * polynomial()).over(100)

    Odd: with total_iters=0 theirs stays at `lr` for ever, and so does this. Raises `ArgumentError` for a power
    that is not above 0. Ours: `lr * polynomial("rest", power=2, to=0.1)`, which may end above 0.
    """
    whole_curve(last_epoch)
    length = count("total_iters", total_iters)
    if not length:
        return (rate("lr", lr) * hold()).over(math.inf)
    return (rate("lr", lr) * polynomial(power=power)).over(length)


@dialect("torch.CosineAnnealingLR", odd="rises again after T_max, as often as it is stepped", example="lr=0.1, T_max=100")
def CosineAnnealingLR(lr: float, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> Plan:
    """Fall to `eta_min` along half a cosine in `T_max` updates.

    >>> from annealing.dialects import torch
    >>> torch.CosineAnnealingLR(lr=0.1, T_max=100)
    (0.1 * cosine()).over(100, after="mirror")

    Odd: after T_max theirs goes back up the way it came, and so does this (`after="mirror"`).
    Ours: `(lr * cosine(to=0.01)).over(100)`, which stays where it ended.
    Source: Loshchilov & Hutter 2016, arXiv:1608.03983.
    """
    whole_curve(last_epoch)
    return half_cosine(rate("lr", lr), rate("eta_min", eta_min)).over(count("T_max", T_max, 1), after="mirror")
