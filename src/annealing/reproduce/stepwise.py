"""Step-wise annealing: a factor every so often, compared with no annealing and with a smooth curve."""

from __future__ import annotations

from annealing.core.families import constant, step
from annealing.core.phases import cosine, exponential
from annealing.reproduce.digits import Bench, loss_curves, tuned
from annealing.reproduce.finding import Finding, Scale, above, noted
from annealing.reproduce.paired import beats, gap_share
from annealing.reproduce.study import Study

EPOCHS = 25
ARMS = {"step": step("25%", 0.3), "exponential": exponential(to=0.02), "cosine": cosine(), "constant": constant()}


def run(scale: Scale, seed: int) -> Finding:
    """Train steps, the exponential they follow, a cosine and a constant rate, each at its best."""
    bench = Bench.of(scale, seed, epochs=EPOCHS)
    arms = tuned(bench, ARMS)
    base, best = arms["constant"].losses, arms["cosine"].losses
    lacks, interval = gap_share(arms["step"].losses, best, base)
    statistics = (
        beats("step ends below the best constant rate", arms["step"].losses, base),
        above(
            "share of cosine's gain that step has",
            1 - lacks,
            0.5,
            detail="" if interval is None else f"± {(interval[1] - interval[0]) / 2:.2f}",
        ),
        noted("share of cosine's gain that the exponential has", 1 - gap_share(arms["exponential"].losses, best, base)[0]),
    )
    figure = loss_curves("In steps, or smoothly", "Each arm at its own best rate.", arms.values())
    return Finding(statistics, bench.said, figure)


STUDY = Study(
    name="stepwise",
    title="Step-wise annealing is effective and simple",
    source="a claim of the glossaries; He et al. 2015, arXiv:1512.03385",
    shows=("C13", "F4", "F5"),
    criterion=(
        "On noisy digits three tuned steps end below the best constant rate (t > 3), and have more than half of what a tuned "
        "cosine gains over it."
    ),
    run=run,
)
