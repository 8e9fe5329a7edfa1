"""Halving: brackets of candidates that train together, of which the worse are given up on the way."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import final

from annealing.core.checks import whole
from annealing.lockstep.halving import Halving
from annealing.study.space.space import Space
from annealing.study.strategies.random import Random
from annealing.study.strategies.strategy import Round, Strategy, Told

CUTS = ((0.25, 3), (0.5, 2), (0.75, 2))
"""Gentler than those of `Halving`, which were chosen on grids of rates: schedules that decay at different times cross late."""

_SMALLEST = 8  # of a bracket, where the budget holds two: below, a cut leaves nothing to choose from


@final
@dataclass(frozen=True)
class HalvingSearch:
    """Let another strategy choose, and train what it chose in brackets, each one stack with cuts.

    Brackets are of equal size, at most `size`, and there are two at least where two of 8 can be made, so that two processors
    have work. In a bracket with several optimizers or batches, candidates compete with their like.

    >>> from annealing.study.space import Log
    >>> round_ = HalvingSearch().propose(Space({"lr": Log(1e-3, 1)}), seed=0, budget=70, history=())
    >>> [len(bracket) for bracket in round_.brackets], round_.halving
    ([35, 35], Halving(cuts=((0.25, 3), (0.5, 2), (0.75, 2))))

    Arguments: `inner`, what chooses; `size`, candidates in a bracket; `halving`, when to cut (by default a third stays after a
    quarter of the run, half of those after a half, and half of those after three quarters: 0.4 of the updates).
    Source: Jamieson and Talwalkar 2015, arXiv:1502.07943.
    """

    inner: Strategy = field(default_factory=Random)
    size: int = 64
    halving: Halving = field(default_factory=lambda: Halving(CUTS))

    def __post_init__(self) -> None:
        whole("size", self.size, at_least=2)

    @property
    def name(self) -> str:
        """`halving`, with what chooses before it unless that is chance."""
        return "halving" if isinstance(self.inner, Random) else f"{self.inner.name}+halving"

    def propose(self, space: Space, *, seed: int, budget: int, history: Sequence[Told]) -> Round | None:
        """Return what the inner strategy proposes, in brackets."""
        chosen = self.inner.propose(space, seed=seed, budget=budget, history=history)
        if chosen is None:
            return None
        count = len(chosen.candidates)
        brackets = max(math.ceil(count / self.size), min(2, count // _SMALLEST), 1)
        return replace(chosen, halving=self.halving, bracket=math.ceil(count / brackets))
