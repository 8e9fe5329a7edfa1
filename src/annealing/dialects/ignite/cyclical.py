"""ignite's schedulers that begin again with every cycle."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

import math

from annealing.core.checks import number, positive
from annealing.core.composition import chain, repeat
from annealing.core.errors import ArgumentError
from annealing.core.marks import formula, knots
from annealing.core.phases import cosine, linear
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.core.registry import register
from annealing.core.schedule import Schedule
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count
from annealing.dialects.ignite.bound import bound

_THERE_AND_BACK, _LINE, _COSINE = 0, 1, 2  # what a cycle looks like, as a number that text can hold


@dialect(
    "ignite.LinearCyclicalScheduler",
    odd="begins at start_value and reaches end_value in the middle of a cycle; broken cycle lengths are cut to whole ones",
    example='"lr", start_value=0.01, end_value=0.1, cycle_size=100',
)
def LinearCyclicalScheduler(
    param_name: str,
    start_value: float,
    end_value: float,
    cycle_size: int,
    cycle_mult: float = 1.0,
    start_value_mult: float = 1.0,
    end_value_mult: float = 1.0,
    warmup_duration: int = 0,
    save_history: bool = False,
    param_group_index: int | None = None,
    *,
    monotonic: bool = False,
) -> Plan | RecipePlan:
    """Go to `end_value` and back in straight lines, again and again; with `monotonic`, there only.

    >>> from annealing.dialects import ignite
    >>> ignite.LinearCyclicalScheduler("lr", start_value=0.01, end_value=0.1, cycle_size=100)
    repeat(chain(linear(50, to=0.1, start=0.01), linear(50, to=0.01))).over(inf)

    Each cycle is `cycle_mult` times as long as the one before and its ends `start_value_mult` and `end_value_mult` times as
    high; with `warmup_duration` it is followed by a line back to where the next one starts. Odd: lengths are cut to whole
    numbers at every turn, so growth of less than an update is none; cycles that shrink end in a division by zero, where this
    plan ends. Raises `ArgumentError` for a cycle below 2 updates, and for a warm-up unless `monotonic`.
    Ours: `0.1 * triangular(None, first=100, low=0.1)`.
    """
    if count("warmup_duration", warmup_duration) and not monotonic:
        raise ArgumentError("warmup_duration needs monotonic=True: a cycle that comes back has nowhere to warm up to.")
    kind = _LINE if monotonic else _THERE_AND_BACK
    numbers = start_value, end_value, cycle_size, cycle_mult, start_value_mult, end_value_mult, warmup_duration
    schedule, total = _cycling(kind, *numbers)
    return bound(schedule, param_name, param_group_index, total)


@dialect(
    "ignite.CosineAnnealingScheduler",
    odd="starts again after every cycle, before end_value was used; broken cycle lengths are cut to whole ones",
    example='"lr", start_value=0.1, end_value=0.001, cycle_size=100',
)
def CosineAnnealingScheduler(
    param_name: str,
    start_value: float,
    end_value: float,
    cycle_size: int,
    cycle_mult: float = 1.0,
    start_value_mult: float = 1.0,
    end_value_mult: float = 1.0,
    warmup_duration: int = 0,
    save_history: bool = False,
    param_group_index: int | None = None,
) -> Plan | RecipePlan:
    """Go to `end_value` along half a cosine, again and again.

    >>> from annealing.dialects import ignite
    >>> ignite.CosineAnnealingScheduler("lr", start_value=0.1, end_value=0.001, cycle_size=100)
    repeat(cosine(100, to=0.001, start=0.1)).over(inf)
    >>> ignite.CosineAnnealingScheduler("momentum", 0.85, 0.95, 100)(0)
    {'*': {'momentum': 0.85}}

    Arguments and errors are those of `LinearCyclicalScheduler`. Odd: it starts again at `cycle_size`, where a run of that
    length has its last value one update before the end; with `warmup_duration` the end is used. Ours: `0.1 * cosine(to=0.01)`.
    Source: Loshchilov & Hutter 2016, arXiv:1608.03983.
    """
    numbers = start_value, end_value, cycle_size, cycle_mult, start_value_mult, end_value_mult, warmup_duration
    schedule, total = _cycling(_COSINE, *numbers)
    return bound(schedule, param_name, param_group_index, total)


def _cycling(
    kind: int, start: float, end: float, size: int, growth: float, start_scale: float, end_scale: float, warmup: int
) -> tuple[Schedule, float]:
    """The cycles, and the time at which theirs cannot go on."""
    low, high, length, up = (
        number("start_value", start),
        number("end_value", end),
        count("cycle_size", size, 2),
        count("", warmup),
    )
    mult, scales = positive("cycle_mult", growth), (number("start_value_mult", start_scale), number("end_value_mult", end_scale))
    if mult == 1 and scales == (1, 1):
        one = _one(kind, low, high, length)
        return repeat(chain(one, linear(up, low)) if up else one), math.inf
    named: dict[str, float] = {"kind": kind, "start": low, "end": high, "size": length, "warmup": up}
    named |= {"growth": mult, "start_scale": scales[0], "end_scale": scales[1]}
    return formula("ignite.cycles", "rest", **named), _end(length, up, mult)


def _one(kind: int, start: float, end: float, size: int) -> Schedule:
    if kind == _COSINE:
        return cosine(size, end, start=start)
    if kind == _LINE:
        return linear(size, end, start=start)
    if size % 2:
        return knots({0: start, size / 2: end, size: start}, size)
    return chain(linear(size // 2, end, start=start), linear(size // 2, start))


def _end(size: int, warmup: int, growth: float) -> float:
    """When cycles that shrink have come to nothing."""
    if growth >= 1:
        return math.inf
    total = 0
    while size:
        total, size, warmup = total + size + warmup, int(size * growth), int(warmup * growth)
    return total


@register("ignite.cycles")
def cycles(
    t: float,
    kind: float,
    start: float,
    end: float,
    size: float,
    warmup: float,
    growth: float,
    start_scale: float,
    end_scale: float,
) -> float:
    """The value t updates into cycles whose lengths are cut to whole numbers at every turn."""
    index, length, up = 0, int(size), int(warmup)
    while t >= length + up:
        longer, later = int(length * growth), int(up * growth)
        if not longer:
            break
        if (longer, later) == (length, up):  # from here on they are equal, and endless
            turns = int(t // (length + up))
            index, t = index + turns, t - turns * (length + up)
        else:
            index, t = index + 1, t - (length + up)
            length, up = longer, later
    low, high = start * start_scale**index, end * end_scale**index
    if t > length:
        return high + (low * start_scale - high) * (t - length) / up if up else high
    done = t / length
    if kind == _COSINE:
        return low + (high - low) / 2 * (1 - math.cos(math.pi * done))
    return low + (high - low) * done if kind == _LINE else high + (low - high) * abs(done - 0.5) * 2
