"""DeepSpeed's schedulers: LRRangeTest, OneCycle, WarmupLR, WarmupDecayLR, WarmupCosineLR.

The engine steps the scheduler after the optimizer, and the scheduler counts from −1: update 0 uses what the
constructor wrote, update t from 1 on uses theirs at t − 1. So every warm-up begins with two updates at its floor, and
every schedule ends one update late. `lr` is the optimizer's rate; most of them write their own over it.

Read from deepspeed 0.19.8, whose own code the tests run beside these.
"""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

import math
from typing import Any

from annealing.core.checks import number
from annealing.core.length import LengthLike
from annealing.core.marks import formula
from annealing.core.phases import hold, inverse_time, power
from annealing.core.plan import Plan
from annealing.core.recipe import Recipe, RecipePlan
from annealing.core.registry import register
from annealing.core.schedule import Schedule
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, one_of, rate
from annealing.dialects.pieces import Given, Piece, curve, flat, joined, scaled


@register("deepspeed.log_warmup", arrays=True)
def log_warmup(xp: Any, t: Any, steps: float) -> Any:
    """DeepSpeed's default warm-up: log(t + 1)/log(steps), at most 1."""
    done = xp.log(xp.real(t) + 1) / math.log(steps)
    return xp.minimum(done, 1 + 0 * done)


@dialect(
    "deepspeed.LRRangeTest",
    odd="rises for ever, in a straight line; the optimizer's own rate is ignored",
    example="lr_range_test_min_lr=1e-3, lr_range_test_step_size=200",
)
def LRRangeTest(
    lr: float | None = None,
    lr_range_test_min_lr: float = 1e-3,
    lr_range_test_step_size: int = 2000,
    lr_range_test_step_rate: float = 1.0,
    lr_range_test_staircase: bool = False,
) -> Plan:
    """Raise the rate by `step_rate` times its start in every `step_size` updates, to see where training breaks.

    >>> from annealing.dialects import deepspeed
    >>> deepspeed.LRRangeTest(lr_range_test_min_lr=1e-4, lr_range_test_step_size=200)
    (1e-4 * power(1, per=200)).over(inf)

    Odd: it never ends, and a straight line tries few small rates. Ours: `annealing.find`.
    Source: Smith 2018, arXiv:1803.09820.
    """
    del lr
    low, size = rate("lr_range_test_min_lr", lr_range_test_min_lr), count("lr_range_test_step_size", lr_range_test_step_size, 1)
    line = _line(number("lr_range_test_step_rate", lr_range_test_step_rate), size)
    return (low * (line.every(size) if lr_range_test_staircase else line)).over(math.inf)


@dialect(
    "deepspeed.OneCycle",
    odd="momentum begins at its minimum for one update; betas[1] is forced to 0.99; past the cycle momentum grows for ever",
    example="cycle_min_lr=0.01, cycle_max_lr=0.1, cycle_first_step_size=100, decay_step_size=100, decay_lr_rate=0.5",
)
def OneCycle(
    lr: float | None = None,
    cycle_min_lr: float | None = None,
    cycle_max_lr: float | None = None,
    decay_lr_rate: float = 0.0,
    cycle_first_step_size: int = 2000,
    cycle_second_step_size: int | None = None,
    cycle_first_stair_count: int = 0,
    cycle_second_stair_count: int | None = None,
    decay_step_size: int = 0,
    cycle_momentum: bool = True,
    cycle_min_mom: float = 0.8,
    cycle_max_mom: float = 0.9,
    decay_mom_rate: float = 0.0,
) -> Plan | RecipePlan:
    """Go up to `cycle_max_lr` and back in straight lines or stairs, then fall as min/(1 + rate·t/decay_step_size).

    >>> from annealing.dialects import deepspeed
    >>> deepspeed.OneCycle(cycle_min_lr=0.01, cycle_max_lr=0.1, cycle_first_step_size=100, cycle_momentum=False)
    chain(warmup(100, to=0.1, start=0.01), linear(100, to=0.01), hold()).over(inf)

    Arguments: `lr` stands for their optimizer, whose rate is overwritten. With cycle_momentum (and an optimizer with
    betas, as theirs needs) the result is a recipe plan of lr, `betas[0]` and `betas[1]`.
    Odd: update 0 uses cycle_min_mom although the rate is lowest there; the second beta becomes 0.99; momentum grows
    past 1 in the end. Ours: `chain(trapezoid…)`, or `onecycle()`. Source: Smith 2018, arXiv:1803.09820.
    """
    del lr
    low, high = rate("cycle_min_lr", cycle_min_lr), rate("cycle_max_lr", cycle_max_lr)
    first = count("cycle_first_step_size", cycle_first_step_size, 1)
    second = first if cycle_second_step_size is None else count("cycle_second_step_size", cycle_second_step_size)
    up = count("cycle_first_stair_count", cycle_first_stair_count)
    down = up if cycle_second_stair_count is None else count("cycle_second_stair_count", cycle_second_stair_count)
    per, end = count("decay_step_size", decay_step_size), first + second
    falls, grows = number("decay_lr_rate", decay_lr_rate), number("decay_mom_rate", decay_mom_rate)

    def fall(length: LengthLike) -> Schedule:
        return inverse_time(falls, per=per, length=length) if per and falls else hold(length)

    rates = joined([*_up(low, high, first, up), *_down(low, high, first, second, down), Given(end, math.inf, low, fall)])
    if not cycle_momentum:
        return rates.over(math.inf)
    small, large = number("cycle_min_mom", cycle_min_mom), number("cycle_max_mom", cycle_max_mom)

    def grow(length: LengthLike) -> Schedule:
        return large * _line(grows, per, length) if per and grows else hold(length)

    cycle = [*_up(large, small, first, up), *_down(large, small, first, second, down)]
    seen = [piece._replace(begin=max(piece.begin, 1)) for piece in cycle]
    momenta = joined([flat(0, 1, small), *seen, Given(end, math.inf, large, grow)])
    return Recipe({"betas[0]": momenta, "betas[1]": 0.99}, lr=rates).over(math.inf)


@dialect(
    "deepspeed.WarmupLR",
    odd="the first two updates both use warmup_min_lr, by default 0; the default rise is logarithmic",
    example="lr=0.1, warmup_num_steps=100",
)
def WarmupLR(
    lr: float | None = None,
    warmup_min_lr: float = 0.0,
    warmup_max_lr: float | None = None,
    warmup_num_steps: int = 1000,
    warmup_type: str = "log",
) -> Plan:
    """Rise from `warmup_min_lr` to `warmup_max_lr` (by default `lr`), along a logarithm or a line, and stay.

    >>> from annealing.dialects import deepspeed
    >>> deepspeed.WarmupLR(lr=0.1, warmup_num_steps=100, warmup_type="linear")
    chain(jump(0), hold(1), warmup(100, to=0.1), hold()).over(inf)

    Odd: updates 0 and 1 both train at warmup_min_lr; the logarithm is steep at first, half way up after √n updates.
    A warmup_num_steps of 1 is taken as 2. Raises `ArgumentError` for an unknown warmup_type, where theirs warns and
    takes the logarithm. Ours: `lr * chain(warmup(100), hold())`, which wastes no update.
    """
    low, high = rate("warmup_min_lr", warmup_min_lr), rate("warmup_max_lr", lr if warmup_max_lr is None else warmup_max_lr)
    rise, end = _rise(low, high, warmup_num_steps, warmup_type)
    return joined([flat(0, 1, low), rise, flat(end, math.inf, high)]).over(math.inf)


@dialect(
    "deepspeed.WarmupDecayLR",
    odd="ends one update late, so that the last real one is above the floor; lr is ignored, the peak is 0.001 unless written",
    example="total_num_steps=1000, warmup_max_lr=0.1, warmup_num_steps=100",
)
def WarmupDecayLR(
    lr: float | None = None,
    total_num_steps: int | None = None,
    warmup_min_lr: float = 0.0,
    warmup_max_lr: float = 0.001,
    warmup_num_steps: int = 1000,
    warmup_type: str = "log",
) -> Plan:
    """Rise as `WarmupLR`, then fall to `warmup_min_lr` in a straight line.

    >>> from annealing.dialects import deepspeed
    >>> deepspeed.WarmupDecayLR(0.1, 1000, warmup_max_lr=0.1, warmup_num_steps=100, warmup_type="linear")
    chain(jump(0), hold(1), warmup(100, to=0.1), linear()).over(1001)

    Odd: the peak is at update n + 1 and the floor at total_num_steps + 1, which is why the plan is one longer; the
    optimizer's own rate is ignored. A total shorter than the warm-up drops to the floor after it.
    Ours: `lr * chain(warmup(100), linear())`.
    """
    del lr
    low, high, total = rate("warmup_min_lr", warmup_min_lr), rate("warmup_max_lr", warmup_max_lr), _total(total_num_steps)
    rise, end = _rise(low, high, warmup_num_steps, warmup_type)
    whole = max(total + 1, end)
    return joined([flat(0, 1, low), rise, curve(end, total + 1, high, low), flat(whole, math.inf, low)], whole).over(whole)


@dialect(
    "deepspeed.WarmupCosineLR",
    odd="update 0 uses a rate of 0 whatever warmup_min_ratio says; with a linear warm-up the peak is never reached",
    example="lr=0.1, total_num_steps=1000, warmup_num_steps=100",
)
def WarmupCosineLR(
    lr: float,
    total_num_steps: int,
    warmup_min_ratio: float = 0.0,
    warmup_num_steps: int = 1000,
    cos_min_ratio: float = 0.0001,
    warmup_type: str = "log",
) -> Plan:
    """Rise as `WarmupLR`, in shares of `lr`, then fall to `cos_min_ratio` of it along half a cosine.

    >>> from annealing.dialects import deepspeed
    >>> deepspeed.WarmupCosineLR(0.1, 1000, warmup_num_steps=100, warmup_type="linear").values(3)
    array([0.   , 0.   , 0.001])

    Odd: update 0 uses 0, update 1 warmup_min_ratio; the cosine counts from one update before the warm-up is over, so
    that a linear one jumps from (n − 1)/n over its peak into the fall. Ours: `lr * chain(warmup(100), cosine(to=1e-4))`.
    """
    low, floor, total = rate("warmup_min_ratio", warmup_min_ratio), rate("cos_min_ratio", cos_min_ratio), _total(total_num_steps)
    rise, end = _rise(low, 1.0, warmup_num_steps, warmup_type)
    whole = max(total, end)
    fall = Piece(end, total, (end - 1, 1.0), (total, floor), "cosine")
    return scaled(rate("lr", lr), joined([flat(0, 1, 0.0), rise, fall, flat(whole, math.inf, floor)], whole)).over(whole)


def _rise(low: float, high: float, steps: int, kind: str) -> tuple[Piece | Given, int]:
    """The warm-up that update 1 begins, and the first update after it."""
    length = max(2, count("warmup_num_steps", steps, 1))
    if one_of("warmup_type", kind, "log", "linear") == "linear" or low == high:
        return curve(1, length + 1, low, high), length + 1

    def rise(phase: LengthLike) -> Schedule:
        ramp = formula("deepspeed.log_warmup", phase, steps=length)
        return low + (high - low) * ramp if low else scaled(high, ramp)

    return Given(1, length + 1, low, rise), length + 1


def _up(low: float, high: float, length: int, stairs: int) -> list[Piece]:
    """From `low` to `high`, in a line or in stairs that are climbed when their share of the way is done."""
    if not stairs:
        return [curve(0, length, low, high)]
    edges = [-(-i * length // stairs) for i in range(stairs + 1)]
    return [flat(edges[i], edges[i + 1], low + (high - low) * i / stairs) for i in range(stairs)]


def _down(low: float, high: float, begin: int, length: int, stairs: int) -> list[Piece]:
    """From `high` to `low`; a stair is left as soon as any of its share of the way is done, so the top lasts one update."""
    end = begin + length
    if not stairs or not length:
        return [curve(begin, end, high, low)]
    edges = [*(end + 1 + (-(i + 1) * length // stairs) for i in range(stairs, -1, -1)), end]
    edges[0] = begin
    return [flat(edges[stairs - i], edges[stairs - i + 1], low + (high - low) * i / stairs) for i in range(stairs, -1, -1)]


def _line(slope: float, per: int, length: LengthLike = "rest") -> Schedule:
    """1 + slope·t/per, without an end."""
    line = power(1, per=per, length=length)
    return line if slope == 1 else (1 - slope) + slope * line


def _total(total_num_steps: int | None) -> int:
    return count("total_num_steps", total_num_steps, 1)
