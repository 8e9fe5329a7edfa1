"""What a framework has to do to join the table of `test_same_everywhere`, and the model that they all train."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, cast

import annealing as an


class Run(Protocol):
    """Train the model for so many updates by a schedule's text, and return the rate that each update really used.

    The model is one weight that starts at 0 and whose gradient is always 1, trained with plain SGD: it moves by exactly
    the rate. With `save_every`, the run is saved with the framework's own checkpoint after every so many updates, all of
    it is thrown away, built anew and resumed from the checkpoint: nothing but files in `folder` may go across.
    """

    def __call__(self, text: str, updates: int, save_every: int | None, folder: Path) -> list[float]: ...


def plan_of(text: str, updates: int) -> an.Plan:
    """Return the plan that a schedule's text describes for so many updates."""
    return cast("an.Schedule", an.parse(text)).over(updates)


def legs(updates: int, save_every: int | None) -> list[tuple[int, int]]:
    """Return the (first, end) updates that are trained in one go.

    >>> legs(7, 3), legs(7, None)
    ([(0, 3), (3, 6), (6, 7)], [(0, 7)])
    """
    step = save_every or updates
    return [(first, min(first + step, updates)) for first in range(0, updates, step)]


def moves(weights: Sequence[float]) -> list[float]:
    """Return the rates from the weights after each update; the weight was 0 before the first."""
    return [before - after for before, after in zip([0.0, *weights], weights, strict=False)]
