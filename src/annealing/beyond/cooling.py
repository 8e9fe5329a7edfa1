"""Cooling schedules that the learning rate has no use for. Geometric cooling is `annealing.geometric`."""

from __future__ import annotations

from typing import Any

from annealing.core.arrays import Namespace
from annealing.core.checks import number, positive
from annealing.core.errors import ArgumentError
from annealing.core.length import REST, LengthLike
from annealing.core.marks import formula
from annealing.core.registry import register
from annealing.core.schedule import Schedule


def logarithmic(depth: float = 1.0, *, after: float = 2.0, length: LengthLike = REST) -> Schedule:
    """Cool as depth / log(after + t), slowly enough to leave every local minimum that is at most `depth` deep.

    >>> logarithmic(2.0).over(4).values().round(4)
    array([2.8854, 1.8205, 1.4427, 1.2427])

    Arguments: `depth`, in the units of the energy: the climb out of the deepest local minimum (a larger one is safe too);
    `after`, above 1, how far the logarithm has come at the start; `length`, as of every phase.

    Raises `ArgumentError` for a depth that is not above 0, or where the logarithm would begin at or below 0.

    Source: Hajek 1988, Cooling schedules for optimal annealing, Mathematics of Operations Research 13(2).
    """
    begin = number("after", after)
    if begin <= 1:
        raise ArgumentError(f"after={after!r} would begin with a logarithm of 0 or less: write after=2, or any number above 1.")
    return positive("depth", depth) * formula("beyond.logarithmic", length, after=begin)


@register("beyond.logarithmic", arrays=True)
def _logarithmic(xp: Namespace, t: Any, after: float) -> Any:
    return 1.0 / xp.log(t + after)
