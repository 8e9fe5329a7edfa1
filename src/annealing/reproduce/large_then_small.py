"""A rate that is large first and small later starts as fast as the large one and ends below either constant."""

from __future__ import annotations

from annealing.core.families import constant
from annealing.core.phases import linear
from annealing.reproduce.digits import Bench, judged, loss_curves, tuned
from annealing.reproduce.finding import Finding, Scale
from annealing.reproduce.paired import beats
from annealing.reproduce.study import Study

EPOCHS = 25
FACTOR = 8.0
"""The small constant rate is the annealed one's peak divided by this."""


def run(scale: Scale, seed: int) -> Finding:
    """Train a tuned linear decay beside its own peak, a small constant rate, and the best constant one."""
    bench = Bench.of(scale, seed, epochs=EPOCHS)
    arms = tuned(bench, {"annealed": linear(), "best constant": constant()})
    peak = arms["annealed"].rate
    held = {"large constant": peak * constant(), "small constant": peak / FACTOR * constant()}
    arms |= judged(bench, {name: schedule.over(bench.updates) for name, schedule in held.items()})
    early = bench.updates // 4
    annealed = arms["annealed"]
    statistics = (
        beats("after a quarter: below the small constant rate", annealed.at(early), arms["small constant"].at(early)),
        *(
            beats(f"at the end: below the {name} rate", annealed.losses, arms[name].losses)
            for name in ("large constant", "small constant", "best constant")
        ),
    )
    figure = loss_curves(
        "Large first, small later",
        "A line to 0 beside constant rates: its peak, an eighth of it, the best.",
        arms.values(),
    )
    return Finding(statistics, bench.said, figure)


STUDY = Study(
    name="large-then-small",
    title="Large first and small later starts faster than a small rate and ends finer than any constant one",
    source="a claim of all five glossaries",
    shows=("C2", "F1", "F3", "F8", "F2", "F18"),
    criterion=(
        "On noisy digits a tuned linear decay is, after a quarter of the run, below a constant rate of an eighth of its peak; "
        "at the end below that one, below its own peak held constant, and below the best constant rate (paired t > 3 each)."
    ),
    run=run,
)
