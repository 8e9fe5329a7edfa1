"""Grid search: every combination of a few values of each dimension."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

from annealing.core.errors import ArgumentError
from annealing.study.space.candidate import Candidate
from annealing.study.space.space import Grid, Space
from annealing.study.strategies.strategy import Round, Told, proposed, training_seeds

_MOST_LEVELS = 64


@final
@dataclass(frozen=True)
class GridSearch:
    """Train the whole grid, in one round.

    >>> from annealing.study.space import Choice, Log
    >>> space = Space({"optimizer": Choice(["sgd", "adam"]), "lr": Log(0.01, 1)})
    >>> [candidate.values for candidate in GridSearch().propose(space, seed=0, budget=5, history=()).candidates]
    [{'optimizer': 'sgd', 'lr': 0.01}, {'optimizer': 'sgd', 'lr': 1.0},
     {'optimizer': 'adam', 'lr': 0.01}, {'optimizer': 'adam', 'lr': 1.0}]

    Arguments: `levels`, how many values of each range, or {name: how many}, by default as many as the budget holds;
    `seeds`, from how many each candidate is trained. Raises `ArgumentError` for a grid larger than the budget.
    """

    levels: int | Mapping[str, int] | None = None
    seeds: int = 1

    @property
    def name(self) -> str:
        """How people call it."""
        return "grid"

    def propose(self, space: Space, *, seed: int, budget: int, history: Sequence[Told]) -> Round | None:
        """Return what of the grid was not trained yet, then nothing."""
        done = {told.candidate.pairs for told in history}
        points = (Candidate(0, values) for values in self._grid(space, budget // self.seeds))
        left = [point for point in points if point.pairs not in done]
        candidates = tuple(Candidate(number, point.values) for number, point in enumerate(left, proposed(history)))
        return Round(candidates, training_seeds(seed, self.seeds)) if candidates else None

    def _grid(self, space: Space, most: int) -> Grid:
        grid = space.grid(self.levels or 2)
        if len(grid) > most:
            of_each = "" if self.levels else " with two values of each range"
            raise ArgumentError(
                f"the grid{of_each} has {len(grid):,} points and the budget is {most:,}: write randomgrid, a smaller space, "
                f"or a budget of {len(grid) * self.seeds}."
            )
        if self.levels is None:
            for levels in range(3, _MOST_LEVELS):
                finer = space.grid(levels)
                if not len(grid) < len(finer) <= most:
                    break
                grid = finer
        return grid
