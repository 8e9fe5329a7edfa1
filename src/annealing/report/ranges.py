"""Which part of an axis to show: the part where the curves differ, not the first steep updates or a run that blew up."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from annealing.report.figures import Axis, Line

LOG_FROM = 8.0
"""Positive values that span a larger factor than this are shown on a log axis."""


def axis(label: str, values: Iterable[float], *, margin: float = 0.06) -> Axis:
    """Make an axis that holds all finite values, logarithmic where they are positive and span a large factor.

    >>> axis("loss", [0.5, 1.0]).scale, axis("loss", [0.001, 1.0]).scale
    ('linear', 'log')
    """
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return Axis(label, 0.0, 1.0)
    low, high = min(finite), max(finite)
    if low > 0 and high / low > LOG_FROM:
        factor = (high / low) ** margin
        return Axis(label, low / factor, high * factor, "log")
    room = (high - low) * margin or abs(high) * margin or 1.0
    return Axis(label, low - room, high + room)


def round_numbers(low: float, high: float) -> tuple[float, ...]:
    """Return the round numbers to write on a log axis: powers of ten, with others between them where those are few.

    >>> round_numbers(0.003, 0.2)
    (0.003, 0.01, 0.03, 0.1)
    """
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for digits in ((1,), (1, 3), (1, 2, 3, 5)):
        ticks = tuple(float(f"{digit}e{decade}") for decade in decades for digit in digits if low <= digit * 10.0**decade <= high)
        if len(ticks) >= 3:
            break
    return ticks


def inside(axis: Axis, value: float, step: int = 0) -> float:
    """Move a value that the axis does not show to just inside its border, `step` marks further in.

    >>> round(inside(Axis("loss", 0.0, 1.0), float("inf")), 3)
    0.975
    """
    edge = 0.025
    if axis.scale == "log":
        factor = (axis.high / axis.low) ** edge
        low, high = axis.low * factor, axis.high / factor ** (1 + step)
    else:
        room = (axis.high - axis.low) * edge
        low, high = axis.low + room, axis.high - room * (1 + step)
    return high if math.isnan(value) else min(max(value, low), high)


def with_crosses_apart(lines: Iterable[Line], y: Axis) -> tuple[Line, ...]:
    """Bring the crosses of all lines into the figure, those that would cover each other one below the other."""
    taken: Counter[tuple[float, float]] = Counter()
    moved: list[Line] = []
    for line in lines:
        crosses: list[tuple[float, float]] = []
        for x in sorted({x for x, _ in line.crosses}):  # seeds of one arm that were lost together are one cross
            value = max(seen for place, seen in line.crosses if place == x)
            at = inside(y, value)
            crosses.append((x, inside(y, at, taken[x, at])))
            taken[x, at] += 1
        moved.append(replace(line, crosses=tuple(crosses)))
    return tuple(moved)
