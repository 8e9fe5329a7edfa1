"""The shape of a cooldown: 1 − √ beats a straight line, and a constant rate before it wants half of cosine's peak."""

from __future__ import annotations

import math

import numpy as np

from annealing.core.composition import chain
from annealing.core.phases import cooldown, cosine, hold, linear, warmup
from annealing.reproduce.digits import Bench, judged, loss_curves, tuning
from annealing.reproduce.finding import Finding, Scale, above, between, noted
from annealing.reproduce.paired import t_of
from annealing.reproduce.study import Study

EPOCHS = 25
RATES = (0.02, 0.04, 0.08, 0.16)
FINE = tuple(0.02 * math.sqrt(2) ** i for i in range(7))
SHAPES = {
    "1 − √": chain(warmup("2%"), hold(), cooldown("20%")),
    "straight": chain(warmup("2%"), hold(), linear("20%")),
}


def run(scale: Scale, seed: int) -> Finding:
    """Compare both shapes in eight cells of length and rate, then find both best rates on a fine grid."""
    bench = Bench.of(scale, seed, epochs=EPOCHS, count=10)
    cells: list[np.ndarray] = []
    for share in (1.0, 0.5):
        shorter = Bench(int(bench.updates * share), bench.tuning, bench.evaluation)
        plans = {f"{name} {rate}": (rate * shape).over(shorter.updates) for name, shape in SHAPES.items() for rate in RATES}
        arms = judged(shorter, plans)
        cells += [arms[f"straight {rate}"].losses - arms[f"1 − √ {rate}"].losses for rate in RATES]
    gains = np.array(cells)
    best = {name: rate for name, (rate, _) in tuning(bench, {"wsd": SHAPES["1 − √"], "cosine": cosine()}, FINE).items()}
    statistics = (
        above("cells of 8 in which 1 − √ ends lower", float((gains.mean(1) > 0).sum()), 5.5),
        above("gain of 1 − √ over all cells: t", t_of(gains.mean(0)), 2.0),
        between("best rate before a cooldown ÷ best peak of cosine", best["wsd"] / best["cosine"], 0.4, 0.7),
        noted("mean gain of 1 − √", float(gains.mean())),
    )
    shown = judged(bench, {name: (0.04 * shape).over(bench.updates) for name, shape in SHAPES.items()})
    figure = loss_curves("Two shapes of a cooldown", "Rate 0.04, the last 20 % of the run.", shown.values())
    return Finding(statistics, bench.said, figure)


STUDY = Study(
    name="haegele",
    title="A 1 − √ cooldown beats a straight one, and the rate before it is half of cosine's",
    source="Hägele et al. 2024, arXiv:2405.18392",
    shows=("F11", "F8", "C11"),
    criterion=(
        "On noisy digits over two lengths and four rates, 1 − √ ends below a straight line over the last 20 % in 6 or more of "
        "8 cells and over all of them with t > 2; the best constant rate before the cooldown is 0.4 to 0.7 of cosine's best "
        "peak."
    ),
    run=run,
)
