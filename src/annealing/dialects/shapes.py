"""Shapes that several libraries share, written as the phases of ours that say them best."""

from __future__ import annotations

from typing import Any

from annealing.core.checks import number
from annealing.core.composition import chain
from annealing.core.errors import ArgumentError
from annealing.core.marks import stairs
from annealing.core.phases import cosine, geometric, hold, jump, linear, polynomial
from annealing.core.schedule import Schedule


def decay(factor: Any, period: int, *, staircase: bool) -> Schedule:
    """Multiply by `factor` once in every `period` updates, all at once at their end with `staircase`.

    >>> decay(0.1, 30, staircase=True)
    geometric(0.1, per=30).every(30)
    >>> decay(1, 30, staircase=False), decay(0, 30, staircase=True)
    (hold(), stairs({30: 0}))
    """
    ratio = number("gamma", factor)
    if ratio < 0:
        raise ArgumentError(f"a factor of {factor!r} makes the rate negative: write a factor of 0 or more.")
    if ratio == 1:
        return hold()
    if ratio == 0:
        return stairs({period: 0.0}) if staircase else chain(hold(1), jump(0), hold())
    curve = geometric(ratio, per=period)
    return curve.every(period) if staircase else curve


def between(start: float, end: float, length: int, power: float = 1.0) -> Schedule:
    """Go from `start` to `end` along (1 − t/length)^power.

    >>> between(0.1, 0.0, 100), between(0.1, 0.01, 100, 2.0)
    (linear(100, start=0.1), polynomial(100, to=0.01, start=0.1))
    """
    return linear(length, end, start=start) if power == 1 else polynomial(length, end, power=power, start=start)


def half_cosine(peak: float, floor: float = 0.0) -> Schedule:
    """Go from `peak` to `floor` along half a cosine.

    >>> half_cosine(0.1), half_cosine(0.1, 0.01)
    (0.1 * cosine(), cosine(to=0.01, start=0.1))
    """
    return cosine(to=floor, start=peak) if floor else peak * cosine()
