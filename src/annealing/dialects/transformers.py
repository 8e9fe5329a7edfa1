"""transformers.optimization 5.23.0: every schedule that `SchedulerType` names, as plans.

`lr` is the rate their optimizer was made with. Theirs multiply the rate of every group by one factor, so for a group
with another rate the same numbers are `plan * (rate / lr)`. "greedy" and "reduce_lr_on_plateau" follow a metric: they are
in `annealing.control.dialects.transformers`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from annealing.core.checks import number, positive
from annealing.core.composition import chain, lasting, repeat
from annealing.core.errors import ArgumentError, LengthError
from annealing.core.marks import formula
from annealing.core.phases import cosine, hold, jump, linear, polynomial, warmup
from annealing.core.phases import power as power_law
from annealing.core.plan import Plan
from annealing.core.registry import register
from annealing.core.schedule import Schedule
from annealing.dialects.catalogue import dialect
from annealing.dialects.shapes import glide, waves

_RISES = "rises again after the end; the first update has rate 0"
_EASES = {"linear": ("linear", "linear"), "cosine": ("cosine", "cosine"), "1-sqrt": ("1-(1-u)^0.5", "sqrt")}  # up, down


@dialect("transformers.get_constant_schedule", example="lr=3e-4")
def get_constant_schedule(lr: float, last_epoch: int = -1) -> Plan:
    """Stay at `lr`, as SchedulerType "constant" does.

    >>> get_constant_schedule(3e-4)
    (3e-4 * hold()).over(inf)

    Ours: `lr * hold()`.
    """
    _from_the_start(last_epoch)
    return (lr * hold()).over(math.inf)


@dialect(
    "transformers.get_constant_schedule_with_warmup",
    odd="the first update has rate 0",
    example="lr=3e-4, num_warmup_steps=100",
)
def get_constant_schedule_with_warmup(lr: float, num_warmup_steps: int, last_epoch: int = -1) -> Plan:
    """Rise from zero over `num_warmup_steps` updates and stay ("constant_with_warmup").

    >>> get_constant_schedule_with_warmup(3e-4, 100)
    (3e-4 * chain(warmup(100, start=0), hold())).over(inf)

    Odd: update 0 has rate 0, so it trains nothing; so it is in all that follow, unless they say otherwise.
    Ours: `lr * chain(warmup(100), hold())`, which wastes no update.
    """
    _from_the_start(last_epoch)
    return (lr * _warmed(num_warmup_steps, hold())).over(math.inf)


@dialect(
    "transformers.get_linear_schedule_with_warmup",
    odd="the first update has rate 0",
    example="lr=3e-4, num_warmup_steps=100, num_training_steps=1000",
)
def get_linear_schedule_with_warmup(lr: float, num_warmup_steps: int, num_training_steps: int, last_epoch: int = -1) -> Plan:
    """Rise from zero, then fall in a straight line to zero at update `num_training_steps` ("linear").

    >>> get_linear_schedule_with_warmup(3e-4, 100, 1000)
    (3e-4 * chain(warmup(100, start=0), linear())).over(1000)

    Ours: `lr * chain(warmup(100), linear())`. Raises `LengthError` for a warm-up longer than the run.
    """
    _from_the_start(last_epoch)
    return (lr * _warmed(num_warmup_steps, linear())).over(num_training_steps)


@dialect(
    "transformers.get_cosine_schedule_with_warmup",
    odd=_RISES,
    example="lr=3e-4, num_warmup_steps=100, num_training_steps=1000",
)
def get_cosine_schedule_with_warmup(
    lr: float, num_warmup_steps: int, num_training_steps: int, num_cycles: float = 0.5, last_epoch: int = -1
) -> Plan:
    """Rise from zero, then follow `num_cycles` waves of a cosine between `lr` and zero ("cosine").

    >>> get_cosine_schedule_with_warmup(3e-4, 100, 1000)
    (3e-4 * chain(warmup(100, start=0), cosine())).over(1000, after="continue")

    Odd: a run that goes on after the end climbs back to the peak. Ours: `lr * chain(warmup(100), cosine())`, which stays.
    """
    _from_the_start(last_epoch)
    return (lr * _wave(num_warmup_steps, num_training_steps, num_cycles, 0.0)).over(num_training_steps, after="continue")


@dialect(
    "transformers.get_cosine_with_hard_restarts_schedule_with_warmup",
    odd="the first update has rate 0; a restart may come an update late, by rounding",
    example="lr=3e-4, num_warmup_steps=100, num_training_steps=1000, num_cycles=3",
)
def get_cosine_with_hard_restarts_schedule_with_warmup(
    lr: float, num_warmup_steps: int, num_training_steps: int, num_cycles: int = 1, last_epoch: int = -1
) -> Plan:
    """Rise from zero, then fall along `num_cycles` cosines from peak to zero, one after another ("cosine_with_restarts").

    >>> get_cosine_with_hard_restarts_schedule_with_warmup(3e-4, 100, 1000, num_cycles=3)
    (3e-4 * chain(warmup(100, start=0), repeat(cosine(), 3))).over(1000)

    Odd: a cycle is found by rounding `num_cycles * progress`, so cycles that are no whole number of updates, and some that
    are (49 cycles of 1), begin an update late at rate 0. Ours: `lr * chain(warmup(100), repeat(cosine(), 3))`.
    """
    _from_the_start(last_epoch)
    restarts = _restarts(number("num_cycles", num_cycles), num_training_steps - num_warmup_steps)
    return (lr * _warmed(num_warmup_steps, *restarts)).over(num_training_steps)


@dialect(
    "transformers.get_polynomial_decay_schedule_with_warmup",
    odd="lr_end is scaled for groups of another rate; the first update has rate 0",
    example="lr=3e-4, num_warmup_steps=100, num_training_steps=1000, power=2.0",
)
def get_polynomial_decay_schedule_with_warmup(
    lr: float,
    num_warmup_steps: int,
    num_training_steps: int,
    lr_end: float = 1e-7,
    power: float = 1.0,
    last_epoch: int = -1,
) -> Plan:
    """Rise from zero, then fall as (1 - progress)^power to `lr_end` ("polynomial").

    >>> get_polynomial_decay_schedule_with_warmup(0.1, 100, 1000, lr_end=0.001, power=2)
    (0.1 * chain(warmup(100, start=0), polynomial(to=0.01))).over(1000)

    Odd: `lr_end` is a rate for the group with the optimizer's own rate only, elsewhere it is scaled; a warm-up as long as
    the run divides by zero, here it is refused. Ours: `lr * chain(warmup(100), polynomial(to=lr_end / lr))`.
    Raises `ArgumentError` unless `lr` is above `lr_end`.
    """
    _from_the_start(last_epoch)
    if not number("lr", lr) > number("lr_end", lr_end):
        raise ArgumentError(f"lr_end={lr_end!r} must be below lr={lr!r}: write a smaller lr_end.")
    if num_warmup_steps == num_training_steps:
        raise LengthError(f"num_warmup_steps={num_warmup_steps} leaves nothing of the run to decay: write a shorter warm-up.")
    shape = polynomial(to=lr_end / lr, power=power)
    return (lr * _warmed(num_warmup_steps, shape)).over(num_training_steps)


@dialect("transformers.get_inverse_sqrt_schedule", odd="the first update has rate 0", example="lr=3e-4, num_warmup_steps=100")
def get_inverse_sqrt_schedule(lr: float, num_warmup_steps: int, timescale: int | None = None, last_epoch: int = -1) -> Plan:
    """Rise from zero, then fall as 1/√(1 + t/timescale), t counted from the end of the warm-up ("inverse_sqrt").

    >>> get_inverse_sqrt_schedule(3e-4, 100)
    (3e-4 * chain(warmup(100, start=0), power(-0.5, per=100))).over(inf)

    `timescale` is by default the length of the warm-up, without one 10000. Ours: `lr * chain(warmup(w), inverse_sqrt(w))`.
    """
    _from_the_start(last_epoch)
    per = (num_warmup_steps or 10_000) if timescale is None else timescale
    return (lr * _warmed(num_warmup_steps, power_law(-0.5, per=per))).over(math.inf)


@dialect(
    "transformers.get_cosine_with_min_lr_schedule_with_warmup",
    odd=f"{_RISES}; min_lr is scaled for groups of another rate",
    example="lr=3e-4, num_warmup_steps=100, num_training_steps=1000, min_lr=3e-5",
)
def get_cosine_with_min_lr_schedule_with_warmup(
    lr: float,
    num_warmup_steps: int,
    num_training_steps: int,
    num_cycles: float = 0.5,
    last_epoch: int = -1,
    min_lr: float | None = None,
    min_lr_rate: float | None = None,
) -> Plan:
    """Rise from zero, then follow a cosine between `lr` and a floor ("cosine_with_min_lr").

    >>> get_cosine_with_min_lr_schedule_with_warmup(0.5, 100, 1000, min_lr_rate=0.1)
    (0.5 * chain(warmup(100, start=0), cosine(to=0.1))).over(1000, after="continue")

    The floor is `min_lr`, a rate, or `min_lr_rate`, a share of `lr`. Odd: it rises after the end; `min_lr` is divided by the
    optimizer's default rate, so a group of twice that rate stops at twice `min_lr`.
    Ours: `lr * chain(warmup(100), cosine(to=min_lr / lr))`, for each group with its own `lr`.
    Raises `ArgumentError` unless exactly one floor is given.
    """
    _from_the_start(last_epoch)
    shape = _wave(num_warmup_steps, num_training_steps, num_cycles, _floor(lr, min_lr, min_lr_rate))
    return (lr * shape).over(num_training_steps, after="continue")


@dialect(
    "transformers.get_cosine_with_min_lr_schedule_with_warmup_lr_rate",
    odd="the floor is reached by the last update, and it rises again after it; min_lr is scaled for groups of another rate",
    example="lr=3e-4, num_warmup_steps=100, num_training_steps=1000, min_lr=3e-5",
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
    """Rise to the peak by update `num_warmup_steps - 1`, reach the floor by the last update ("cosine_warmup_with_min_lr").

    >>> get_cosine_with_min_lr_schedule_with_warmup_lr_rate(0.5, 100, 1000, min_lr_rate=0.1)
    (0.5 * chain(warmup(99), knots({0: 1, 900: 0.1, 1800: 1}, ease="cosine"))).over(1000, after="continue")

    Update t of the warm-up uses (t + 1)/num_warmup_steps of the peak, or rises from the share `warmup_lr_rate`.
    Odd: after the last update it rises; a warm-up of 1 with `warmup_lr_rate` never reaches the peak.
    Ours: `(lr * chain(warmup(99), cosine(to=0.1))).over(1000, endpoint=True)`. Raises `ArgumentError` as above.
    """
    _from_the_start(last_epoch)
    floor, span = _floor(lr, min_lr, min_lr_rate), max(1, num_training_steps - num_warmup_steps)
    # The wave is one update ahead of the clock; it begins with the warm-up's last update, or else one before the run.
    if warmup_lr_rate is None or num_warmup_steps != 1:
        rise = [warmup(num_warmup_steps - 1, start=warmup_lr_rate)] if num_warmup_steps > 1 else []
        ahead = 0 if num_warmup_steps else 1
    else:
        rise, ahead = [jump(number("warmup_lr_rate", warmup_lr_rate)), hold(1)], 1
    shape = chain(*rise, waves(num_cycles, span, floor, ahead=ahead, length=span + 1 - ahead))
    return (lr * shape).over(num_training_steps, after="continue")


@dialect(
    "transformers.get_wsd_schedule",
    odd="starts at min_lr_ratio; phases that do not fit the run jump",
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
    """Rise from `min_lr_ratio * lr`, stay, fall to `min_lr_ratio * lr` ("warmup_stable_decay").

    >>> get_wsd_schedule(3e-4, 100, 200, 1000, decay_type="1-sqrt")
    (3e-4 * chain(warmup(100, start=0), hold(700), cooldown(200))).over(1000)

    The types are "linear", "cosine" and "1-sqrt". Odd: the warm-up starts at the floor of the decay; where warm-up and decay
    are longer than the run, the decay has begun when the warm-up ends, and the rate jumps; with `num_stable_steps` the run's
    own length is not looked at. Ours: `lr * wsd(100, 200)`, which refuses phases that do not fit.
    Raises `ArgumentError` for an unknown type, and when neither length of the run is given.
    """
    _from_the_start(last_epoch)
    for name, kind in (("warmup_type", warmup_type), ("decay_type", decay_type)):
        if kind not in _EASES:
            raise ArgumentError(f"{name}={kind!r} is unknown: write one of {', '.join(map(repr, _EASES))}.")
    stable = num_stable_steps
    if stable is None:
        if num_training_steps is None:
            raise ArgumentError("get_wsd_schedule needs num_training_steps or num_stable_steps: write num_training_steps=1000.")
        stable = num_training_steps - num_warmup_steps - num_decay_steps
    floor = number("min_lr_ratio", min_lr_ratio)
    rise = [warmup(num_warmup_steps, start=floor, ease=_EASES[warmup_type][0])] if num_warmup_steps else []
    stay = [hold(stable)] if stable > 0 else []
    late = max(-stable, 0)  # how much of the decay is over before it begins
    fall = _decay(num_decay_steps, late, floor, decay_type, num_cycles)
    return (lr * chain(*rise, *stay, *fall)).over(num_warmup_steps + stable + num_decay_steps)


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
"""The names of `SchedulerType`, without the two that follow a metric."""


@dialect(
    "transformers.get_scheduler",
    odd="as the schedule of that name",
    example='"cosine", lr=3e-4, num_warmup_steps=100, num_training_steps=1000',
)
def get_scheduler(
    name: str,
    lr: float,
    num_warmup_steps: int | None = None,
    num_training_steps: int | None = None,
    scheduler_specific_kwargs: Mapping[str, Any] | None = None,
) -> Plan:
    """Return the schedule that `SchedulerType` calls `name`.

    >>> get_scheduler("linear", 3e-4, 100, 1000) == get_linear_schedule_with_warmup(3e-4, 100, 1000)
    True

    Raises `ArgumentError` for an unknown name, for one that follows a metric, and where a length is missing.
    """
    if name in ("greedy", "reduce_lr_on_plateau"):
        maker = "get_greedy_schedule" if name == "greedy" else "get_reduce_on_plateau_schedule"
        raise ArgumentError(f"{name!r} follows a metric, not the update: write annealing.control.dialects.transformers.{maker}.")
    if name not in SCHEDULES:
        raise ArgumentError(f"name={name!r} is unknown: write one of {', '.join(map(repr, SCHEDULES))}.")
    lengths: dict[str, Any] = {}
    if name != "constant":
        lengths["num_warmup_steps"] = _given(name, "num_warmup_steps", num_warmup_steps)
    if name == "warmup_stable_decay":
        lengths["num_training_steps"] = num_training_steps
    elif name not in ("constant", "constant_with_warmup", "inverse_sqrt"):
        lengths["num_training_steps"] = _given(name, "num_training_steps", num_training_steps)
    extra = {} if name in ("constant", "constant_with_warmup") else scheduler_specific_kwargs or {}  # theirs look at none there
    return SCHEDULES[name](lr, **lengths, **extra)


@register("transformers.hard_restarts", arrays=True)
def hard_restarts(xp: Any, t: Any, cycles: float, span: float) -> Any:
    """(1 + cos(π·((cycles·t/span) mod 1)))/2, rounded as theirs."""
    turns = cycles * (xp.real(t) / span)
    left = xp.sin(math.pi / 2 * (1 - (turns - xp.floor(turns))))
    return left * left


def _restarts(cycles: float, span: int) -> list[Schedule]:
    if span < 1:
        return [hold()]
    if cycles == 1:
        return [cosine()]
    whole = cycles >= 1 and cycles == int(cycles) and span % cycles == 0
    if whole and all(int(cycles * (i * (span // cycles) / span)) == i for i in range(int(cycles))):
        return [repeat(cosine(), int(cycles))]
    return [formula("transformers.hard_restarts", cycles=cycles, span=span), jump(0)]


def _wave(num_warmup_steps: int, num_training_steps: int, cycles: float, floor: float) -> Schedule:
    span = num_training_steps - num_warmup_steps
    shape = cosine(to=floor) if cycles == 0.5 else waves(number("num_cycles", cycles), span, floor, length=span)
    return _warmed(num_warmup_steps, shape)


def _decay(steps: int, late: int, floor: float, kind: str, cycles: float) -> list[Schedule]:
    """Return the decay of `get_wsd_schedule`, of which `late` updates are over when it begins."""
    left = steps - late
    if left <= 0:
        return [jump(floor)]
    if kind == "cosine" and cycles != 0.5:
        return [lasting(waves(cycles, steps, floor, ahead=late, length=left), left), jump(floor)]
    return [glide(_EASES[kind][1], 1.0, floor, steps, ahead=late)]


def _warmed(num_warmup_steps: int, *phases: Schedule) -> Schedule:
    return chain(warmup(num_warmup_steps, start=0), *phases) if num_warmup_steps else chain(*phases)


def _floor(lr: float, min_lr: float | None, min_lr_rate: float | None) -> float:
    if (min_lr is None) == (min_lr_rate is None):
        raise ArgumentError("a floor is min_lr or min_lr_rate, one of the two: write min_lr_rate=0.1.")
    share = min_lr / positive("lr", lr) if min_lr is not None else number("min_lr_rate", min_lr_rate)
    if share < 0:
        raise ArgumentError(f"a floor of {share:g} times lr is below 0: write min_lr_rate=0 or more.")
    return share


def _given(name: str, argument: str, value: int | None) -> int:
    if value is None:
        raise ArgumentError(f"{name!r} needs {argument}: write {argument}=1000.")
    return value


def _from_the_start(last_epoch: int) -> None:
    if last_epoch != -1:
        raise ArgumentError(
            f"last_epoch={last_epoch!r} resumes theirs: a plan has no position, so read it at plan({last_epoch})."
        )
