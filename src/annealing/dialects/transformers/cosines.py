"""transformers' cosines."""

from __future__ import annotations

import math
from typing import Any

from annealing.core.checks import number
from annealing.core.composition import chain, repeat
from annealing.core.errors import ArgumentError
from annealing.core.marks import formula
from annealing.core.phases import cosine, hold, jump, warmup
from annealing.core.plan import Plan
from annealing.core.registry import register
from annealing.core.schedule import Schedule
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, rate, whole_curve
from annealing.dialects.transformers.common import RISES, RUN, SCALED, ZERO, warmed
from annealing.dialects.waves import waves


@dialect("transformers.get_cosine_schedule_with_warmup", odd=RISES, example=RUN)
def get_cosine_schedule_with_warmup(
    lr: float, num_warmup_steps: int, num_training_steps: int, num_cycles: float = 0.5, last_epoch: int = -1
) -> Plan:
    """Rise from 0, then follow `num_cycles` waves of a cosine between `lr` and 0 ("cosine").

    >>> from annealing.dialects import transformers
    >>> transformers.get_cosine_schedule_with_warmup(lr=3e-4, num_warmup_steps=100, num_training_steps=1000)
    (3e-4 * chain(warmup(100, start=0), cosine())).over(1000, after="continue")

    Odd: a run that goes on past the end climbs back to the peak. Ours: `lr * chain(warmup(100), cosine())` stays at the end.
    """
    whole_curve(last_epoch)
    return _wave(lr, num_warmup_steps, num_training_steps, num_cycles, 0.0)


@dialect(
    "transformers.get_cosine_with_hard_restarts_schedule_with_warmup",
    odd=f"{ZERO}; with 22 cycles or more, some begin an update late",
    example=f"{RUN}, num_cycles=3",
)
def get_cosine_with_hard_restarts_schedule_with_warmup(
    lr: float, num_warmup_steps: int, num_training_steps: int, num_cycles: int = 1, last_epoch: int = -1
) -> Plan:
    """Rise from 0, then fall from the peak to 0 along a cosine, `num_cycles` times ("cosine_with_restarts").

    >>> from annealing.dialects import transformers
    >>> transformers.get_cosine_with_hard_restarts_schedule_with_warmup(3e-4, 100, 1000, num_cycles=3)
    (3e-4 * chain(warmup(100, start=0), repeat(cosine(), 3))).over(1000)

    Odd: a cycle is found by rounding `num_cycles * (t / span)`, so that of 22 cycles in 220 updates the one that should begin
    at update 150 begins there with rate 0. Ours: `lr * chain(warmup(100), repeat(cosine(), 3))`.
    """
    whole_curve(last_epoch)
    total = count("num_training_steps", num_training_steps)
    restarts = _restarts(number("num_cycles", num_cycles), total - count("num_warmup_steps", num_warmup_steps))
    return (rate("lr", lr) * warmed(num_warmup_steps, *restarts)).over(total)


@dialect("transformers.get_cosine_with_min_lr_schedule_with_warmup", odd=f"{RISES}; {SCALED}", example=f"{RUN}, min_lr=3e-5")
def get_cosine_with_min_lr_schedule_with_warmup(
    lr: float,
    num_warmup_steps: int,
    num_training_steps: int,
    num_cycles: float = 0.5,
    last_epoch: int = -1,
    min_lr: float | None = None,
    min_lr_rate: float | None = None,
) -> Plan:
    """Rise from 0, then follow a cosine between `lr` and a floor ("cosine_with_min_lr").

    >>> from annealing.dialects import transformers
    >>> transformers.get_cosine_with_min_lr_schedule_with_warmup(0.5, 100, 1000, min_lr_rate=0.1)
    (0.5 * chain(warmup(100, start=0), cosine(to=0.1))).over(1000, after="continue")

    The floor is `min_lr`, a rate, or `min_lr_rate`, a share of `lr`; `ArgumentError` unless it is one of the two. Odd: it rises
    after the end; a group with twice the optimizer's own rate stops at twice `min_lr`.
    Ours: `lr * chain(warmup(100), cosine(to=min_lr / lr))`, each group with its own `lr`.
    """
    whole_curve(last_epoch)
    return _wave(lr, num_warmup_steps, num_training_steps, num_cycles, _floor(lr, min_lr, min_lr_rate))


@dialect(
    "transformers.get_cosine_with_min_lr_schedule_with_warmup_lr_rate",
    odd=f"the last update has the floor, then it rises again; {SCALED}",
    example=f"{RUN}, min_lr=3e-5",
)
def get_cosine_with_min_lr_schedule_with_warmup_lr_rate(
    lr: float,
    num_warmup_steps: int,
    num_training_steps: int,
    num_cycles: float = 0.5,
    last_epoch: int = -1,
    min_lr: float | None = None,
    min_lr_rate: float | None = None,
    warmup_lr_rate: float | None = None,
) -> Plan:
    """Be at the peak by the warm-up's last update, and at the floor by the run's ("cosine_warmup_with_min_lr").

    >>> from annealing.dialects import transformers
    >>> transformers.get_cosine_with_min_lr_schedule_with_warmup_lr_rate(0.5, 100, 1000, min_lr_rate=0.1)
    (0.5 * chain(warmup(99), knots({0: 1, 900: 0.1, 1800: 1}, ease="cosine"))).over(1000, after="continue")

    Update t of the warm-up uses (t + 1)/num_warmup_steps of the peak, or rises from its share `warmup_lr_rate`. Odd: it rises
    after the end; a warm-up of 1 with `warmup_lr_rate` misses the peak. `ArgumentError` as for "cosine_with_min_lr".
    Ours: `(lr * chain(warmup(99), cosine(to=0.1))).over(1000, endpoint=True)`.
    """
    whole_curve(last_epoch)
    low, up = _floor(lr, min_lr, min_lr_rate), count("num_warmup_steps", num_warmup_steps)
    span = max(1, count("num_training_steps", num_training_steps) - up)
    rise = [warmup(up - 1, start=warmup_lr_rate)] if up > 1 else []
    if up == 1 and warmup_lr_rate is not None:
        rise = [jump(warmup_lr_rate), hold(1)]
    ahead = 1 if up == 0 or (up == 1 and rise) else 0  # the wave begins with the warm-up's last update, or one earlier
    shape = chain(*rise, waves(num_cycles, span, low, span + 1 - ahead, ahead=ahead))
    return (rate("lr", lr) * shape).over(num_training_steps, after="continue")


@register("transformers.hard_restarts", arrays=True)
def hard_restarts(xp: Any, t: Any, cycles: float, span: float, rounded: float) -> Any:
    """(1 + cos(π·(cycles·t/span mod 1)))/2; where theirs rounds a restart away, in the order of theirs."""
    turns = cycles * (xp.real(t) / span) if rounded else cycles * xp.real(t) / span
    return xp.sin(math.pi / 2 * (1 - (turns - xp.floor(turns)))) ** 2


def _restarts(cycles: float, span: int) -> list[Schedule]:
    if span < 1:
        return [hold()]
    if cycles == 1:
        return [cosine()]
    whole = cycles >= 1 and cycles == int(cycles)
    late = not whole or any(int(cycles * (t / span)) != cycles * t // span for t in range(span))
    if not late and span % cycles == 0:
        return [repeat(cosine(), int(cycles))]
    return [formula("transformers.hard_restarts", cycles=cycles, span=span, rounded=int(late)), jump(0)]


def _wave(lr: float, num_warmup_steps: int, num_training_steps: int, cycles: float, low: float) -> Plan:
    total, up = count("num_training_steps", num_training_steps), count("num_warmup_steps", num_warmup_steps)
    shape = warmed(up, waves(cycles, total - up, low, total - up))
    return (rate("lr", lr) * shape).over(total, after="continue" if up < total else "hold")


def _floor(lr: float, min_lr: float | None, min_lr_rate: float | None) -> float:
    if (min_lr is None) == (min_lr_rate is None):
        raise ArgumentError("a floor is either min_lr or min_lr_rate: write one of them, such as min_lr_rate=0.1.")
    return rate("min_lr", min_lr) / rate("lr", lr) if min_lr is not None else rate("min_lr_rate", min_lr_rate)
