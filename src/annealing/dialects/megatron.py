"""Megatron-LM's OptimizerParamScheduler, for the rate and the weight decay, and its batch-size ramp.

Theirs counts consumed samples: `step(increment)` gets a global batch's worth, and the first update uses count 0. So
these plans count samples as well (`unit="updates"` or "tokens" where the counts given are those). Flags about what to
believe when a checkpoint is loaded have no place in a plan.

Read from megatron-core 0.16.1, whose own code the tests run beside these.
"""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

from annealing.core.checks import number
from annealing.core.errors import ArgumentError
from annealing.core.length import LengthLike
from annealing.core.marks import stairs
from annealing.core.phases import geometric, hold, power
from annealing.core.plan import Plan
from annealing.core.recipe import Recipe, RecipePlan
from annealing.core.schedule import Schedule
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, one_of, rate
from annealing.dialects.pieces import Given, Piece, curve, flat, joined

_EASES = {"linear": "linear", "cosine": "cosine", "minus_sqrt": "sqrt"}
_OVERRIDES = ("max_lr", "min_lr", "start_wd", "end_wd", "wd_mult")


@dialect(
    "megatron.OptimizerParamScheduler",
    odd="lr_decay_steps counts from the start, warm-up included; loading a checkpoint adds the saved count to the current one",
    example="init_lr=0.0, max_lr=3e-4, min_lr=3e-5, lr_warmup_steps=2_000, lr_decay_steps=100_000, lr_decay_style='cosine', "
    "start_wd=0.1, end_wd=0.1, wd_incr_steps=100_000, wd_incr_style='constant'",
)
def OptimizerParamScheduler(
    init_lr: float,
    max_lr: float,
    min_lr: float,
    lr_warmup_steps: int,
    lr_decay_steps: int,
    lr_decay_style: str,
    start_wd: float,
    end_wd: float,
    wd_incr_steps: int,
    wd_incr_style: str,
    *,
    wsd_decay_steps: int | None = None,
    lr_wsd_decay_style: str | None = None,
    groups: Mapping[str, Mapping[str, float]] | None = None,
    unit: str = "samples",
) -> RecipePlan:
    """Warm up from `init_lr` to `max_lr`, decay to `min_lr`, and move the weight decay from `start_wd` to `end_wd`.

    >>> from annealing.dialects import megatron
    >>> plan = megatron.OptimizerParamScheduler(0.0, 3e-4, 3e-5, 20, 1000, "cosine", 0.01, 0.1, 1000, "linear")
    >>> plan.plans_for("")["lr"]
    chain(warmup(20, to=3e-4, start=0), cosine(to=3e-5)).over(1000, unit="samples")
    >>> plan.plans_for("")["weight_decay"]
    linear(to=0.1, start=0.01).over(1000, unit="samples")

    Arguments: `lr_decay_style` is "constant", "linear", "cosine", "inverse-square-root" or "WSD", which needs
    `wsd_decay_steps` and `lr_wsd_decay_style` ("linear", "cosine", "exponential", "minus_sqrt"); `wd_incr_style` is
    "constant", "linear" or "cosine"; `groups`, {pattern: what a parameter group overrides of max_lr, min_lr, start_wd,
    end_wd, wd_mult}. Raises `ArgumentError` for what theirs asserts against.
    Odd: "inverse-square-root" drops to min_lr after lr_decay_steps, wherever it is; a WSD decay longer than what the
    warm-up leaves jumps into its middle. Their load_state_dict steps by the saved count on top of its own.
    Ours: `Recipe(lr=max_lr * chain(warmup(20), cosine(to=0.1)), weight_decay=…)`, whose state is only a count.
    """
    warm, end = count("lr_warmup_steps", lr_warmup_steps), count("lr_decay_steps", lr_decay_steps, 1)
    if warm >= end:
        raise ArgumentError(f"lr_warmup_steps={warm} must be below lr_decay_steps={end}, which counts from the start of the run.")
    style = one_of("lr_decay_style", lr_decay_style, "constant", "linear", "cosine", "inverse-square-root", "WSD")
    decay = _wsd(wsd_decay_steps, lr_wsd_decay_style) if style == "WSD" else (0, "")
    rising = count("wd_incr_steps", wd_incr_steps)
    how = one_of("wd_incr_style", wd_incr_style, "constant", "linear", "cosine")
    if how != "constant" and not rising:
        raise ArgumentError(f"wd_incr_steps=0 divides by zero with wd_incr_style={how!r}: write 'constant', or more steps.")
    total = max(end + (style == "inverse-square-root" or decay == (0, "linear")), rising)

    def moved(own: Mapping[str, float]) -> dict[str, Schedule | float]:
        values = {"max_lr": max_lr, "min_lr": min_lr, "start_wd": start_wd, "end_wd": end_wd, "wd_mult": 1.0, **own}
        if unknown := sorted(set(values) - set(_OVERRIDES)):
            raise ArgumentError(f"groups cannot override {', '.join(unknown)}: they may override {', '.join(_OVERRIDES)}.")
        ends = _rates(init_lr, values["max_lr"], values["min_lr"])
        lr = joined(_rise(ends, warm) + _fall(ends, warm, end, style, decay), total)
        return {"lr": lr, "weight_decay": _weight_decay(values, rising, how, total)}

    return Recipe(moved({}), groups={pattern: moved(own) for pattern, own in (groups or {}).items()}).over(total, unit=unit)


class _Rates(NamedTuple):
    initial: float
    top: float
    floor: float


def _rates(init_lr: float, max_lr: float, min_lr: float) -> _Rates:
    rates = _Rates(rate("init_lr", init_lr), rate("max_lr", max_lr), rate("min_lr", min_lr))
    if rates.floor > rates.top or rates.initial > rates.top:
        raise ArgumentError(f"min_lr={min_lr!r} and init_lr={init_lr!r} must not be above max_lr={max_lr!r}.")
    return rates


def _wsd(steps: int | None, style: str | None) -> tuple[int, str]:
    if steps is None or style is None:
        raise ArgumentError("lr_decay_style='WSD' needs wsd_decay_steps=1000 and lr_wsd_decay_style='minus_sqrt'.")
    length = count("wsd_decay_steps", steps)
    return length, one_of("lr_wsd_decay_style", style, *_EASES, "exponential") if length else "linear"


def _rise(rates: _Rates, warm: int) -> list[Piece | Given]:
    return [curve(0, warm, rates.initial, rates.top)] if warm else []


def _fall(rates: _Rates, warm: int, end: int, style: str, decay: tuple[int, str]) -> list[Piece | Given]:
    top, floor = rates.top, rates.floor
    if style == "constant":
        return [flat(warm, math.inf, top)]
    if style == "inverse-square-root":
        since = max(warm, 1)

        def fall(length: LengthLike) -> Schedule:
            return power(-0.5, per=since, length=length).clip(low=floor)

        return [flat(warm, since, top), Given(since, end + 1, top, fall), flat(end + 1, math.inf, floor)]
    if style == "WSD":
        return _stable_decay(rates, warm, end, *decay)
    return [curve(warm, end, top, floor, style), flat(end, math.inf, floor)]


def _stable_decay(rates: _Rates, warm: int, end: int, length: int, style: str) -> list[Piece | Given]:
    top, floor = rates.top, rates.floor
    if not length:  # a decay of no length is over right after its end
        return [flat(warm, end + 1, top), flat(end + 1, math.inf, floor)]
    begin = end - length
    first = begin if begin >= warm else warm + (warm > 0)  # the warm-up's last value is used in any case
    stable, rest = flat(warm, first, top), flat(end, math.inf, floor)
    if style != "exponential":
        return [stable, Piece(first, end, (begin, top), (end, floor), _EASES[style]), rest]
    left = 0.5 ** ((first - begin) / length)

    def halve(phase: LengthLike) -> Schedule:
        return floor + (top - floor) * (2 * geometric(0.5, per=length, length=phase, start=left) - 1)

    return [stable, Given(first, end, floor + (top - floor) * (2 * left - 1), halve), rest]


def _weight_decay(values: Mapping[str, float], steps: int, style: str, total: int) -> Schedule:
    times = number("wd_mult", values["wd_mult"])
    start, end = (times * number(name, values[name]) for name in ("start_wd", "end_wd"))
    if not 0 <= values["start_wd"] <= values["end_wd"]:
        raise ArgumentError(f"start_wd={values['start_wd']!r} must be at least 0 and not above end_wd={values['end_wd']!r}.")
    if style == "constant":
        if start != end:
            raise ArgumentError(f"wd_incr_style='constant' needs start_wd and end_wd to be equal, not {start:g} and {end:g}.")
        return end * hold()
    return joined([curve(0, steps, start, end, style), flat(steps, math.inf, end)], total)


@dialect(
    "megatron.RampupBatchsizeNumMicroBatchesCalculator",
    odd="a ramp of no increments or no samples divides by zero",
    example="global_batch_size=512, start_global_batch_size=64, batch_size_increment=64, ramup_samples=70_000",
)
def RampupBatchsizeNumMicroBatchesCalculator(
    global_batch_size: int, start_global_batch_size: int, batch_size_increment: int, ramup_samples: int
) -> Plan:
    """Raise the global batch size in equal increments while the first `ramup_samples` samples are consumed.

    >>> from annealing.dialects import megatron
    >>> megatron.RampupBatchsizeNumMicroBatchesCalculator(256, 64, 64, 3000)
    stairs({0: 64, 1000: 128, 2000: 192, 3000: 256}).over(inf, unit="samples")

    Raises `ArgumentError` where the increments do not add up to the difference. Ours: `annealing.batch`.
    """
    final, first = count("global_batch_size", global_batch_size, 1), count("start_global_batch_size", start_global_batch_size, 1)
    by, ramp = count("batch_size_increment", batch_size_increment, 1), count("ramup_samples", ramup_samples, 1)
    if final <= first or (final - first) % by:
        raise ArgumentError(f"increments of {by} do not lead from {first} to {final}: the difference must be a multiple above 0.")
    steps = (final - first) // by
    per = ramp / steps  # as theirs has it: samples per increment, in floats
    marks: dict[LengthLike, float] = {0: first}
    for i in range(1, steps + 1):
        mark = max(math.ceil(i * per) - 1, 0)
        while mark <= ramp and int(mark / per) < i:
            mark += 1
        marks[mark] = first + i * by
    return stairs(marks).over(math.inf, unit="samples")
