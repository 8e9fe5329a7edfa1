"""Runs that double in length are nearly as good as one run of the right length, when nobody knows the budget.

Tours of 30 cities, changed by reversing a part, annealed by modified-Lam cooling.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from annealing.beyond import ModifiedLam, anneal_restarts, parallel_run_lengths, run_lengths
from annealing.core.phases import hold
from annealing.reproduce.finding import Curves, Finding, Line, Scale, below, noted
from annealing.reproduce.study import Study

Floats = NDArray[np.float64]
Tours = NDArray[np.int64]
CITIES, INSTANCES = 30, 10
BUDGETS = (3_000, 15_000, 31_000)


def tour_lengths(distances: Floats, tours: Tours) -> Floats:
    """The length of each closed tour, each on its own map."""
    maps = np.arange(len(tours))[:, None]
    return distances[maps, tours, np.roll(tours, -1, axis=1)].sum(axis=1)


def reversed_part(tours: Tours, rng: np.random.Generator) -> Tours:
    """Reverse the part between two random places of each tour (2-opt)."""
    low, high = np.sort(rng.integers(0, CITIES, (len(tours), 2)), axis=1).T[:, :, None]
    places = np.arange(CITIES)
    inside = (places >= low) & (places <= high)
    return np.take_along_axis(tours, np.where(inside, low + high - places, places), axis=1)


def shortest(distances: Floats, lengths: Iterable[int], budgets: tuple[int, ...], rng: np.random.Generator) -> dict[int, Floats]:
    """Anneal again and again, and return the shortest tour of each chain when each budget is spent: runs end there."""
    found = anneal_restarts(
        partial(tour_lengths, distances),
        reversed_part,
        lambda rng: rng.permuted(np.tile(np.arange(CITIES), (len(distances), 1)), axis=1),
        temperature=0.5 * hold(),
        lengths=lengths,
        budget=budgets[-1],
        control=lambda length: ModifiedLam(updates=length),
        seed=rng,
    )
    spent = np.cumsum(found.lengths).tolist()
    return {budget: found.so_far[spent.index(budget)] for budget in budgets}


def run(scale: Scale, seed: int) -> Finding:
    """Compare one run of the whole budget, doubling runs, and short runs, budget by budget."""
    budgets, replicates = (BUDGETS, 8) if scale == "full" else ((3_000,), 2)
    rng = np.random.default_rng(seed)
    cities = np.repeat(rng.random((INSTANCES, CITIES, 2)), replicates, axis=0)
    distances = np.linalg.norm(cities[:, :, None] - cities[:, None], axis=-1)
    one = {budget: shortest(distances, [budget], (budget,), rng)[budget] for budget in budgets}
    doubling = shortest(distances, run_lengths(1_000), budgets, rng)
    short = shortest(distances, repeat(1_000), budgets, rng)
    middle = budgets[len(budgets) // 2]
    workers = [shortest(distances, parallel_run_lengths(worker, 2, 1_000), (middle,), rng)[middle] for worker in range(2)]

    def relative(arm: dict[int, Floats], budget: int) -> float:
        return float(arm[budget].mean() / one[budget].mean())

    statistics = (
        below(
            "doubling runs: largest mean tour ÷ one run of the right length",
            max(relative(doubling, budget) for budget in budgets),
            1.06 + 1e-12,
            detail=", ".join(f"{budget}: {relative(doubling, budget):.3f}" for budget in budgets),
        ),
        *(
            below(f"doubling runs ÷ runs of 1000, budget {budget}", float(doubling[budget].mean() / short[budget].mean()), 0.9)
            for budget in budgets
            if budget > 3_000 or scale == "fast"
        ),
        *(noted(f"runs of 1000 ÷ one run, budget {budget}", relative(short, budget)) for budget in budgets),
        noted(
            f"two workers with staggered runs of {middle} each ÷ one run",
            float(np.minimum(*workers).mean() / one[middle].mean()),
        ),
    )
    x = tuple(map(float, budgets))
    arms = {"doubling runs": doubling, "one run": one, "runs of 1000": short}
    figure = Curves(
        "Mean length of the shortest tour",
        "Doubling runs need not know the budget.",
        "updates in all",
        "length of the tour",
        tuple(Line(name, x, tuple(float(arm[budget].mean()) for budget in budgets)) for name, arm in arms.items()),
        log="x",
    )
    return Finding(statistics, f"seed {seed}: {INSTANCES} maps of {CITIES} cities, {replicates} chains each", figure)


STUDY = Study(
    name="run-lengths",
    title="Annealing runs of doubling length do nearly as well as one run of the right length",
    source="Cicirello 2017, arXiv:1709.02877",
    shows=("F31",),
    criterion=(
        "Tours of 30 cities, 2-opt, modified-Lam cooling, 10 instances, budgets of 3000, 15000 and 31000: the mean tour of "
        "doubling runs is at most 1.06 times that of a single run of the budget's length at every budget, and at least 10 % "
        "shorter than that of restarts every 1000 updates at 15000 and 31000."
    ),
    run=run,
)
