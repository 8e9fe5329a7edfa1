"""Schedules that reach the same training loss do not reach it with the same loss on unseen data; low rates over-fit more.

200 clean digits, which every schedule can learn by heart. Each run is looked at when its training loss first falls to a level.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from annealing.core.families import constant
from annealing.core.phases import linear
from annealing.core.schedule import Schedule
from annealing.lockstep import Member, Outcome
from annealing.reproduce.digits import Bench, in_lockstep
from annealing.reproduce.finding import Curves, Finding, Line, Scale, Statistic, noted
from annealing.reproduce.paired import beats, t_of
from annealing.reproduce.study import Study
from annealing.tasks import Task, digits
from annealing.tasks.task import Pair

UPDATES, SAMPLES, LEVEL = 1_000, 200, 0.05
LOW, LARGE = 0.004, 0.08
ARMS: dict[str, tuple[float, Schedule]] = {
    "low": (LOW, constant()),
    "large": (LARGE, constant()),
    "large to small": (LARGE, linear()),
}


def few_digits() -> Task:
    """The digits without noise, and only 200 of them to train on."""
    whole = digits()

    def few(seed: int) -> Pair:
        inputs, targets = whole.data("train", seed)  # pyright: ignore[reportGeneralTypeIssues]
        return inputs[:SAMPLES], targets[:SAMPLES]

    def rest(seed: int) -> Pair:
        inputs, targets = whole.data("train", seed)  # pyright: ignore[reportGeneralTypeIssues]
        return inputs[SAMPLES:], targets[SAMPLES:]

    return replace(whole, train=few, valid=rest, augment=None)


def when_learnt(run: Outcome) -> float:
    """The validation loss at the first point where the training loss is at the level or below; NaN where it never is."""
    learnt = np.flatnonzero(run.train_loss <= LEVEL)
    return float(run.valid_loss[learnt[0]]) if learnt.size else float("nan")


def run(scale: Scale, seed: int) -> Finding:
    """Train at a low rate, a large one, and one that falls; compare at equal training loss, and at the end."""
    updates = UPDATES if scale == "full" else 100
    seeds = Bench.of(scale, seed, epochs=1).evaluation
    members = [Member((rate * shape).over(updates), seed=one) for rate, shape in ARMS.values() for one in seeds]
    outcomes = iter(in_lockstep(few_digits(), members, points=min(50, updates)))
    runs = {name: [next(outcomes) for _ in seeds] for name in ARMS}
    then = {name: np.array([when_learnt(one) for one in found]) for name, found in runs.items()}
    gap = {name: np.array([one.valid_loss[-1] - one.train_loss[-1] for one in found]) for name, found in runs.items()}
    low, falling = _whole(then["low"], then["large to small"])
    apart = t_of(low - falling)
    statistics = (
        Statistic(
            f"at training loss {LEVEL:g}: low − large to small, validation loss",
            float((low - falling).mean()) if low.size else float("nan"),
            "|t| > 3",
            bool(abs(apart) > 3),
            None,
            f"t = {apart:.1f}",
        ),
        beats(f"at training loss {LEVEL:g}: large has less validation loss than low", *_whole(then["large"], then["low"])),
        beats("at the end: the gap between both losses is smaller for large than for low", gap["large"], gap["low"]),
        noted("share of low-rate runs that reached that training loss", float(np.isfinite(then["low"]).mean())),
    )
    lines = tuple(_line(name, found) for name, found in runs.items())
    caption = f"{SAMPLES} clean digits; each point is a time of the run, from right to left."
    figure = Curves("Validation loss against training loss", caption, "training loss", "validation loss", lines, log="x")
    return Finding(statistics, f"seeds {seeds[0]} to {seeds[-1]}; nothing was tuned", figure)


def _whole(arm: NDArray[np.float64], other: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Leave seeds out that never got to the level in either arm."""
    both = np.isfinite(arm) & np.isfinite(other)
    return arm[both], other[both]


def _line(name: str, runs: list[Outcome]) -> Line:
    count = min(len(one.train_loss) for one in runs)
    train, valid = (np.mean([getattr(one, kind)[:count] for one in runs], axis=0) for kind in ("train_loss", "valid_loss"))
    order = np.argsort(train)
    return Line(name, tuple(np.maximum(train[order], 1e-6).tolist()), tuple(valid[order].tolist()))


STUDY = Study(
    name="overfitting",
    title="Equal training loss, different over-fitting; a low rate over-fits more than a large one",
    source="two claims of the glossaries",
    shows=("C14", "C15"),
    criterion=(
        "On 200 clean digits, at the time when the training loss first is 0.05 or less, a low constant rate and one that goes "
        "from large to small differ in validation loss (|t| > 3), and a large constant rate has less of it than the low one "
        "(t > 3); at the end the gap between validation and training loss is smaller for the large rate (t > 3)."
    ),
    run=run,
)
