"""The best schedule on a few problems is nearly the best on all: regret falls fast with the number of sample problems.

Success is computed from transfer matrices, so the only chance is in which problems there are.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from annealing.beyond import distribution_after, ring
from annealing.beyond.learned import most_successful
from annealing.core.phases import polynomial
from annealing.core.plan import Plan
from annealing.reproduce.finding import Curves, Finding, Line, Scale, below, holds, noted
from annealing.reproduce.study import Study

Floats = NDArray[np.float64]
STATES, UPDATES = 24, 60
STARTS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
ENDS = (0.02, 0.05, 0.1, 0.2, 0.4)
BENDS = (0.5, 1.0, 2.0, 4.0)
SIZES = (1, 2, 4, 8, 16, 32, 64)


def family() -> tuple[Plan, ...]:
    """Return the 120 candidates: from one temperature to another, along a power of the time that is left."""
    return tuple(
        (start * polynomial(to=min(1.0, end / start), power=bend)).over(UPDATES)
        for start, end, bend in product(STARTS, ENDS, BENDS)
    )


def landscapes(count: int, rng: np.random.Generator) -> Floats:
    """Draw energies on the ring: five waves of random phase, the fast ones lower, brought to a standard deviation of 1."""
    waves = np.arange(1, 6)
    angles = 2 * np.pi * np.arange(STATES)[:, None] * waves / STATES
    amplitudes, phases = rng.standard_normal((count, 1, 5)) / waves, rng.uniform(0, 2 * np.pi, (count, 1, 5))
    energies = (amplitudes * np.cos(angles + phases)).sum(axis=2)
    return energies / energies.std(axis=1, keepdims=True)


def successes(plans: tuple[Plan, ...], problems: Floats) -> Floats:
    """Return the probability that each plan ends in the lowest state of each problem, (plans, problems), exactly."""
    temperatures, proposals = np.array([plan.values() for plan in plans]), ring(STATES)
    found: list[Floats] = []
    for levels in problems:
        shares = distribution_after(levels, proposals, temperatures)
        found.append(shares[:, int(np.argmin(levels))])
    return np.array(found).T


def regrets(found: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """Return by how much the best on k sample problems falls short of the best of all, for each k (mean over samples)."""
    means = found.mean(axis=1)
    missed = [
        [float(means.max() - means[most_successful(found[:, rng.integers(found.shape[1], size=size)])]) for _ in range(draws)]
        for size in SIZES
    ]
    return np.mean(missed, axis=1)


def run(scale: Scale, seed: int) -> Finding:
    """Learn from k problems, many times, and look at the regret on others."""
    problems, draws = (600, 2_000) if scale == "full" else (60, 200)
    rng = np.random.default_rng((seed, 1))
    success = successes(family(), landscapes(problems, rng))
    regret = regrets(success, draws, rng)
    seen = regret > 0
    slope = float(np.polyfit(np.log(np.array(SIZES)[seen]), np.log(regret[seen]), 1)[0])
    means = success.mean(axis=1)
    statistics = (
        holds("the regret falls with every doubling of the sample", float(np.mean(np.diff(regret) < 0))),
        below("regret at 8 problems, the root of the schedule's length", float(regret[SIZES.index(8)]), 0.01),
        below("slope of log regret over log sample size", slope, -0.8),
        noted("success of the best of 120 schedules ", float(means.max())),
        noted("success of the median schedule", float(np.median(means))),
    )
    figure = Curves(
        "What few problems teach about a schedule",
        "A handful picks a schedule that is nearly the best of 120.",
        "sample problems",
        "success missed",
        (Line("learnt schedule", tuple(map(float, SIZES)), tuple(regret.tolist())),),
        log="x",
    )
    seeds = f"seed {seed}: {problems} problems that stand for all, and {draws} samples of each size from them"
    notes = ("It shows that few samples are enough, not that the exponents of the paper's bounds are tight.",)
    return Finding(statistics, seeds, figure, notes)


STUDY = Study(
    name="learned-cooling",
    title="A cooling schedule learnt from a handful of problems is nearly the best of its family",
    source="Blum, Dan & Seddighin 2021, arXiv:2003.02981",
    shows=("F31", "C11"),
    criterion=(
        "On rings of 24 states with random Fourier energies, with 120 schedules of 60 updates and exact success "
        "probabilities: the regret of the schedule that is best on k sample problems falls with every doubling of k from 1 to"
        " 64, is below 0.01 at k = 8, and the slope of log regret over log k is at most -0.8."
    ),
    run=run,
    exact=True,
)
