"""Does a large first rate keep random labels from being learnt by heart, and does decay then teach the complex pattern?

Examples of three kinds: some follow a simple pattern (a line), some a complex one (the parity of three coordinates), and some
have random labels. Each kind's accuracy is followed along the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from annealing.core.marks import stairs, table
from annealing.core.phases import hold
from annealing.core.schedule import Schedule
from annealing.lockstep import Member, Outcome
from annealing.reproduce.digits import Bench, in_lockstep
from annealing.reproduce.finding import Curves, Finding, Line, Scale, above
from annealing.reproduce.paired import beats, t_of
from annealing.reproduce.study import Study
from annealing.study.statistics import mean_interval
from annealing.tasks import Task
from annealing.tasks.task import Pair

Kind = Literal["simple", "complex", "random"]

SAMPLES, DIMENSION = 1_500, 64
SHARES: dict[Kind, float] = {"simple": 0.4, "complex": 0.4, "random": 0.2}
UPDATES, FALLS_AT, LEARNT = 1_500, 0.6, 0.9
SMALL, LARGE = 0.01, 0.2
SEEN = (0.05, 0.1, 0.2, 0.4, 0.6, 1.0)
"""Shares of the run after which the models are looked at; the rate falls right after the one before the last."""


def examples(kind: Kind, count: int, generator: torch.Generator) -> Pair:
    """Draw examples of one kind: noise everywhere, and in it what tells the label, if anything does."""
    inputs = 0.3 * torch.randn(count, DIMENSION, generator=generator)
    targets = torch.randint(2, (count,), generator=generator)
    signs = 2 * targets - 1
    if kind == "simple":
        inputs[:, 0] += signs
    if kind == "complex":
        hidden = 2 * torch.randint(2, (count, 3), generator=generator) - 1
        hidden[:, 2] = signs * hidden[:, 0] * hidden[:, 1]
        inputs[:, 1:4] += hidden
    return inputs, targets


def kinds(seed: int) -> dict[Kind, Pair]:
    """The training examples of a seed, by kind."""
    generator = torch.Generator().manual_seed(seed)
    return {kind: examples(kind, int(share * SAMPLES), generator) for kind, share in SHARES.items()}


def unseen(seed: int) -> dict[Kind, Pair]:
    """Fresh examples of the two patterns."""
    generator = torch.Generator().manual_seed(seed + 2**32)
    return {"simple": examples("simple", 500, generator), "complex": examples("complex", 500, generator)}


def model() -> torch.nn.Module:
    """A network with one wide hidden layer."""
    return torch.nn.Sequential(torch.nn.Linear(DIMENSION, 128), torch.nn.ReLU(), torch.nn.Linear(128, 2))


def task() -> Task:
    """All three kinds together."""

    def together(parts: Mapping[Kind, Pair]) -> Pair:
        inputs, targets = zip(*parts.values(), strict=True)
        return torch.cat(inputs), torch.cat(targets)

    return Task(
        model,
        torch.nn.functional.cross_entropy,
        train=lambda seed: together(kinds(seed)),
        valid=lambda seed: together(unseen(seed)),
        batch_size=50,
        optimizer="momentum",
        name="patterns",
    )


def accuracies(run: Outcome) -> dict[str, float]:
    """The share of right answers by kind: on fresh examples of the patterns, on the training examples with random labels."""
    net = model()
    assert run.state is not None
    net.load_state_dict(run.state)
    parts = {**unseen(run.member.seed), "random": kinds(run.member.seed)["random"]}
    with torch.no_grad():
        return {kind: float((net(x).argmax(1) == y).float().mean()) for kind, (x, y) in parts.items()}


def run(scale: Scale, seed: int) -> Finding:
    """Train at a small rate and at a large one that falls, and follow each kind of example."""
    updates = UPDATES if scale == "full" else 60
    seeds = Bench.of(scale, seed, epochs=1, count=12).evaluation
    arms: dict[str, Schedule] = {"small": SMALL * hold(), "large": LARGE * stairs({f"{100 * FALLS_AT:g}%": 0.1})}
    rates = {name: schedule.over(updates).values() for name, schedule in arms.items()}
    members = [
        Member(table(rates[name][: round(share * updates)].tolist()).over(), seed=one)
        for name in arms
        for share in SEEN
        for one in seeds
    ]
    outcomes = iter(in_lockstep(task(), members, points=1))
    found = {name: [[accuracies(next(outcomes)) for _ in seeds] for _ in SEEN] for name in arms}

    def of(name: str, kind: str) -> NDArray[np.float64]:
        """Accuracy on a kind: [times, seeds]."""
        return np.array([[one[kind] for one in row] for row in found[name]])

    def by_heart(name: str) -> NDArray[np.float64]:
        """The fit of random labels when the simple pattern was first learnt, or at the end where it never was."""
        learnt = of(name, "simple") >= LEARNT
        first = np.where(learnt.any(0), learnt.argmax(0), len(SEEN) - 1)
        return of(name, "random")[first, np.arange(len(seeds))]

    rise = of("large", "complex")[-1] - of("large", "complex")[-2]
    interval = mean_interval(rise.tolist())
    statistics = (
        beats(
            "when the simple pattern is learnt, the large rate fits random labels less",
            by_heart("large"),
            by_heart("small"),
        ),
        above("complex pattern: accuracy at the end − before the rate falls", float(rise.mean()), 0.05, interval=interval),
        above("the same: t", t_of(rise), 3.0),
    )
    x = tuple(share * updates for share in SEEN)
    lines = tuple(Line(f"{name} rate, {kind}", x, tuple(of(name, kind).mean(1).tolist())) for name in arms for kind in SHARES)
    caption = f"Fresh examples of the patterns, training examples with random labels; the large rate falls at {FALLS_AT:.0%}."
    figure = Curves("What is learnt when", caption, "update", "accuracy", lines)
    return Finding(statistics, f"seeds {seeds[0]} to {seeds[-1]}; nothing was tuned", figure)


STUDY = Study(
    name="you",
    title="A large first rate does not memorise noise, and its decay teaches complex patterns",
    source="You, Long, Wang & Jordan 2019, arXiv:1908.01878",
    shows=("C5", "F4"),
    criterion=(
        "On examples with a simple pattern, a complex one, or random labels: when the simple pattern is first learnt to 90 %, "
        "the large rate fits random labels less than the small one (t > 3); and when the large rate falls, accuracy on fresh "
        "examples of the complex pattern rises by 5 points or more (t > 3)."
    ),
    run=run,
)
