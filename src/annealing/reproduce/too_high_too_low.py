"""Constant rates over five orders of magnitude: the lowest crawl, the highest lose everything, and a band between them works."""

from __future__ import annotations

import math

import numpy as np

from annealing.core.families import constant
from annealing.reproduce.digits import Bench, judged, tuning
from annealing.reproduce.finding import Curves, Finding, Line, Scale, above, between, holds
from annealing.reproduce.paired import beats
from annealing.reproduce.study import Study

EPOCHS = 10
LOW, HIGH = 1e-5, 3.0
UNTRAINED = math.log(10)


def run(scale: Scale, seed: int) -> Finding:
    """Train at a very low, a very high and the best constant rate, and at some between."""
    bench = Bench.of(scale, seed, epochs=EPOCHS, count=12)
    best, _ = tuning(bench, {"constant": constant()})["constant"]
    rates = sorted({LOW, 1e-4, 1e-3, 0.005, 0.01, best, 0.08, 0.2, 0.5, HIGH} if scale == "full" else {LOW, best, HIGH})
    arms = judged(bench, {f"{rate:g}": (rate * constant()).over(bench.updates) for rate in rates})
    low, right, high = (arms[f"{rate:g}"].losses for rate in (LOW, best, HIGH))
    lost = (~np.isfinite(high)) | (high >= UNTRAINED)
    statistics = (
        holds("highest rate: diverged, or no better than untrained", float(lost.mean()), detail=f"rate {HIGH:g}"),
        above(
            "lowest rate: final loss ÷ an untrained network's",
            float(low.mean()) / UNTRAINED,
            0.9,
            detail=f"rate {LOW:g}",
        ),
        beats("the best rate ends below the lowest", right, low),
        between("the best rate", best, 10 * LOW, HIGH / 10),
    )
    means = [float(np.minimum(arms[f"{rate:g}"].losses, 10 * UNTRAINED).mean()) for rate in rates]
    figure = Curves(
        "Too low, right, too high",
        "Final loss of a constant rate; a run that diverged counts as ten times an untrained network.",
        "constant rate",
        "final validation loss",
        (Line("final loss", tuple(rates), tuple(means)),),
        log="xy",
    )
    return Finding(statistics, bench.said, figure)


STUDY = Study(
    name="too-high-too-low",
    title="Too high a rate diverges, too low a rate crawls",
    source="a claim of all five glossaries",
    shows=("C1", "F3", "F32"),
    criterion=(
        "On noisy digits over ten epochs: at a rate of 3 every run diverges or ends no better than an untrained network; at "
        "1e-5 more than 90 % of the untrained loss is left; the best rate lies a factor of 10 or more from both, and ends "
        "below the lowest (t > 3)."
    ),
    run=run,
)
