"""keras.optimizers.schedules, as of keras 3.15: called with the iterations done, which is our update index.

They compute in float32 and these in float64. `name` labels their graph and nothing else; it is accepted so that
`CosineDecay(**schedule.get_config())` works.
"""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from annealing.core.checks import number, positive
from annealing.core.composition import chain, repeat
from annealing.core.errors import ArgumentError
from annealing.core.marks import formula, stairs
from annealing.core.phases import cosine, geometric, inverse_time, linear, polynomial
from annealing.core.plan import Plan
from annealing.core.registry import register
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count
from annealing.dialects.decays import decay


@dialect("keras.ExponentialDecay", example="0.1, decay_steps=100, decay_rate=0.5")
def ExponentialDecay(
    initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False, name: str = "ExponentialDecay"
) -> Plan:
    """Multiply by `decay_rate` once in every `decay_steps` updates, all at once at their end with `staircase`.

    >>> from annealing.dialects import keras
    >>> keras.ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)
    (0.1 * geometric(0.5, per=100)).over(inf)

    Ours: `0.1 * geometric(0.5, per=100)`, and `.every(100)` for the staircase.
    """
    del name
    curve = decay(decay_rate, count("decay_steps", decay_steps, 1), staircase=bool(staircase))
    return (number("initial_learning_rate", initial_learning_rate) * curve).over(math.inf)


@dialect(
    "keras.PiecewiseConstantDecay",
    odd="the old value is still used at update = boundary; everywhere else the new one is",
    example="boundaries=[30, 80], values=[0.1, 0.01, 0.001]",
)
def PiecewiseConstantDecay(boundaries: Sequence[int], values: Sequence[float], name: str = "PiecewiseConstant") -> Plan:
    """Use `values[i]` up to and including update `boundaries[i]`.

    >>> from annealing.dialects import keras
    >>> keras.PiecewiseConstantDecay([30, 80], [0.1, 0.01, 0.001])
    stairs({0: 0.1, 31: 0.01, 81: 0.001}).over(inf)

    Odd: the change comes one update after the boundary, there and here. Raises `ArgumentError` when there is not one
    value more than boundaries, or they do not rise. Ours: `stairs({0: 0.1, 30: 0.01, 80: 0.001})`, from update 30 on.
    """
    del name
    marks, levels = [count("boundary", mark) for mark in boundaries], [number("value", value) for value in values]
    if not marks or marks != sorted(marks) or len(levels) != len(marks) + 1:
        raise ArgumentError(
            f"boundaries={list(boundaries)} and values={list(values)} do not match: write rising boundaries, at least one, "
            "and one value more than there are boundaries."
        )
    later = {mark + 1: level for mark, level in zip(marks, levels[1:], strict=True)}  # of equal boundaries the last one stands
    return stairs({0: levels[0], **later}).over(math.inf)


@dialect(
    "keras.PolynomialDecay",
    odd="cycle=True ends a cycle on its end value and jumps up an update later, onto an ever longer and lower curve",
    example="0.1, decay_steps=100, power=2.0",
)
def PolynomialDecay(
    initial_learning_rate: float,
    decay_steps: int,
    end_learning_rate: float = 0.0001,
    power: float = 1.0,
    cycle: bool = False,
    name: str = "PolynomialDecay",
) -> Plan:
    """Go to `end_learning_rate` along (1 − t/decay_steps)^power; with `cycle`, stretch it whenever it ends.

    >>> from annealing.dialects import keras
    >>> keras.PolynomialDecay(0.1, decay_steps=100, power=2.0)
    polynomial(to=1e-4, start=0.1).over(100)

    Odd: with `cycle` the curve is that of the next multiple of decay_steps, so each tooth starts lower than the last.
    Raises `ArgumentError` for a power that is not above 0. Ours: `repeat(polynomial(power=2, to=0.1), first=100)`.
    """
    del name
    start, end = number("initial_learning_rate", initial_learning_rate), number("end_learning_rate", end_learning_rate)
    length = count("decay_steps", decay_steps, 1)
    if not cycle:
        return polynomial(to=end, power=power, start=start).over(length)
    teeth = formula("keras.polynomial_teeth", decay_steps=length, power=positive("power", power))
    return (end + (start - end) * teeth).over(math.inf)


@register("keras.polynomial_teeth", arrays=True)
def polynomial_teeth(xp: Any, t: Any, decay_steps: float, power: float) -> Any:
    """(1 − t/T′)^power, where T′ is the multiple of decay_steps at or after t."""
    period = int(decay_steps)
    end = xp.maximum(-(-t // period) * period, 0 * t + period)  # whole numbers as long as t is one: a division may round up
    return xp.power(xp.real(end - t) / xp.real(end), power)


@dialect("keras.InverseTimeDecay", example="0.1, decay_steps=100, decay_rate=0.5")
def InverseTimeDecay(
    initial_learning_rate: float, decay_steps: int, decay_rate: float, staircase: bool = False, name: str = "InverseTimeDecay"
) -> Plan:
    """Divide by 1 + decay_rate·t/decay_steps, with `staircase` only after every `decay_steps` updates.

    >>> from annealing.dialects import keras
    >>> keras.InverseTimeDecay(0.1, decay_steps=100, decay_rate=0.5, staircase=True)
    (0.1 * inverse_time(0.5, per=100).every(100)).over(inf)

    Ours: `0.1 * inverse_time(0.5, per=100)`. Raises `ArgumentError` for a rate below 0.
    """
    del name
    length = count("decay_steps", decay_steps, 1)
    curve = inverse_time(decay_rate, per=length)
    return (number("initial_learning_rate", initial_learning_rate) * (curve.every(length) if staircase else curve)).over(math.inf)


@dialect(
    "keras.CosineDecay",
    odd="warmup_steps without warmup_target is silently ignored; decay_steps excludes the warm-up",
    example="0.0, decay_steps=90, warmup_target=0.1, warmup_steps=10",
)
def CosineDecay(
    initial_learning_rate: float,
    decay_steps: int,
    alpha: float = 0.0,
    name: str = "CosineDecay",
    warmup_target: float | None = None,
    warmup_steps: int = 0,
) -> Plan:
    """Rise to `warmup_target` in `warmup_steps`, where one is given, then fall to a share `alpha` of it along half a cosine.

    >>> from annealing.dialects import keras
    >>> keras.CosineDecay(0.0, decay_steps=90, warmup_target=0.1, warmup_steps=10)
    chain(linear(10, to=0.1, start=0), 0.1 * cosine(90)).over(100)

    Odd: without a target there is no warm-up, whatever warmup_steps says, there and here; decay_steps does not include it.
    Ours: `(0.1 * chain(warmup(10), cosine())).over(100)`.
    """
    del name
    start, floor = number("initial_learning_rate", initial_learning_rate), number("alpha", alpha)
    length, up = count("decay_steps", decay_steps, 1), count("warmup_steps", warmup_steps)
    if warmup_target is None:
        return (start * cosine(to=floor)).over(length)
    peak = number("warmup_target", warmup_target)
    if not up:
        return (peak * cosine(to=floor)).over(length)
    return chain(linear(up, peak, start=start), peak * cosine(length, floor)).over(up + length)


@dialect(
    "keras.CosineDecayRestarts",
    odd="finds the cycle by a float32 logarithm and may miss a restart by one update",
    example="0.1, first_decay_steps=100",
)
def CosineDecayRestarts(
    initial_learning_rate: float,
    first_decay_steps: int,
    t_mul: float = 2.0,
    m_mul: float = 1.0,
    alpha: float = 0.0,
    name: str = "SGDRDecay",
) -> Plan:
    """Fall along half a cosine again and again, each cycle `t_mul` times as long and `m_mul` times as high.

    >>> from annealing.dialects import keras
    >>> keras.CosineDecayRestarts(0.1, first_decay_steps=100, m_mul=0.5)
    (0.1 * repeat(cosine(), first=100, growth=2, scale=0.5)).over(inf)

    A broken t_mul makes cycles that end between two updates. Odd: theirs computes the number of the cycle in float32,
    so the first update of one may still be the last of the one before. Raises `ArgumentError` for t_mul below 1,
    where cycles shrink to nothing and theirs gives NaN. Ours: `0.1 * sgdr(None, first=100, growth=2)`.
    """
    del name
    start, floor = number("initial_learning_rate", initial_learning_rate), number("alpha", alpha)
    first, growth, scale = count("first_decay_steps", first_decay_steps, 1), number("t_mul", t_mul), positive("m_mul", m_mul)
    if growth < 1:
        raise ArgumentError(f"t_mul={t_mul!r} makes cycles shrink to nothing: write a growth of 1 or more, such as t_mul=2.")
    if growth == 1:
        waves = repeat(cosine(), first=first)
        waves = waves if scale == 1 else waves * geometric(scale, per=first).every(first)
    elif growth == int(growth):
        waves = repeat(cosine(), first=first, growth=growth, scale=scale)
    else:
        waves = formula("keras.cosine_restarts", first=first, growth=growth, scale=scale)
    return (start * (floor + (1 - floor) * waves if floor else waves)).over(math.inf)


@register("keras.cosine_restarts", arrays=True)
def cosine_restarts(xp: Any, t: Any, first: float, growth: float, scale: float) -> Any:
    """Half cosines of lengths first·growth^i, which end wherever they end: also between two updates."""
    done = xp.real(t) / first
    size = 1 + done * (growth - 1)  # growth^i of the cycle that is on, and up to the next power
    cycle = 0 * done
    step = 2 ** max(0, math.floor(math.log2(math.log(2.0**53) / math.log(growth))))
    while step >= 1:  # a search by halves: libraries differ in their logarithms, not in comparing
        cycle = cycle + step * (xp.power(growth + 0 * done, cycle + step) <= size * (1 + 1e-12))
        step //= 2
    length = xp.power(growth + 0 * done, cycle)
    left = 1 - (done - (length - 1) / (growth - 1)) / length
    half = xp.sin(math.pi / 2 * left)
    return xp.power(scale + 0 * done, cycle) * half * half
