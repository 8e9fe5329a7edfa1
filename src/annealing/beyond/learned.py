"""Learn a cooling schedule from sample problems: the best of a family on those, which is nearly the best on others."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, final

import numpy as np

from annealing.beyond.checks import Floats, values_of
from annealing.beyond.exact import distribution_after
from annealing.core.errors import ArgumentError
from annealing.core.plan import Plan

Problem = TypeVar("Problem")


@final
@dataclass(frozen=True)
class Learned:
    """The plan that did best on the sample problems, and the success of every plan on every problem (plans × problems)."""

    plan: Plan
    index: int
    successes: Floats

    @property
    def scores(self) -> Floats:
        """The mean success of every plan on the sample."""
        return self.successes.mean(axis=1)


def learn_schedule(plans: Sequence[Plan], problems: Sequence[Problem], success: Callable[[Plan, Problem], float]) -> Learned:
    """Return the plan of a family that succeeds most on sample problems: empirical risk minimisation over schedules.

    Plans of m updates have to be tried on about √m problems (up to logarithms) to be nearly as good on all others.

    >>> import annealing as an
    >>> from annealing.beyond import exact_success, ring
    >>> family = [(top * an.exponential(to=0.05)).over(60) for top in (0.1, 1.0, 10.0)]
    >>> problems = [3 * np.random.default_rng(seed).random(12) for seed in range(8)]
    >>> learn_schedule(family, problems, lambda plan, problem: exact_success(problem, ring(12), plan)).plan
    (1 * exponential(to=0.05)).over(60)

    Arguments: `plans`, the family; `problems`, the sample, whatever `success` understands; `success`, how well a plan does on a
    problem: larger is better, such as the probability of ending in the lowest state. Of equal plans the first is taken.

    Raises `ArgumentError` where there are no plans, no problems, or a success is no number.

    Source: Blum, Dan & Seddighin 2021, Learning complexity of simulated annealing, arXiv:2003.02981.
    """
    if not len(plans) or not len(problems):
        raise ArgumentError(
            f"{len(plans)} plans and {len(problems)} problems leave nothing to learn from: give at least one of each."
        )
    successes = np.array([[success(plan, problem) for problem in problems] for plan in plans], dtype=np.float64)
    if not np.isfinite(successes).all():
        worst = int(np.argmax(~np.isfinite(successes).all(axis=1)))
        raise ArgumentError(f"the success of {plans[worst]} is not a finite number on every problem: 0 is a run that failed.")
    best = int(most_successful(successes))
    return Learned(plans[best], best, successes)


def most_successful(successes: Floats) -> Any:
    """Return which plan has the largest mean success, from successes (…, plans, problems): the rule of `learn_schedule`."""
    return np.argmax(successes.mean(axis=-1), axis=-1)


def exact_success(energies: Any, proposals: Any, temperature: Plan, start: Any = None) -> Any:
    """Return the probability that annealing ends in a state of the lowest energy, without any noise.

    >>> import annealing as an
    >>> from annealing.beyond import ring
    >>> round(exact_success([0.0, 3.0, 1.0, 3.0], ring(4), (2 * an.linear()).over(200)), 3)
    0.791

    Arguments: as for `distribution_after`; several problems, `energies` (…, states), have as many answers.

    Source: as for `learn_schedule`.
    """
    levels = np.asarray(energies, dtype=np.float64)
    shares = distribution_after(levels, proposals, values_of("temperature", temperature), start)
    lowest = levels == levels.min(axis=-1, keepdims=True)
    found = np.where(lowest, shares, 0.0).sum(axis=-1)
    return float(found) if found.ndim == 0 else found
