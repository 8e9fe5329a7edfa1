"""No schedule at all: the weights are averaged instead, and gradients are taken between the average and the last point.

y = (1 − β) z + β x;  z ← z − γ ∇f(y);  x ← (1 − c) x + c z  with c = 1/(t + 1). What is evaluated is x.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annealing.core.families import constant
from annealing.core.phases import cosine
from annealing.reproduce.digits import Bench, loss_curves, tuned
from annealing.reproduce.finding import Curves, Finding, Line, Scale, above, below
from annealing.reproduce.paired import beats
from annealing.reproduce.stacked import Stack, one_thread
from annealing.reproduce.study import Study

EPOCHS, BETA = 25, 0.9
RATES = (0.5, 1.0, 2.0)


@one_thread()
def averaged(stack: Stack, rate: float, updates: int, points: int = 10) -> NDArray[np.float64]:
    """Train by averaging, and return the validation loss of x at `points` times: [points, seeds]."""
    last = [weight.clone() for weight in stack.weights]
    mean = [weight.clone() for weight in stack.weights]
    seen: list[NDArray[np.float64]] = []
    for update in range(updates):
        between = [(1 - BETA) * z + BETA * x for z, x in zip(last, mean, strict=True)]
        _, gradients = stack.gradients(between)
        last = [z - rate * g for z, g in zip(last, gradients, strict=True)]
        share = 1 / (update + 1)
        mean = [(1 - share) * x + share * z for x, z in zip(mean, last, strict=True)]
        if (update + 1) * points // updates > update * points // updates:
            seen.append(stack.valid_losses(mean))
    return np.array(seen)


def run(scale: Scale, seed: int) -> Finding:
    """Choose the rate on tuning seeds, and compare with tuned cosine and constant."""
    bench = Bench.of(scale, seed, epochs=EPOCHS)
    tuning = {rate: averaged(Stack(seed, len(bench.tuning), first=0), rate, bench.updates, 1)[-1].mean() for rate in RATES}
    rate = min(tuning, key=lambda one: float(tuning[one]))
    free = averaged(Stack(seed, len(bench.evaluation)), rate, bench.updates)
    arms = tuned(bench, {"cosine": cosine(), "constant": constant()})
    best, base = arms["cosine"].mean, arms["constant"].mean
    curve = free.mean(1)
    statistics = (
        below(
            "what it lacks to cosine, of what cosine gains",
            (float(curve[-1]) - best) / (base - best),
            0.1,
            detail=f"rate {rate:g}",
        ),
        beats("it ends below the constant rate", free[-1], arms["constant"].losses),
        above("share of tenths of the run in which its mean loss falls", float((np.diff(curve) < 0).mean()), 0.99),
    )
    x = tuple(((np.arange(len(curve)) + 1) * bench.updates / len(curve)).tolist())
    drawn = loss_curves("", "", arms.values())
    lines = (Line("schedule-free", x, tuple(curve.tolist())), *drawn.lines)
    figure = Curves("Averaging in place of a schedule", "Each arm at its own best rate.", "update", "validation loss", lines)
    note = (
        "Weights, batches and noise of the averaged runs are drawn anew for the same splits, so differences are not fully paired."
    )
    return Finding(statistics, bench.said, figure, (note,))


STUDY = Study(
    name="schedule-free",
    title="Averaging the weights replaces the schedule, without a known end",
    source="Defazio et al. 2024, arXiv:2405.15682",
    shows=("F3", "C2", "C16"),
    criterion=(
        "On noisy digits schedule-free SGD, the best of three rates on the tuning seeds, lacks less than 10 % of what tuned "
        "cosine gains over the tuned constant rate, ends below that one (t > 3), and its mean loss falls in every tenth of "
        "the run."
    ),
    run=run,
)
