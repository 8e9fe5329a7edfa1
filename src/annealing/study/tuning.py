"""Choose each arm's rate by its mean loss on the tuning seeds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from annealing.study.arms import Entry
from annealing.study.result import Run

_STEP = 2.0  # how far the next rate lies beyond the end of an open grid
_MOST_RATES = 12  # enough to go from the usual rate to one 500 times smaller or larger


@final
@dataclass(frozen=True)
class Choice:
    """An arm at the rate that was best for it on the tuning seeds; `loss` is its mean there.

    At the `edge` of the rates that were tried, a better one may lie beyond.
    """

    name: str
    schedule: str
    lr: float
    loss: float
    edge: bool


def choose(entry: Entry, runs: Sequence[Run]) -> Choice:
    """Choose an arm's rate by its mean loss over the tuning runs; a rate at which any run diverged comes last."""
    losses: dict[float, list[float]] = {lr: [] for lr in entry.rates}
    for run in runs:
        if run.arm == entry.arm.name and run.role == "tuning":
            losses.setdefault(run.lr, []).append(run.loss)
    best = min(sorted(losses), key=lambda lr: mean(losses[lr]))
    edge = len(losses) > 1 and best in (min(losses), max(losses))
    return Choice(entry.arm.name, entry.arm.schedule, best, mean(losses[best]), edge)


def next_rate(entry: Entry, runs: Sequence[Run]) -> float | None:
    """Return the rate to try next beyond the end of an open grid where the best rate lies, or None if it lies inside.

    An arm judged at the end of its grid would be judged by the grid: the best constant rate is often
    several times smaller than the best peak of a schedule that decays.
    """
    tried = {run.lr for run in runs if run.arm == entry.arm.name and run.role == "tuning"}
    choice = choose(entry, runs)
    if not entry.open or not choice.edge or len(tried) >= _MOST_RATES:
        return None
    return choice.lr / _STEP if choice.lr == min(tried) else choice.lr * _STEP


def best_of(choices: Sequence[Choice]) -> Choice:
    """Return the choice with the lowest tuning loss, the first of several."""
    return min(choices, key=lambda choice: choice.loss)


def mean(values: Sequence[float]) -> float:
    """Return the mean; infinite when there is nothing to take it of, which so comes last."""
    return math.fsum(values) / len(values) if values else math.inf
