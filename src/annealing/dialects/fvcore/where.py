"""A function of `where`, the share of the run that is done, and how it is drawn into updates."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, final

from annealing.core.plan import Plan
from annealing.dialects.checks import count
from annealing.dialects.pieces import Given, Piece, flat, joined

EPSILON = 1e-6
"""Theirs adds it to `where` wherever it looks for a boundary."""


class Stretch(NamedTuple):
    """The updates from `first` until `last`, and the `where` of each: 0 at the time `begin`, 1 at `begin + span`."""

    first: int
    last: int
    begin: float
    span: float
    where: Callable[[int], float]

    def until(self, reached: Callable[[float], bool]) -> int:
        """Return the first of these updates at which `where` has come so far, or `last` where none has."""
        return bisect_left(range(self.last), True, lo=self.first, key=lambda t: reached(self.where(t)))


@final
@dataclass(frozen=True)
class ParamScheduler:
    """One of theirs: what it draws into a stretch of updates."""

    drawn: Callable[[Stretch], list[Piece | Given]]

    def over(self, total: int) -> Plan:
        """Return the plan of a run of `total` updates.

        >>> from annealing.dialects import fvcore
        >>> fvcore.LinearParamScheduler(start_value=0.1, end_value=0.0).over(100)
        linear(start=0.1).over(100)
        """
        updates = count("total", total, 1)
        return joined(self.drawn(Stretch(0, updates, 0, updates, lambda t: t / updates)), updates).over(updates)


def settled(drawn: Callable[[Stretch], list[Piece | Given]], total: int | None) -> Any:  # which of the two, overloads promise
    """Return the plan over `total` updates, or what has no horizon yet."""
    scheduler = ParamScheduler(drawn)
    return scheduler if total is None else scheduler.over(total)


def along(stretch: Stretch, value: Callable[[float], float], end: float, ease: str) -> Piece:
    """The curve to `end` that looks the same from wherever it is entered, as lines and powers do."""
    first, close = stretch.first, stretch.begin + stretch.span
    return Piece(first, stretch.last, (first, value(stretch.where(first))), (close, end), ease)


def steps(levels: Sequence[float], marks: Sequence[int], updates: int) -> Callable[[Stretch], list[Piece | Given]]:
    """Go to the next level at every mark, on a clock of so many updates."""

    def drawn(stretch: Stretch) -> list[Piece | Given]:
        edges = [stretch.until(lambda w, mark=mark: int((w + EPSILON) * updates) >= mark) for mark in marks]
        bounds = zip([stretch.first, *edges], [*edges, stretch.last], levels, strict=True)
        return [flat(a, b, level) for a, b, level in bounds if a < b]

    return drawn
