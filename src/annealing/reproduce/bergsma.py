"""All the way to zero: a straight line that ends at 0 beats one that ends at a tenth, more so the longer the run."""

from __future__ import annotations

from dataclasses import replace

from annealing.core.phases import linear
from annealing.reproduce.digits import Bench, judged, loss_curves, tuned
from annealing.reproduce.finding import Finding, Scale, above
from annealing.reproduce.paired import beats
from annealing.reproduce.study import Study

SHORT, LONG = 25, 60
LONGER = 80  # noted only, at the rates of the long run: the criterion was written for the two above
ARMS = {"to zero": linear(), "to a tenth": linear(to=0.1)}


def run(scale: Scale, seed: int) -> Finding:
    """Train both lines, each at its own best rate, over three lengths."""
    benches = [Bench.of(scale, seed, epochs=epochs) for epochs in (SHORT, LONG)]
    short, long = (tuned(bench, ARMS) for bench in benches)
    bench = Bench.of(scale, seed, epochs=LONGER)
    longer = judged(bench, {name: (long[name].rate * line).over(bench.updates) for name, line in ARMS.items()})
    beyond = beats(
        f"{LONGER} epochs, at the rates of {LONG}: to zero ends lower", longer["to zero"].losses, longer["to a tenth"].losses
    )
    gaps = [arms["to a tenth"].mean - arms["to zero"].mean for arms in (short, long)]
    statistics = (
        beats(f"{SHORT} epochs: to zero ends lower", short["to zero"].losses, short["to a tenth"].losses),
        beats(f"{LONG} epochs: to zero ends lower", long["to zero"].losses, long["to a tenth"].losses),
        above("the gain grows with length: gain over the long run − over the short one", gaps[1] - gaps[0], 0.0),
        replace(beyond, target="", met=None),
    )
    figure = loss_curves("Two ends of a straight line", f"{LONG} epochs, both at their best rate.", long.values())
    return Finding(statistics, benches[0].said, figure)


STUDY = Study(
    name="bergsma",
    title="Linear decay to zero beats decay to a tenth, the more the longer the run",
    source="Bergsma et al. 2025, arXiv:2502.15938",
    shows=("F8",),
    criterion=(
        "On noisy digits, both at their best rate: the line to zero ends below the line to a tenth after 25 and after 60 "
        "epochs (t > 3 each), and by more after 60."
    ),
    run=run,
)
