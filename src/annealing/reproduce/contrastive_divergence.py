"""Contrastive divergence with annealed rates is consistent: its error falls with the data, however few the sweeps are.

Four spins on a square, four couplings, data drawn exactly from all 16 states.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from annealing.beyond import contrastive_divergence
from annealing.core.phases import hold, power
from annealing.core.schedule import Schedule
from annealing.reproduce.finding import Curves, Finding, Line, Scale, below, noted
from annealing.reproduce.study import Study

Floats = NDArray[np.float64]
COUPLINGS = np.array([0.5, -0.3, 0.4, 0.2])
PAIRS = ((0, 1), (1, 2), (2, 3), (3, 0))
STATES = np.array(list(product([-1, 1], repeat=4)), dtype=np.int8)
ANNEALED: Schedule = 0.5 * power(-0.75, per=20)
CONSTANT: Schedule = 0.5 * hold()
UPDATES, AVERAGE_FROM = 300, 100


def products(states: NDArray[np.int8]) -> NDArray[np.int8]:
    """The products of neighbouring spins, which are the sufficient statistics."""
    return states * np.roll(states, -1, axis=-1)


def gibbs_sweep(states: NDArray[np.int8], theta: Floats, rng: np.random.Generator) -> NDArray[np.int8]:
    """Draw each spin in turn, given its two neighbours."""
    moved = states.copy()
    chances = rng.random(states.shape, dtype=np.float32)
    for spin in range(4):
        left, right = moved[..., (spin - 1) % 4], moved[..., (spin + 1) % 4]
        # of the four fields that two neighbours can make, look the right one up
        pull, push = theta[..., (spin - 1) % 4, None], theta[..., spin, None]
        table = np.concatenate([-pull - push, push - pull, pull - push, pull + push], axis=-1)
        up = (1 / (1 + np.exp(-2 * table))).astype(np.float32)
        which = (left > 0) * 2 + (right > 0)
        moved[..., spin] = np.where(chances[..., spin] < np.take_along_axis(up, which, axis=-1), 1, -1)
    return moved


def data_sets(rows: int, replicates: int, rng: np.random.Generator) -> NDArray[np.int8]:
    """Draw data sets from the model, exactly."""
    weights = np.exp(products(STATES) @ COUPLINGS)
    return STATES[rng.choice(16, (replicates, rows), p=weights / weights.sum())]


def errors(data: NDArray[np.int8], rate: Schedule, sweeps: int, rng: np.random.Generator) -> tuple[float, float]:
    """Return the mean distance from the true couplings of the averages, and of the last iterates."""
    found = contrastive_divergence(
        products,
        gibbs_sweep,
        data,
        rate=rate.over(UPDATES),
        start=np.zeros(4),
        sweeps=sweeps,
        average_from=AVERAGE_FROM,
        seed=rng,
    )

    def off(theta: Floats) -> float:
        return float(np.linalg.norm(theta - COUPLINGS, axis=1).mean())

    return off(found.average), off(found.last)


def slope(sizes: tuple[int, ...], found: list[float]) -> float:
    """The slope of the log error over the log number of rows."""
    return float(np.polyfit(np.log(sizes), np.log(found), 1)[0])


def run(scale: Scale, seed: int) -> Finding:
    """Estimate from more and more rows, after one sweep and after five, with annealed and with constant rates."""
    sizes, replicates = ((50, 100, 200, 400, 800), 60) if scale == "full" else ((50, 200), 10)
    rng = np.random.default_rng(seed)
    found: dict[str, list[tuple[float, float]]] = {"one sweep": [], "five sweeps": [], "one sweep, constant rate": []}
    for rows in sizes:
        data = data_sets(rows, replicates, rng)
        found["one sweep"].append(errors(data, ANNEALED, 1, rng))
        found["five sweeps"].append(errors(data, ANNEALED, 5, rng))
        found["one sweep, constant rate"].append(errors(data, CONSTANT, 1, rng))
    averages = {name: [average for average, _ in rows] for name, rows in found.items()}
    lasts = {name: [last for _, last in rows] for name, rows in found.items()}
    slopes = {name: slope(sizes, averages[name]) for name in ("one sweep", "five sweeps")}
    worst = max(a / c for a, c in zip(lasts["one sweep"], lasts["one sweep, constant rate"], strict=True))
    statistics = (
        *(below(f"slope of log error over log rows, {name}", value, -1 / 3 + 0.05) for name, value in slopes.items()),
        below("difference of the two slopes", abs(slopes["one sweep"] - slopes["five sweeps"]), 0.1),
        below("last iterate: largest error with annealed ÷ constant rate, over the numbers of rows", worst, 1.0),
        *(noted(f"error at {sizes[-1]} rows, {name}", averages[name][-1]) for name in slopes),
    )
    x = tuple(map(float, sizes))
    figure = Curves(
        "Error of the estimated couplings",
        "One sweep is as good as five; the error falls with the rows.",
        "rows of data",
        "distance from the true couplings",
        tuple(Line(name, x, tuple(values)) for name, values in averages.items()),
        log="xy",
    )
    notes = ("The slope of -1/3 is the paper's upper bound on the error; what is found is nearer to -1/2.",)
    return Finding(statistics, f"seed {seed}, {replicates} data sets of each size", figure, notes)


STUDY = Study(
    name="contrastive-divergence",
    title="Contrastive divergence with annealed rates is consistent after a single sweep",
    source="Jiang, Wu & Wong 2016, arXiv:1605.06220",
    shows=("F31",),
    criterion=(
        "Four spins on a square with couplings 0.5, -0.3, 0.4 and 0.2, rates 0.5 (1 + t/20)^-0.75, 50 to 800 rows, 60 "
        "replicates: the slope of the log error over the log number of rows is at most -1/3 + 0.05 with one sweep and with "
        "five, the two slopes differ by less than 0.1, and the last iterate under annealed rates has at most the error of "
        "constant rates."
    ),
    run=run,
)
