"""How much the schedule matters, and whether the best one is the same on another problem.

The second problem has exact losses: descent on a quadratic with a power-law spectrum, with and without noise.
"""

from __future__ import annotations

import numpy as np

from annealing.core.composition import chain
from annealing.core.families import constant, inverse_sqrt, step
from annealing.core.phases import cosine, hold, linear, warmup
from annealing.core.schedule import Schedule
from annealing.reproduce.digits import Bench, final_losses, tuned
from annealing.reproduce.finding import Finding, Scale, above, holds, noted
from annealing.reproduce.paired import beats
from annealing.reproduce.quadratic import losses
from annealing.reproduce.study import Study

EPOCHS, UPDATES = 25, 500
ARMS: dict[str, Schedule] = {
    "constant": constant(),
    "cosine": cosine(),
    "linear": linear(),
    "step": step("25%", 0.3),
    "inverse √": inverse_sqrt("4%"),
    "wsd": chain(warmup("2%"), hold(), linear("20%")),
}


def exact(schedule: Schedule, noise: float, updates: int) -> float:
    """Return the lowest final loss above its floor over a grid of rates, on the quadratic."""
    at = np.array([updates - 1])
    rates = [0.6 * 2**-i for i in range(7)]
    found = [losses((rate * schedule).over(updates).values(), at, dimension=100, noise=noise)[0] - 0.5 * noise for rate in rates]
    return float(np.nanmin(np.where(np.isfinite(found), found, np.inf)))


def run(scale: Scale, seed: int) -> Finding:
    """Rank six tuned schedules on noisy digits and on two exact problems."""
    bench = Bench.of(scale, seed, epochs=EPOCHS)
    arms = tuned(bench, ARMS)
    order = sorted(arms, key=lambda name: arms[name].mean)
    best, worst = arms[order[0]], arms[order[-1]]
    updates = UPDATES if scale == "full" else 100
    ranked = {
        problem: sorted(ARMS, key=lambda name, noise=noise: exact(ARMS[name], noise, updates))
        for problem, noise in (("quadratic with noise", 1.0), ("quadratic without noise", 0.0))
    }
    statistics = (
        above("digits: worst tuned schedule ÷ best", worst.mean / best.mean, 1.1, detail=f"{worst.name} ÷ {best.name}"),
        beats("digits: the best beats the worst", best.losses, worst.losses),
        holds(
            "the best schedule differs between problems",
            float(len({order[0], *(names[0] for names in ranked.values())}) > 1),
            detail=", ".join([f"digits {order[0]}", *(f"{problem} {names[0]}" for problem, names in ranked.items())]),
        ),
        noted("runs that tuning cost, for each that was judged", len(bench.tuning) * 3 / len(bench.evaluation)),
    )
    figure = final_losses("Six schedules, each at its best rate", "Noisy digits.", arms.values())
    return Finding(statistics, bench.said, figure)


STUDY = Study(
    name="sensitivity",
    title="Results depend on the schedule, and which is best depends on the problem",
    source="a claim of the glossaries",
    shows=("C11", "F1"),
    criterion=(
        "On noisy digits the worst of six tuned schedules ends more than 10 % above the best (t > 3), and among noisy digits, "
        "a quadratic with noise and one without, the best schedule is not the same everywhere."
    ),
    run=run,
)
