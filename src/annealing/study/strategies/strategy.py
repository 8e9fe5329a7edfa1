"""What a strategy is: a pure function from what is known to what to train next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, final

import numpy as np

from annealing.core.errors import ArgumentError
from annealing.lockstep.halving import Halving
from annealing.study.defaults import FIRST_EVALUATION_SEED
from annealing.study.space.candidate import Candidate
from annealing.study.space.dimension import Value
from annealing.study.space.space import Space


@final
@dataclass(frozen=True)
class Told:
    """One line of a study's history: a candidate trained from a seed, and what came of it.

    `loss` is the final validation loss, infinite or NaN where the run `diverged`; `updates` are those it was trained for, which
    are fewer where it diverged or was `cut` by halving; `points` are the pairs of (finished updates, validation loss) on the way;
    `repeat` says that the study trained a candidate once more that an earlier round had trained.

    >>> Told(Candidate(0, {"lr": 0.1}), seed=0, loss=0.3, updates=100).diverged
    False
    """

    candidate: Candidate
    seed: int
    loss: float
    updates: int
    diverged: bool = False
    cut: bool = False
    points: tuple[tuple[int, float], ...] = ()
    repeat: bool = False


@final
@dataclass(frozen=True)
class Round:
    """What to train next: every candidate from every seed, and whether worse ones are given up on the way.

    With `halving`, each `bracket` of so many candidates (all of them, where None) is trained as one stack, in which they
    compete; one worker trains it. Without, every run stands for itself.

    >>> both = Round((Candidate(0, {"lr": 0.1}), Candidate(1, {"lr": 0.2})), seeds=(0, 1))
    >>> [(candidate.number, seed) for candidate, seed in both.runs]
    [(0, 0), (0, 1), (1, 0), (1, 1)]
    """

    candidates: tuple[Candidate, ...]
    seeds: tuple[int, ...] = (0,)
    halving: Halving | None = None
    bracket: int | None = None

    @property
    def runs(self) -> Iterator[tuple[Candidate, int]]:
        """Every candidate with every seed: the place of a run in the round is its place here."""
        return ((candidate, seed) for candidate in self.candidates for seed in self.seeds)

    @property
    def brackets(self) -> tuple[tuple[Candidate, ...], ...]:
        """The candidates that compete with each other; each for itself where nobody is given up."""
        size = 1 if self.halving is None else self.bracket or len(self.candidates)
        return tuple(self.candidates[begin : begin + size] for begin in range(0, len(self.candidates), size))


class Strategy(Protocol):
    """What chooses settings.

    Proposing is pure: the same space, seed, budget and history give the same round, whoever asks and in whatever order the
    history is told. So a study needs no memory but its runs, and anybody may go on with it.
    """

    @property
    def name(self) -> str:
        """How people call it."""
        ...

    def propose(self, space: Space, *, seed: int, budget: int, history: Sequence[Told]) -> Round | None:
        """Return the next round, or None when the budget (a number of runs) is used up.

        `history` holds the runs of all rounds so far, each of them ended.
        """
        ...


def proposed(history: Sequence[Told]) -> int:
    """Return how many candidates were proposed so far: their numbers count from 0."""
    return 1 + max((told.candidate.number for told in history), default=-1)


def by_candidate(history: Sequence[Told]) -> Mapping[Candidate, tuple[Told, ...]]:
    """Return what is known of each candidate, in the order of numbers and seeds, whatever order it was told in."""
    ordered = sorted(history, key=lambda told: (told.candidate.number, told.seed))
    return {
        one: tuple(told for told in ordered if told.candidate == one) for one in dict.fromkeys(told.candidate for told in ordered)
    }


def training_seeds(seed: int, count: int) -> tuple[int, ...]:
    """Return the seeds that a study with this seed trains its candidates from; no evaluation uses them.

    >>> training_seeds(3, 2), training_seeds(99, 2)
    ((3, 4), (99, 0))
    """
    if not 1 <= count <= FIRST_EVALUATION_SEED:
        raise ArgumentError(f"seeds={count!r} per candidate: write a number from 1 to {FIRST_EVALUATION_SEED}.")
    return tuple((seed + i) % FIRST_EVALUATION_SEED for i in range(count))


def drawn(space: Space, seed: int, number: int) -> dict[str, Value]:
    """Return the values that chance gives to the candidate with this number: they depend on nothing else."""
    return space.sample(np.random.default_rng([seed, number]))
