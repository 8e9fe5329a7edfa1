"""Forecasting: after the first runs, many candidates are drawn, and only those that a fitted law expects to end low are tried."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from annealing.core.checks import whole
from annealing.core.errors import AnnealingError, ArgumentError
from annealing.curves import Curve
from annealing.forecast import fit
from annealing.forecast.fitted import Fit
from annealing.lockstep.halving import Halving
from annealing.study.space.candidate import Candidate, schedule_of
from annealing.study.space.space import Space
from annealing.study.strategies.halving import HalvingSearch
from annealing.study.strategies.random import Random
from annealing.study.strategies.sobol import Sobol
from annealing.study.strategies.strategy import Round, Strategy, Told, proposed

_FIRST = 4  # one in so many of the budget is tried before there is a forecast
_FEWEST = 3  # runs trained to the end that a law is fitted to
_MOST = 12


@final
@dataclass(frozen=True)
class Forecasting:
    """Let another strategy draw `over` times as many candidates as can be tried, and try those with the lowest forecast.

    A quarter of the budget is tried first; a law is fitted to the loss curves of each optimizer's runs that were trained to
    the end, and says where the schedule of every other candidate ends. It knows rates only: what else a candidate sets
    is left to chance. Where nothing can be fitted, everything is.

    >>> from annealing.study.space import Log
    >>> first = Forecasting(Random(), updates=100).propose(Space({"lr": Log(1e-3, 1)}), seed=0, budget=40, history=())
    >>> len(first.candidates)
    10

    Arguments: `inner`, which draws: random, sobol, or halving over one of them; `updates`, the length of a run; `over`.
    Raises `ArgumentError` for a strategy that learns by itself.
    """

    inner: Strategy
    updates: int
    over: int = 6

    def __post_init__(self) -> None:
        drawing = self.inner.inner if isinstance(self.inner, HalvingSearch) else self.inner
        if not isinstance(drawing, Random | Sobol):
            raise ArgumentError(
                f"forecast=True sifts what is drawn, and {self.inner.name} chooses by itself: "
                'write strategy="halving", "random" or "sobol".'
            )
        whole("updates", self.updates)
        whole("over", self.over, at_least=2)

    @property
    def name(self) -> str:
        """What draws, and that it is sifted."""
        return f"{self.inner.name} with a forecast"

    @property
    def halving(self) -> Halving | None:
        """When candidates are given up on the way."""
        return self.inner.halving if isinstance(self.inner, HalvingSearch) else None

    def propose(self, space: Space, *, seed: int, budget: int, history: Sequence[Told]) -> Round | None:
        """Return the first quarter of the budget, then the most promising of what the inner strategy draws."""
        trained = len({told.candidate for told in history})
        left = budget - trained
        if left <= 0:
            return None
        if not history:
            return self.inner.propose(space, seed=seed, budget=min(budget, max(1, budget // _FIRST)), history=())
        drawn = self.inner.propose(space, seed=seed, budget=proposed(history) + self.over * left, history=history)
        if drawn is None:
            return None
        expected = self.expected(drawn.candidates, history)
        ranked = sorted(drawn.candidates, key=lambda one: (expected[one], one.number))
        chosen = tuple(sorted(ranked[:left], key=lambda one: one.number))
        return replace(drawn, candidates=chosen, bracket=None if drawn.bracket is None else min(drawn.bracket, left))

    def expected(self, candidates: Sequence[Candidate], history: Sequence[Told]) -> Mapping[Candidate, float]:
        """Return the final loss that its optimizer's law expects of each candidate; the median of all where there is none."""
        fits = self._fits(history)
        known = {one: self._final(fits.get(one.values.get("optimizer")), one) for one in candidates}
        finite = [loss for loss in known.values() if math.isfinite(loss)]
        middle = float(np.median(finite)) if finite else 0.0
        return {one: middle if math.isnan(loss) else loss for one, loss in known.items()}

    def _fits(self, history: Sequence[Told]) -> dict[object, Fit]:
        by: defaultdict[object, list[Told]] = defaultdict(list)
        for told in sorted(history, key=lambda told: (told.loss, told.candidate.number, told.seed)):
            if not told.cut and not told.diverged and told.updates >= self.updates:
                by[told.candidate.values.get("optimizer")].append(told)
        found: dict[object, Fit] = {}
        for optimizer, runs in by.items():
            if len(runs) >= _FEWEST:
                try:
                    found[optimizer] = fit([self._curve(told) for told in runs[:_MOST]])
                except AnnealingError:  # too few points, or schedules that count epochs
                    continue
        return found

    def _curve(self, told: Told) -> Curve:
        update, loss = zip(*told.points, strict=True)
        rate = schedule_of(told.candidate).over(self.updates)
        return Curve(update=np.array(update) - 1, loss=np.array(loss), rate=rate)  # the update that the loss came after

    def _final(self, law: Fit | None, one: Candidate) -> float:
        if law is None:
            return math.nan
        try:
            return float(law.predict(schedule_of(one).over(self.updates))[-1])
        except AnnealingError:
            return math.nan
