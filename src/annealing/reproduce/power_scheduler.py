"""The best rate falls as a power of the length of the run, so one power law serves runs of every length."""

from __future__ import annotations

import math

import numpy as np

from annealing.core.composition import chain
from annealing.core.families import constant
from annealing.core.phases import hold, linear, power
from annealing.reproduce.digits import Bench, judged, tuning
from annealing.reproduce.finding import Curves, Finding, Line, Scale, between
from annealing.reproduce.paired import beats
from annealing.reproduce.study import Study

LENGTHS = (5, 10, 20, 40)
RATES = tuple(0.005 * 2**i for i in range(5))
FIRST = 100  # updates before which the rate is held


def optimum(losses: dict[float, float]) -> float:
    """Return the rate with the lowest loss, by a parabola through the best three in log rate."""
    rates = sorted(losses)
    best = min(max(rates.index(min(rates, key=lambda rate: losses[rate])), 1), len(rates) - 2)
    around = rates[best - 1 : best + 2]
    curvature, slope, _ = np.polyfit(np.log(around), [min(losses[rate], 10.0) for rate in around], 2)
    centre = -slope / (2 * curvature) if curvature > 0 else math.log(rates[best])
    return math.exp(min(max(centre, math.log(around[0])), math.log(around[-1])))


def run(scale: Scale, seed: int) -> Finding:
    """Find the best constant rate of four lengths, fit a power, and follow it at every length."""
    benches = [Bench.of(scale, seed, epochs=epochs, count=12) for epochs in LENGTHS]
    tables = [tuning(bench, {"constant": constant()}, RATES)["constant"] for bench in benches]
    best = [optimum(table) for _, table in tables]
    updates = [float(bench.updates) for bench in benches]
    exponent, level = np.polyfit(np.log(updates), np.log(best), 1)
    gains = []
    for epochs, bench, (rate, _) in zip(LENGTHS, benches, tables, strict=True):
        first = min(FIRST, bench.updates // 2)
        peak = math.exp(level) * first**exponent
        falling = chain(hold(first), power(min(float(exponent), 0.0), per=first), linear("10%"))
        arms = judged(bench, {"power": (peak * falling).over(bench.updates), "constant": (rate * constant()).over(bench.updates)})
        name = f"{epochs} epochs: the power schedule is not worse than the constant rate tuned for them"
        gains.append(beats(name, arms["power"].losses, arms["constant"].losses, t=-1.0))
    statistics = (between("exponent of the best constant rate in the length", float(exponent), -0.8, -0.2), *gains)
    fitted = tuple(math.exp(level) * n**exponent for n in updates)
    lines = (Line("power law", tuple(updates), fitted), Line("best constant rate", tuple(updates), tuple(best)))
    figure = Curves(
        "The best constant rate", "By a parabola through the best three of a grid.", "updates of the run", "rate", lines, log="xy"
    )
    return Finding(statistics, benches[0].said, figure)


STUDY = Study(
    name="power-scheduler",
    title="The best rate is a power of the length of the run, and one power law serves every length",
    source="Shen et al. 2024 (power scheduler), arXiv:2408.13359",
    shows=("F1", "C11"),
    criterion=(
        "On noisy digits the best constant rate over 5, 10, 20 and 40 epochs falls with an exponent of −0.8 to −0.2; one "
        "schedule a·nᵇ with a 10 % linear end, both numbers from that fit, is at no length worse than the constant rate tuned "
        "for it (t > −1)."
    ),
    run=run,
)
