"""transformers.optimization 5.23: every schedule that `SchedulerType` names.

`lr` is the rate that their optimizer was made with. They multiply the rate of every group by one factor, so for a group
with another rate the same numbers are `plan * (rate / lr)`. The two that follow a metric, "greedy" and
"reduce_lr_on_plateau", are in `annealing.control.dialects.transformers`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from annealing.core.checks import number
from annealing.core.composition import chain, repeat
from annealing.core.errors import ArgumentError, LengthError
from annealing.core.marks import formula
from annealing.core.phases import cosine, hold, jump, linear, polynomial, warmup
from annealing.core.phases import power as power_law
from annealing.core.plan import Plan
from annealing.core.registry import register
from annealing.core.schedule import Schedule
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, one_of, rate, whole_curve
from annealing.dialects.pieces import Given, Piece, curve, flat, joined
from annealing.dialects.waves import waves

_RUN = "lr=3e-4, num_warmup_steps=100, num_training_steps=1000"
_ZERO = "the first update has rate 0"
_RISES = f"{_ZERO}; rises again after the end"
_SCALED = "min_lr is scaled for groups with another rate"


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


@dialect("transformers.get_constant_schedule_with_warmup", odd=_ZERO, example="lr=3e-4, num_warmup_steps=100")
def get_constant_schedule_with_warmup(lr: float, num_warmup_steps: int, last_epoch: int = -1) -> Plan:
    """Rise from 0 over `num_warmup_steps` updates, and stay ("constant_with_warmup").

    >>> from annealing.dialects import transformers
    >>> transformers.get_constant_schedule_with_warmup(lr=3e-4, num_warmup_steps=100)
    (3e-4 * chain(warmup(100, start=0), hold())).over(inf)

    Odd: update 0 has rate 0 and trains nothing, here and wherever a warm-up follows. Ours: `lr * chain(warmup(100), hold())`.
    """
    whole_curve(last_epoch)
    return (rate("lr", lr) * _warmed(num_warmup_steps, hold())).over(math.inf)


@dialect("transformers.get_linear_schedule_with_warmup", odd=_ZERO, example=_RUN)
def get_linear_schedule_with_warmup(lr: float, num_warmup_steps: int, num_training_steps: int, last_epoch: int = -1) -> Plan:
    """Rise from 0, then fall in a straight line to 0 at update `num_training_steps` ("linear").

    >>> from annealing.dialects import transformers
    >>> transformers.get_linear_schedule_with_warmup(lr=3e-4, num_warmup_steps=100, num_training_steps=1000)
    (3e-4 * chain(warmup(100, start=0), linear())).over(1000)

    Raises `LengthError` for a warm-up that is longer than the run. Ours: `lr * chain(warmup(100), linear())`.
    """
    whole_curve(last_epoch)
    return (rate("lr", lr) * _warmed(num_warmup_steps, linear())).over(num_training_steps)


@dialect("transformers.get_cosine_schedule_with_warmup", odd=_RISES, example=_RUN)
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
    odd=f"{_ZERO}; with 22 cycles or more, some begin an update late",
    example=f"{_RUN}, num_cycles=3",
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
    return (rate("lr", lr) * _warmed(num_warmup_steps, *restarts)).over(total)


@dialect(
    "transformers.get_polynomial_decay_schedule_with_warmup",
    odd=f"{_ZERO}; lr_end is scaled for groups with another rate",
    example=f"{_RUN}, power=2.0",
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

    Odd: `lr_end` is what it says only in groups of the optimizer's own rate. Raises `ArgumentError` unless `lr` is above it,
    `LengthError` where theirs divides by zero: a warm-up for the whole run.
    Ours: `lr * chain(warmup(100), polynomial(to=lr_end / lr))`.
    """
    whole_curve(last_epoch)
    peak, end = rate("lr", lr), number("lr_end", lr_end)
    if not peak > end:
        raise ArgumentError(f"lr_end={lr_end!r} is not below lr={lr!r}: write a smaller lr_end.")
    if num_warmup_steps == num_training_steps:
        raise LengthError(f"num_warmup_steps={num_warmup_steps} leaves nothing of the run to decay: write a shorter warm-up.")
    return (peak * _warmed(num_warmup_steps, polynomial(to=end / peak, power=power))).over(num_training_steps)


@dialect("transformers.get_inverse_sqrt_schedule", odd=_ZERO, example="lr=3e-4, num_warmup_steps=100")
def get_inverse_sqrt_schedule(lr: float, num_warmup_steps: int, timescale: int | None = None, last_epoch: int = -1) -> Plan:
    """Rise from 0, then fall as 1/√(1 + t/timescale), t counted from the end of the warm-up ("inverse_sqrt").

    >>> from annealing.dialects import transformers
    >>> transformers.get_inverse_sqrt_schedule(lr=3e-4, num_warmup_steps=100)
    (3e-4 * chain(warmup(100, start=0), power(-0.5, per=100))).over(inf)

    `timescale` is the length of the warm-up by default, without one 10000. Ours: `lr * chain(warmup(w), inverse_sqrt(w))`.
    """
    whole_curve(last_epoch)
    per = (num_warmup_steps or 10_000) if timescale is None else timescale
    return (rate("lr", lr) * _warmed(num_warmup_steps, power_law(-0.5, per=count("timescale", per, 1)))).over(math.inf)


@dialect("transformers.get_cosine_with_min_lr_schedule_with_warmup", odd=f"{_RISES}; {_SCALED}", example=f"{_RUN}, min_lr=3e-5")
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
    odd=f"the last update has the floor, then it rises again; {_SCALED}",
    example=f"{_RUN}, min_lr=3e-5",
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


_SHAPES = {"linear": ("linear", "linear"), "cosine": ("cosine", "cosine"), "1-sqrt": ("1-(1-u)^0.5", "sqrt")}  # up, down


@dialect(
    "transformers.get_wsd_schedule",
    odd=f"{_ZERO}; phases longer than the run make a jump instead of an error",
    example="lr=3e-4, num_warmup_steps=100, num_decay_steps=200, num_training_steps=1000",
)
def get_wsd_schedule(
    lr: float,
    num_warmup_steps: int,
    num_decay_steps: int,
    num_training_steps: int | None = None,
    num_stable_steps: int | None = None,
    warmup_type: str = "linear",
    decay_type: str = "cosine",
    min_lr_ratio: float = 0.0,
    num_cycles: float = 0.5,
    last_epoch: int = -1,
) -> Plan:
    """Rise from `min_lr_ratio * lr`, stay, and fall to it again ("warmup_stable_decay").

    >>> from annealing.dialects import transformers
    >>> transformers.get_wsd_schedule(3e-4, 100, 200, 1000, decay_type="1-sqrt", min_lr_ratio=0.1)
    (3e-4 * chain(warmup(100, start=0.1), hold(700), cooldown(to=0.1))).over(1000)

    Types are "linear", "cosine" and "1-sqrt". Odd: where warm-up and decay do not fit the run, the decay has begun before the
    warm-up is over, and the rate jumps; with `num_stable_steps`, `num_training_steps` is ignored.
    Raises `ArgumentError` for other types, and when neither length is given.
    Ours: `lr * wsd(100, 200)`, which refuses what does not fit.
    """
    whole_curve(last_epoch)
    up, down = count("num_warmup_steps", num_warmup_steps), count("num_decay_steps", num_decay_steps)
    rise, fall = (_SHAPES[one_of("type", kind, *_SHAPES)] for kind in (warmup_type, decay_type))
    if num_stable_steps is not None:
        stay = count("num_stable_steps", num_stable_steps, -up - down)
    elif num_training_steps is not None:
        stay = count("num_training_steps", num_training_steps) - up - down
    else:
        raise ArgumentError("get_wsd_schedule needs num_training_steps or num_stable_steps: write num_training_steps=1000.")
    low, begin, end = rate("min_lr_ratio", min_lr_ratio), up + stay, up + stay + down
    drawn = max(up, begin), end  # the updates that use the decay; where it begins during the warm-up, its opening is lost
    decay = Piece(*drawn, (begin, 1.0), (end, low), fall[1])
    if decay_type == "cosine" and num_cycles != 0.5:
        decay = Given(*drawn, 1.0, lambda _: waves(num_cycles, down, low, end - drawn[0], ahead=drawn[0] - begin))
    pieces = [curve(0, up, low, 1.0, rise[0]), flat(up, begin, 1.0), decay, flat(end, math.inf, low)]
    return (rate("lr", lr) * joined(pieces, end)).over(end)


SCHEDULES = {
    "constant": get_constant_schedule,
    "constant_with_warmup": get_constant_schedule_with_warmup,
    "linear": get_linear_schedule_with_warmup,
    "cosine": get_cosine_schedule_with_warmup,
    "cosine_with_restarts": get_cosine_with_hard_restarts_schedule_with_warmup,
    "polynomial": get_polynomial_decay_schedule_with_warmup,
    "inverse_sqrt": get_inverse_sqrt_schedule,
    "cosine_with_min_lr": get_cosine_with_min_lr_schedule_with_warmup,
    "cosine_warmup_with_min_lr": get_cosine_with_min_lr_schedule_with_warmup_lr_rate,
    "warmup_stable_decay": get_wsd_schedule,
}
"""By the names of `SchedulerType`, all but the two that follow a metric."""


@dialect("transformers.get_scheduler", odd="that of the schedule it names", example=f'"cosine", {_RUN}')
def get_scheduler(
    name: str,
    lr: float,
    num_warmup_steps: int | None = None,
    num_training_steps: int | None = None,
    scheduler_specific_kwargs: Mapping[str, Any] | None = None,
) -> Plan:
    """Return the schedule that `SchedulerType` calls `name`.

    >>> from annealing.dialects import transformers
    >>> transformers.get_scheduler("linear", lr=3e-4, num_warmup_steps=100, num_training_steps=1000)
    (3e-4 * chain(warmup(100, start=0), linear())).over(1000)

    Raises `ArgumentError` for an unknown name, for one that follows a metric, and where a length is missing.
    """
    if name in ("greedy", "reduce_lr_on_plateau"):
        maker = "get_greedy_schedule" if name == "greedy" else "get_reduce_on_plateau_schedule"
        raise ArgumentError(f"{name!r} follows a metric, so it is no plan: use annealing.control.dialects.transformers.{maker}.")
    make: Any = SCHEDULES[one_of("name", name, *SCHEDULES)]
    if name == "constant":  # theirs looks at nothing else here, and at no extra arguments in the next case
        return make(lr)
    if num_warmup_steps is None:
        raise ArgumentError(f"{name!r} needs num_warmup_steps: write num_warmup_steps=100.")
    if name == "constant_with_warmup":
        return make(lr, num_warmup_steps)
    extra = dict(scheduler_specific_kwargs or {})
    if name == "inverse_sqrt":
        return make(lr, num_warmup_steps, **extra)
    if num_training_steps is None and name != "warmup_stable_decay":
        raise ArgumentError(f"{name!r} needs num_training_steps: write num_training_steps=1000.")
    return make(lr, num_warmup_steps, num_training_steps=num_training_steps, **extra)


@register("transformers.hard_restarts", arrays=True)
def hard_restarts(xp: Any, t: Any, cycles: float, span: float, rounded: float) -> Any:
    """(1 + cos(π·(cycles·t/span mod 1)))/2; where theirs rounds a restart away, in the order of theirs."""
    turns = cycles * (xp.real(t) / span) if rounded else cycles * xp.real(t) / span
    half = xp.sin(math.pi / 2 * (1 - (turns - xp.floor(turns))))
    return half * half


def _restarts(cycles: float, span: int) -> list[Schedule]:
    if span < 1:
        return [hold()]
    if cycles == 1:
        return [cosine()]
    whole = cycles >= 1 and cycles == int(cycles)
    late = not whole or any(int(cycles * (t / span)) != cycles * t // span for t in range(span))
    if not late and span % cycles == 0:
        return [repeat(cosine(), int(cycles))]
    return [formula("transformers.hard_restarts", cycles=cycles, span=span, rounded=late), jump(0)]


def _wave(lr: float, num_warmup_steps: int, num_training_steps: int, cycles: float, low: float) -> Plan:
    total, up = count("num_training_steps", num_training_steps), count("num_warmup_steps", num_warmup_steps)
    shape = _warmed(up, waves(cycles, total - up, low, total - up))
    return (rate("lr", lr) * shape).over(total, after="continue" if up < total else "hold")


def _warmed(num_warmup_steps: int, *phases: Schedule) -> Schedule:
    up = count("num_warmup_steps", num_warmup_steps)
    return chain(warmup(up, start=0), *phases) if up else chain(*phases)


def _floor(lr: float, min_lr: float | None, min_lr_rate: float | None) -> float:
    if (min_lr is None) == (min_lr_rate is None):
        raise ArgumentError("a floor is either min_lr or min_lr_rate: write one of them, such as min_lr_rate=0.1.")
    return rate("min_lr", min_lr) / rate("lr", lr) if min_lr is not None else rate("min_lr_rate", min_lr_rate)
