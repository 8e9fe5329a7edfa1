"""transformers' schedules that stay, fall in a line, as a power, or as an inverse square root."""

from __future__ import annotations

import math

from annealing.core.checks import number
from annealing.core.errors import ArgumentError, LengthError
from annealing.core.phases import hold, jump, linear, polynomial
from annealing.core.phases import power as power_law
from annealing.core.plan import Plan
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, rate, whole_curve
from annealing.dialects.transformers.common import RUN, ZERO, warmed


@dialect("transformers.get_constant_schedule", example="lr=3e-4")
def get_constant_schedule(lr: float, last_epoch: int = -1) -> Plan:
    """Stay at `lr` (SchedulerType "constant").

    >>> from annealing.dialects import transformers
    >>> transformers.get_constant_schedule(lr=3e-4)
    (3e-4 * hold()).over(inf)

    Ours: `lr * hold()`.
    """
    whole_curve(last_epoch)
    return (rate("lr", lr) * hold()).over(math.inf)


@dialect("transformers.get_constant_schedule_with_warmup", odd=ZERO, example="lr=3e-4, num_warmup_steps=100")
def get_constant_schedule_with_warmup(lr: float, num_warmup_steps: int, last_epoch: int = -1) -> Plan:
    """Rise from 0 over `num_warmup_steps` updates, and stay ("constant_with_warmup").

    >>> from annealing.dialects import transformers
    >>> transformers.get_constant_schedule_with_warmup(lr=3e-4, num_warmup_steps=100)
    (3e-4 * chain(warmup(100, start=0), hold())).over(inf)

    Odd: update 0 has rate 0 and trains nothing, here and wherever a warm-up follows. Ours: `lr * chain(warmup(100), hold())`.
    """
    whole_curve(last_epoch)
    return (rate("lr", lr) * warmed(num_warmup_steps, hold())).over(math.inf)


@dialect("transformers.get_linear_schedule_with_warmup", odd=ZERO, example=RUN)
def get_linear_schedule_with_warmup(lr: float, num_warmup_steps: int, num_training_steps: int, last_epoch: int = -1) -> Plan:
    """Rise from 0, then fall in a straight line to 0 at update `num_training_steps` ("linear").

    >>> from annealing.dialects import transformers
    >>> transformers.get_linear_schedule_with_warmup(lr=3e-4, num_warmup_steps=100, num_training_steps=1000)
    (3e-4 * chain(warmup(100, start=0), linear())).over(1000)

    Odd: a warm-up that is longer than the run goes on past its end, and falls to 0 at once. Ours: `lr * chain(warmup(100),
    linear())`, which refuses such a warm-up.
    """
    whole_curve(last_epoch)
    up, total = count("num_warmup_steps", num_warmup_steps), count("num_training_steps", num_training_steps, 1)
    down = [linear()] if up <= total else [jump(0), hold()]
    return (rate("lr", lr) * warmed(up, *down)).over(max(up, total))


@dialect(
    "transformers.get_polynomial_decay_schedule_with_warmup",
    odd=f"{ZERO}; lr_end is scaled for groups with another rate",
    example=f"{RUN}, power=2.0",
)
def get_polynomial_decay_schedule_with_warmup(
    lr: float,
    num_warmup_steps: int,
    num_training_steps: int,
    lr_end: float = 1e-7,
    power: float = 1.0,
    last_epoch: int = -1,
) -> Plan:
    """Rise from 0, then fall to `lr_end` along (1 − progress)^power ("polynomial").

    >>> from annealing.dialects import transformers
    >>> transformers.get_polynomial_decay_schedule_with_warmup(0.1, 100, 1000, lr_end=0.001, power=2)
    (0.1 * chain(warmup(100, start=0), polynomial(to=0.01))).over(1000)

    Odd: `lr_end` is what it says only in groups of the optimizer's own rate; a warm-up that is longer than the run goes on past
    its end, and falls to `lr_end` at once. Raises `ArgumentError` unless `lr` is above it,
    `LengthError` where theirs divides by zero: a warm-up for the whole run.
    Ours: `lr * chain(warmup(100), polynomial(to=lr_end / lr))`.
    """
    whole_curve(last_epoch)
    peak, end = rate("lr", lr), number("lr_end", lr_end)
    if not peak > end:
        raise ArgumentError(f"lr_end={lr_end!r} is not below lr={lr!r}: write a smaller lr_end.")
    if num_warmup_steps == num_training_steps:
        raise LengthError(f"num_warmup_steps={num_warmup_steps} leaves nothing of the run to decay: write a shorter warm-up.")
    up, total = count("num_warmup_steps", num_warmup_steps), count("num_training_steps", num_training_steps, 1)
    down = [polynomial(to=end / peak, power=power)] if up < total else [jump(end / peak), hold()]
    return (peak * warmed(up, *down)).over(max(up, total))


@dialect("transformers.get_inverse_sqrt_schedule", odd=ZERO, example="lr=3e-4, num_warmup_steps=100")
def get_inverse_sqrt_schedule(lr: float, num_warmup_steps: int, timescale: int | None = None, last_epoch: int = -1) -> Plan:
    """Rise from 0, then fall as 1/√(1 + t/timescale), t counted from the end of the warm-up ("inverse_sqrt").

    >>> from annealing.dialects import transformers
    >>> transformers.get_inverse_sqrt_schedule(lr=3e-4, num_warmup_steps=100)
    (3e-4 * chain(warmup(100, start=0), power(-0.5, per=100))).over(inf)

    `timescale` is the length of the warm-up by default, without one 10000. Ours: `lr * chain(warmup(w), inverse_sqrt(w))`.
    """
    whole_curve(last_epoch)
    per = (num_warmup_steps or 10_000) if timescale is None else timescale
    return (rate("lr", lr) * warmed(num_warmup_steps, power_law(-0.5, per=count("timescale", per, 1)))).over(math.inf)
