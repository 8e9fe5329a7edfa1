"""Rules of thumb for the learning rate: random search over a grid, a factor below divergence, τ/t after a while.

The rate is the hyper-parameter that matters, so a search had better try many values of it; the best constant rate lies not
far below the one that diverges; and ε₀·τ/max(t, τ) is a simple way to let it fall.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from annealing.core.composition import chain
from annealing.core.families import constant
from annealing.core.phases import hold, power
from annealing.lockstep import Member
from annealing.reproduce.digits import Bench, final_losses, trained, tuned, tuning
from annealing.reproduce.finding import Finding, Scale, above, below, between, noted
from annealing.reproduce.paired import beats
from annealing.reproduce.study import Study

TASKS, TRIALS, SIDE = 200, 25, 5
EPOCHS = 25
UNTRAINED = math.log(10)
"""The loss of a network that knows nothing about ten digits."""


def regrets(tasks: int, seed: int) -> dict[str, NDArray[np.float64]]:
    """Return how far the best of 25 trials stays above the minimum, over tasks in which only the rate matters.

    A task is (log10 rate − c)², c anywhere in its range; the second hyper-parameter changes nothing. The grid is 5 × 5, random
    search draws 25 points, and random grid search draws 25 points of a grid of 25 × 25.
    """
    rng = np.random.default_rng(seed)
    centres = rng.uniform(-6, 0, (tasks, 1))
    fine = np.linspace(-6, 0, TRIALS)
    tried = {
        "grid": np.broadcast_to(np.linspace(-6, 0, SIDE), (tasks, SIDE)),
        "random": rng.uniform(-6, 0, (tasks, TRIALS)),
        "random grid": rng.choice(fine, (tasks, TRIALS)),
    }
    return {name: ((points - centres) ** 2).min(1) for name, points in tried.items()}


def diverging_rate(bench: Bench, steps: int) -> float:
    """Find by bisection the smallest constant rate at which half of the tuning seeds end no better than they began."""
    low, high = math.log(0.02), math.log(5.0)
    for _ in range(steps):
        middle = (low + high) / 2
        plan = (math.exp(middle) * constant()).over(bench.updates)
        lost = [run.loss > UNTRAINED for run in trained(bench, [Member(plan, seed=seed) for seed in bench.tuning])]
        low, high = (low, middle) if np.mean(lost) >= 0.5 else (middle, high)
    return math.exp(high)


def run(scale: Scale, seed: int) -> Finding:
    """Search at random and on a grid, look for the rate that diverges, and train under τ/t."""
    found = regrets(TASKS if scale == "full" else 50, seed)
    wins = int((found["random"] < found["grid"]).sum())
    chance = float(stats.binomtest(wins, len(found["grid"]), alternative="greater").pvalue)
    bench = Bench.of(scale, seed, epochs=EPOCHS)
    diverges = diverging_rate(bench, 8 if scale == "full" else 2)
    best, _ = tuning(bench, {"constant": constant()})["constant"]
    falling = chain(hold("16%"), power(-1, per="16%"))
    arms = tuned(bench, {"constant": constant(), "τ/t": falling})
    random, grid = (float(np.median(found[name])) for name in ("random", "grid"))
    statistics = (
        below("random search: median regret ÷ grid search's", random / grid, 1.0),
        below("random search wins by chance alone: p", chance, 0.01, detail=f"{wins} of {len(found['grid'])} tasks"),
        between("best constant rate ÷ rate that diverges", best / diverges, 1 / 8, 1.0, detail=f"{best:g} ÷ {diverges:.3g}"),
        beats("τ/t ends below the tuned constant rate", arms["τ/t"].losses, arms["constant"].losses),
        above("rule of thumb, a factor of 2: best ÷ diverging rate", best / diverges, 0.5),
        noted("random grid search: median regret ÷ grid search's", float(np.median(found["random grid"])) / grid),
    )
    figure = final_losses("τ/t after 16 % of the run", "Noisy digits; every arm at its own best rate.", arms.values())
    return Finding(statistics, f"{bench.said}; seed {seed} for the search tasks", figure)


STUDY = Study(
    name="bengio",
    title="Random search beats grid search, the best rate lies near divergence, and τ/t is a good decay",
    source="Bengio 2012, arXiv:1206.5533",
    shows=("F7", "F20", "F21", "F22", "C1", "C11"),
    criterion=(
        "Over 200 tasks in which only the rate matters, 25 random trials have a lower median regret than a 5 × 5 grid (sign "
        "test p < 0.01). On noisy digits the best constant rate is an eighth to all of the rate that diverges; ε₀·τ/max(t, τ) "
        "ends below the tuned constant rate (t > 3); and, the rule of thumb itself, the best is within a factor 2 of the "
        "diverging one."
    ),
    run=run,
)
