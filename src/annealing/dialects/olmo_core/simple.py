"""OLMo-core's schedulers of a warm-up and one curve, other than cosines."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

import math

from annealing.core.errors import ArgumentError
from annealing.core.length import LengthLike
from annealing.core.phases import geometric, power
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, rate
from annealing.dialects.olmo_core.run import Pieces, Run, length_of, shape, warm_up
from annealing.dialects.pieces import Given, curve, flat


@dialect("olmo_core.ConstantScheduler", example="lr=3e-4, max_steps=1000")
def ConstantScheduler(*, lr: float = 1.0, max_steps: int | None = None, max_tokens: int | None = None) -> Plan:
    """Stay at `lr`.

    >>> from annealing.dialects import olmo_core
    >>> olmo_core.ConstantScheduler(lr=3e-4, max_steps=1000)
    (3e-4 * hold()).over(1000)

    Ours: `constant(3e-4)`.
    """
    return Run.of(lr, max_steps, max_tokens).draw("constant")


@shape("constant")
def _constant(run: Run, initial: float, total: int) -> Pieces:
    return [flat(0, math.inf, initial)]


@dialect("olmo_core.ConstantWithWarmup", example="warmup=20, lr=3e-4, max_steps=1000")
def ConstantWithWarmup(
    *,
    warmup: int | None = None,
    warmup_fraction: float | None = None,
    warmup_min_lr: float = 0.0,
    lr: float = 1.0,
    max_steps: int | None = None,
    max_tokens: int | None = None,
) -> Plan:
    """Rise to `lr` and stay there.

    >>> from annealing.dialects import olmo_core
    >>> olmo_core.ConstantWithWarmup(warmup=20, lr=3e-4, max_steps=1000)
    (3e-4 * chain(warmup(19), hold())).over(1000)

    Ours: `lr * chain(warmup(19), hold())`.
    """
    fields = {"warmup": warmup, "warmup_fraction": warmup_fraction, "warmup_min_lr": warmup_min_lr}
    return Run.of(lr, max_steps, max_tokens).draw("constant_with_warmup", **fields)


@shape("constant_with_warmup")
def _constant_with_warmup(
    run: Run,
    initial: float,
    total: int,
    warmup: int | None = None,
    warmup_fraction: float | None = None,
    warmup_min_lr: float = 0.0,
) -> Pieces:
    warm = length_of("warmup", warmup, warmup_fraction, total)
    return [*warm_up(run, warm, initial, warmup_min_lr), flat(warm, math.inf, initial)]


@dialect("olmo_core.LinearWithWarmup", example="warmup=20, lr=3e-4, max_steps=1000")
def LinearWithWarmup(
    *,
    alpha_f: float = 0.1,
    t_max: int | None = None,
    warmup: int | None = None,
    warmup_fraction: float | None = None,
    warmup_min_lr: float = 0.0,
    lr: float = 1.0,
    max_steps: int | None = None,
    max_tokens: int | None = None,
) -> Plan:
    """Rise to `lr`, then fall to `alpha_f` of it in a straight line until `t_max`, by default the end of the run.

    >>> from annealing.dialects import olmo_core
    >>> olmo_core.LinearWithWarmup(warmup=20, lr=3e-4, max_steps=1000)
    (3e-4 * chain(warmup(19), linear(980, to=0.1), hold())).over(1000)

    Ours: `(lr * chain(warmup(19), linear(to=0.1))).over(1000, endpoint=True)`.
    """
    fields = {"warmup": warmup, "warmup_fraction": warmup_fraction, "warmup_min_lr": warmup_min_lr}
    return Run.of(lr, max_steps, max_tokens).draw("linear_with_warmup", alpha_f=alpha_f, t_max=t_max, **fields)


@shape("linear_with_warmup")
def _linear_with_warmup(
    run: Run,
    initial: float,
    total: int,
    alpha_f: float = 0.1,
    t_max: int | None = None,
    warmup: int | None = None,
    warmup_fraction: float | None = None,
    warmup_min_lr: float = 0.0,
) -> Pieces:
    end, to = total if t_max is None else count("t_max", t_max), initial * rate("alpha_f", alpha_f)
    warm = length_of("warmup", warmup, warmup_fraction, end)
    rise = warm_up(run, warm, initial, warmup_min_lr)
    return [*rise, curve(warm, end, initial, to), flat(max(warm, end), math.inf, to)]


@dialect(
    "olmo_core.InvSqrtWithWarmup",
    odd="without a warm-up it stays at alpha_f from the first update on",
    example="warmup=20, lr=3e-4, max_steps=1000",
)
def InvSqrtWithWarmup(
    *,
    alpha_f: float = 0.1,
    warmup: int | None = None,
    warmup_fraction: float | None = None,
    warmup_min_lr: float = 0.0,
    lr: float = 1.0,
    max_steps: int | None = None,
    max_tokens: int | None = None,
) -> Plan:
    """Rise to `lr`, then fall towards `alpha_f` of it as one over the square root of time.

    >>> from annealing.dialects import olmo_core
    >>> olmo_core.InvSqrtWithWarmup(warmup=20, alpha_f=0.5, lr=3e-4, max_steps=1000)
    (3e-4 * chain(warmup(19), 0.5 + 0.5 * power(-0.5, per=20))).over(1000)

    Odd: the floor is added, not a bound, and never reached; with warmup=0 there is nothing but the floor.
    Ours: `lr * chain(warmup(19), inverse_sqrt(20))`. Source: Vaswani et al. 2017, arXiv:1706.03762.
    """
    fields = {"warmup": warmup, "warmup_fraction": warmup_fraction, "warmup_min_lr": warmup_min_lr}
    return Run.of(lr, max_steps, max_tokens).draw("inv_sqrt_with_warmup", alpha_f=alpha_f, **fields)


@shape("inv_sqrt_with_warmup")
def _inv_sqrt_with_warmup(
    run: Run,
    initial: float,
    total: int,
    alpha_f: float = 0.1,
    warmup: int | None = None,
    warmup_fraction: float | None = None,
    warmup_min_lr: float = 0.0,
) -> Pieces:
    warm, floor = length_of("warmup", warmup, warmup_fraction, total), initial * rate("alpha_f", alpha_f)
    if not warm:
        return [flat(0, math.inf, floor)]

    def fall(length: LengthLike) -> Schedule:
        return floor + (initial - floor) * power(-0.5, per=warm, length=length)

    return [*warm_up(run, warm, initial, warmup_min_lr), Given(warm, math.inf, initial, fall)]


@dialect("olmo_core.ExponentialScheduler", odd="it rises: a range test", example="lr=0.1, max_steps=1000")
def ExponentialScheduler(
    *, lr_min: float = 1e-9, lr: float = 1.0, max_steps: int | None = None, max_tokens: int | None = None
) -> Plan:
    """Rise from `lr_min` to `lr` by equal ratios, over the whole run.

    >>> from annealing.dialects import olmo_core
    >>> olmo_core.ExponentialScheduler(lr_min=1e-4, lr=1.0, max_steps=4)
    chain(jump(0.001), geometric(10000, per=4, length=3), jump(1), hold()).over(4)

    Ours: `exponential(to=lr, start=1e-9)`, or `annealing.find`.
    """
    return Run.of(lr, max_steps, max_tokens).draw("exponential", lr_min=lr_min)


@shape("exponential")
def _exponential(run: Run, initial: float, total: int, lr_min: float = 1e-9) -> Pieces:
    low = run.share("lr_min", lr_min)
    if low <= 0:
        raise ArgumentError(f"lr_min={lr_min!r} must be above 0, from where equal ratios lead somewhere: write 1e-9.")

    def rise(length: LengthLike) -> Schedule:
        return geometric(initial / low, per=total, length=length)

    return [flat(0, 1, low), Given(1, total, low * (initial / low) ** (1 / total), rise), flat(total, math.inf, initial)]
