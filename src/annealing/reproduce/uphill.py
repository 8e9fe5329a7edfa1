"""A decay that is wrong in rate or in time goes uphill: the loss rises for as long as the rate is above what the curvature bears.

On a quadratic the bound is 2/λ and everything is exact. On noisy digits a rate that comes back to its peak at the wrong time,
when the run has already settled, undoes what was gained.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annealing.core.composition import chain
from annealing.core.phases import cosine, hold, inverse_time, jump, linear
from annealing.core.schedule import Schedule
from annealing.reproduce.digits import Bench, judged, loss_curves, tuning
from annealing.reproduce.finding import Finding, Scale, below, holds
from annealing.reproduce.paired import beats
from annealing.reproduce.study import Study

UPDATES = 200
START = 3.0  # above 2 ÷ the curvature, which is 1: steps overshoot, and the loss grows
EPOCHS = 20


def descent(schedule: Schedule) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the rates of gradient descent on x²/2 from x = 1, and the loss after every update."""
    rates = (START * schedule).over(UPDATES).values()
    return rates, np.asarray(0.5 * np.cumprod(1 - rates) ** 2, dtype=np.float64)


def run(scale: Scale, seed: int) -> Finding:
    """Decay too slowly on a quadratic; raise the rate at the wrong time on digits."""
    slow_rates, slow = descent(inverse_time(0.01, per=1))
    _, fast = descent(inverse_time(1.0, per=1))
    rises = np.diff(slow, prepend=0.5) > 0
    bench = Bench.of(scale, seed, epochs=EPOCHS)
    peak, _ = tuning(bench, {"cosine": cosine()})["cosine"]
    settled = chain(linear("50%", to=0.05), hold())
    wrong = chain(linear("50%", to=0.05), jump(4.0), hold())
    plans = {"right": (peak * settled).over(bench.updates), "wrong": (peak * wrong).over(bench.updates)}
    arms = judged(bench, plans, points=20)
    half, after = bench.updates // 2, bench.updates * 3 // 4
    statistics = (
        holds("quadratic: the loss rises exactly where rate × curvature > 2", float(np.mean(rises == (slow_rates > 2)))),
        below("quadratic, a decay that is too slow: first loss ÷ largest on the way", float(slow[0] / slow.max()), 1e-3),
        below("quadratic, a decay that is fast enough: last loss ÷ first", float(fast[-1] / fast[0]), 1e-3),
        beats("digits: lower before the rate goes up than after", arms["wrong"].at(half), arms["wrong"].at(after)),
        beats("digits: the right timing ends lower", arms["right"].losses, arms["wrong"].losses),
    )
    figure = loss_curves(
        "A rate that goes up at the wrong time", "Both fall to a twentieth at half of the run; one then jumps up.", arms.values()
    )
    return Finding(statistics, f"{bench.said}; no chance in the quadratic", figure)


STUDY = Study(
    name="uphill",
    title="A wrong decay rate or timing drives the model uphill",
    source="a claim of the glossaries",
    shows=("C17", "C1", "F7"),
    criterion=(
        "On a quadratic the loss rises exactly at the updates whose rate times curvature is above 2, by a factor of 1000 or "
        "more where the decay is too slow, while a fast enough decay ends a thousandth below its start. On noisy digits a "
        "rate that jumps up after half of the run raises the loss, and ends above one that does not (t > 3 each)."
    ),
    run=run,
)
