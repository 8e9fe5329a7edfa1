"""A rate that is too large for a fresh network is not too large for one that has been warmed up."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from annealing.core.composition import chain
from annealing.core.phases import linear, warmup
from annealing.reproduce.digits import Bench, judged, loss_curves, tuning
from annealing.reproduce.finding import Finding, Scale, above, noted
from annealing.reproduce.paired import beats
from annealing.reproduce.study import Study

EPOCHS = 10
RATES = tuple(0.08 * 2 ** (i / 2) for i in range(9))
ARMS = {"cold": linear(), "warmed up": chain(warmup("20%"), linear())}
LOST = 0.5 * math.log(10)
"""A run that ends above half of an untrained network's loss is lost."""


def lost(losses: NDArray[np.float64]) -> float:
    """The share of runs that diverged or ended above half of an untrained network's loss."""
    return float((~(losses < LOST)).mean())


def run(scale: Scale, seed: int) -> Finding:
    """Choose on tuning seeds the rate at which warm-up saves most, and judge it on others."""
    bench = Bench.of(scale, seed, epochs=EPOCHS)
    tables = {name: table for name, (_, table) in tuning(bench, ARMS, RATES if scale == "full" else RATES[::4]).items()}
    common = [rate for rate in tables["cold"] if rate in tables["warmed up"]]
    saved = {rate: min(tables["cold"][rate], 10.0) - min(tables["warmed up"][rate], 10.0) for rate in common}
    rate = max(saved, key=lambda one: saved[one])
    arms = judged(bench, {name: (rate * schedule).over(bench.updates) for name, schedule in ARMS.items()})
    cold, warm = arms["cold"].losses, arms["warmed up"].losses
    statistics = (
        above("share of runs lost without warm-up", lost(cold), 0.5),
        above("share of runs saved by warm-up: lost without − lost with", lost(cold) - lost(warm), 0.5),
        beats("warmed up ends lower", np.minimum(warm, 10.0), np.minimum(cold, 10.0)),
        noted("the rate", rate),
    )
    figure = loss_curves(
        "With and without warm-up", f"Rate {rate:.3g}, falling to 0 along a line; runs that diverged are left out.", arms.values()
    )
    return Finding(statistics, bench.said, figure, ("A run that diverged counts as a loss of 10 in the paired difference.",))


STUDY = Study(
    name="warmup-prevents",
    title="Warm-up prevents early divergence",
    source="a claim of the glossaries",
    shows=("C12", "F11"),
    criterion=(
        "At the rate at which warm-up saves most on the tuning seeds, more than half of the runs without warm-up are lost on "
        "the others (they diverge, or end above half of an untrained network's loss), with a warm-up of 20 % at least half of "
        "all runs fewer are, and warmed up runs end lower (t > 3)."
    ),
    run=run,
)
