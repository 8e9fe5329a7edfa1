"""Rates that cycle between bounds which one short run has found.

The range test raises the rate along a line: where the loss is lowest the rate is useful, where it takes off it is too large.
Cycles whose tops halve are compared with fixed rates inside that band, and, for the record, with one tuned by itself.
"""

from __future__ import annotations

import math

import numpy as np

from annealing.core.families import constant, triangular
from annealing.core.phases import cosine, linear
from annealing.lockstep import Member
from annealing.reproduce.digits import EPOCH, Bench, final_losses, judged, trained, tuned, tuning
from annealing.reproduce.finding import Finding, Scale, between, noted
from annealing.reproduce.paired import beats
from annealing.reproduce.study import Study

EPOCHS, RANGE_EPOCHS = 25, 6
LOW, HIGH = 0.001, 0.6
WINDOW = 5  # points of the range test that are averaged
BAND = 4.0  # η_max ÷ η_min


def range_test(bench: Bench, updates: int) -> tuple[float, float]:
    """Return the rate where the smoothed training loss of one rising run is lowest, and where it is 1.5 times that.

    The losses are means over the tuning seeds. The second is infinite where the loss does not take off.
    """
    plan = (HIGH * linear(start=LOW / HIGH, to=1.0)).over(updates)
    runs = trained(bench, [Member(plan, seed=seed) for seed in bench.tuning], points=min(60, updates))
    count = min(len(run.train_loss) for run in runs)
    losses = np.mean([run.train_loss[:count] for run in runs], axis=0)
    rates = runs[0].rate[:count]
    smooth = np.convolve(losses, np.ones(WINDOW) / WINDOW, mode="valid")
    centres = rates[WINDOW // 2 : WINDOW // 2 + len(smooth)]
    lowest = int(smooth.argmin())
    later = np.flatnonzero(smooth[lowest:] > 1.5 * smooth[lowest])
    lost = count < len(plan.values()) and any(run.diverged for run in runs)
    blown = float(centres[lowest + later[0]]) if later.size else float(rates[-1]) if lost else math.inf
    return float(centres[lowest]), blown


def run(scale: Scale, seed: int) -> Finding:
    """Find the band in one run, then cycle in it."""
    bench = Bench.of(scale, seed, epochs=EPOCHS)
    low, blown = range_test(bench, EPOCH * RANGE_EPOCHS if scale == "full" else 60)
    best, _ = tuning(bench, {"cosine": cosine()})["cosine"]
    top = min(blown, HIGH)
    arms = judged(
        bench,
        {
            "triangular2": (low * triangular(4, low=1 / BAND, scale=0.5)).over(bench.updates),
            "triangular": (low * triangular(4, low=1 / BAND)).over(bench.updates),
            "fixed, top": (low * constant()).over(bench.updates),
            "fixed, bottom": (low / BAND * constant()).over(bench.updates),
            "fixed, where it blew up": (top * constant()).over(bench.updates),
        },
    )
    alone = tuned(bench, {"constant": constant()})["constant"]
    two = arms["triangular2"].losses
    statistics = (
        between("rate of the lowest loss ÷ best tuned peak rate", low / best, 0.5, 2.0, detail=f"{low:.3g} ÷ {best:g}"),
        between("rate at which the loss takes off", blown, low, HIGH),
        beats(
            "fixed rate: the one of the lowest loss beats that one",
            arms["fixed, top"].losses,
            arms["fixed, where it blew up"].losses,
        ),
        beats("triangular2 ends below the fixed top rate", two, arms["fixed, top"].losses),
        beats("triangular2 ends below the fixed bottom rate", two, arms["fixed, bottom"].losses),
        noted("against a separately tuned fixed rate: its loss − triangular2's", float(alone.mean - two.mean())),
    )
    figure = final_losses("Cycles inside the band", "Bounds from one range test, not tuned.", [*arms.values(), alone])
    return Finding(statistics, bench.said, figure)


STUDY = Study(
    name="cyclical",
    title="A range test finds the usable rate in a single run, and rates that cycle below it beat fixed ones",
    source="Smith 2015, arXiv:1506.01186",
    shows=("F12", "F13", "C8"),
    criterion=(
        "On noisy digits the rate of the lowest loss in a 6-epoch range test is within a factor 2 of the best tuned peak "
        "rate; a rate at which the loss takes off exists, and training there ends worse than at the former (t > 3); over 25 "
        "epochs triangular2 between a quarter of that rate and it ends below a fixed rate at either bound (t > 3)."
    ),
    run=run,
)
