"""Sobol search: candidates spread evenly over the space, evener than chance spreads them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from scipy.stats import qmc

from annealing.study.space.candidate import Candidate
from annealing.study.space.space import Space
from annealing.study.strategies.strategy import Round, Told, proposed, training_seeds


@final
@dataclass(frozen=True)
class Sobol:
    """Take the points of a scrambled Sobol sequence, all in one round.

    >>> from annealing.study.space import Log
    >>> round_ = Sobol().propose(Space({"lr": Log(1e-4, 1)}), seed=0, budget=8, history=())
    >>> sorted(sum(10 * low > one.values["lr"] >= low for one in round_.candidates) for low in (1e-4, 1e-3, 1e-2, 1e-1))
    [2, 2, 2, 2]

    Argument: `seeds`, from how many each candidate is trained. Source: Owen 1998, scrambling Sobol' points, by SciPy.
    """

    seeds: int = 1

    @property
    def name(self) -> str:
        """How people call it."""
        return "sobol"

    def propose(self, space: Space, *, seed: int, budget: int, history: Sequence[Told]) -> Round | None:
        """Return the whole budget at once, then nothing; a larger budget goes on where a smaller one ended."""
        begin, end = proposed(history), budget // self.seeds
        if begin >= end:
            return None
        sequence = qmc.Sobol(len(space.names), scramble=True, rng=np.random.default_rng(seed))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a number of points that is no power of two is a little less even
            shares = sequence.random(end)
        rows = (dict(zip(space.names, map(float, row), strict=True)) for row in shares[begin:])
        candidates = tuple(Candidate(number, space.at(row)) for number, row in enumerate(rows, begin))
        return Round(candidates, training_seeds(seed, self.seeds))
