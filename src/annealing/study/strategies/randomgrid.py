"""A random subset of a grid: as even as a grid, and as cheap as it may be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from annealing.study.space.candidate import Candidate
from annealing.study.space.space import Space
from annealing.study.strategies.strategy import Round, Told, proposed, training_seeds

_LARGE = 100_000  # points: a larger grid is not shuffled but drawn from, until a point is new


@final
@dataclass(frozen=True)
class RandomGrid:
    """Train some points of a grid, each at most once, in one round.

    >>> from annealing.study.space import Log, Uniform
    >>> space = Space({"lr": Log(1e-3, 10), "momentum": Uniform(0, 0.8)})
    >>> [candidate.values for candidate in RandomGrid().propose(space, seed=0, budget=3, history=()).candidates]
    [{'lr': 1.0, 'momentum': 0.8}, {'lr': 0.001, 'momentum': 0.8}, {'lr': 0.1, 'momentum': 0.0}]

    Arguments: `levels`, how many values of each range, or {name: how many}; `seeds`, from how many each candidate is trained.
    """

    levels: int | Mapping[str, int] = 5
    seeds: int = 1

    @property
    def name(self) -> str:
        """How people call it."""
        return "randomgrid"

    def propose(self, space: Space, *, seed: int, budget: int, history: Sequence[Told]) -> Round | None:
        """Return the whole budget at once, then nothing; a larger budget goes on where a smaller one ended."""
        grid = space.grid(self.levels)
        begin, end = proposed(history), min(budget // self.seeds, len(grid))
        places = [place for place, _ in zip(_order(len(grid), seed), range(end), strict=False)]
        candidates = tuple(Candidate(number, grid[places[number]]) for number in range(begin, end))
        return Round(candidates, training_seeds(seed, self.seeds)) if candidates else None


def _order(points: int, seed: int) -> Iterator[int]:
    """Yield places of the grid in an order of chance, none twice."""
    rng = np.random.default_rng(seed)
    if points <= _LARGE:
        yield from (int(place) for place in rng.permutation(points))
        return
    seen = set[int]()
    while True:
        place = int(rng.random() * points)
        if place not in seen:
            seen.add(place)
            yield place
