"""Random search: every candidate is drawn for itself, logarithmically where the space says so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from annealing.study.space.candidate import Candidate
from annealing.study.space.space import Space
from annealing.study.strategies.strategy import Round, Told, drawn, proposed, training_seeds


@final
@dataclass(frozen=True)
class Random:
    """Draw candidates by chance, all in one round.

    >>> from annealing.study.space import Log
    >>> round_ = Random().propose(Space({"lr": Log(1e-3, 1)}), seed=0, budget=3, history=())
    >>> [candidate.values for candidate in round_.candidates]
    [{'lr': 0.0814489}, {'lr': 0.466892}, {'lr': 0.00174772}]

    Argument: `seeds`, from how many each candidate is trained. Source: Bergstra and Bengio 2012, JMLR 13.
    """

    seeds: int = 1

    @property
    def name(self) -> str:
        """How people call it."""
        return "random"

    def propose(self, space: Space, *, seed: int, budget: int, history: Sequence[Told]) -> Round | None:
        """Return the whole budget at once, then nothing."""
        numbers = range(proposed(history), budget // self.seeds)
        candidates = tuple(Candidate(number, drawn(space, seed, number)) for number in numbers)
        return Round(candidates, training_seeds(seed, self.seeds)) if candidates else None
