"""Noisy digits, the common ground of the studies: arms tuned on some seeds, judged on others, trained in lockstep.

The task is limited by the noise of the gradient, so that schedules differ by many standard errors within 25 epochs. Runs that
two studies share (the tuned constant rate, the tuned cosine) are trained once per process: a run's bits do not depend on
which others it was trained with.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.core.schedule import Schedule
from annealing.lockstep import Member, Outcome, train
from annealing.reproduce.finding import Curves, Line, Mean, Means, Scale
from annealing.reproduce.stacked import one_thread
from annealing.study.statistics import mean_interval
from annealing.tasks import Task, digits

EPOCH = 50
"""Updates of an epoch: 1000 digits in batches of 20."""
RATES = (0.02, 0.04, 0.08)
"""The rates that are tried first; a best one at an end opens the grid further, by a factor of 2."""
POINTS = 12
"""Times at which a run is validated that is drawn; those that only choose a rate are validated at their end."""
_WIDER = 4  # times that a grid may be opened
_FASTER = 30  # by which a run is shorter in the fast form
_STACK = 64  # members trained at once: a model this small leaves a core idle with fewer
_KNOWN: dict[tuple[object, ...], Outcome] = {}


@final
@dataclass(frozen=True)
class Bench:
    """A length, an optimizer and the seeds: `tuning` ones choose rates, `evaluation` ones give every number.

    >>> bench = Bench.of("full", seed=2, epochs=25)
    >>> bench.tuning[0], bench.evaluation[0], len(bench.evaluation), bench.updates
    (2000, 2100, 16, 1250)
    """

    updates: int
    tuning: tuple[int, ...]
    evaluation: tuple[int, ...]
    optimizer: str = "nesterov"

    @classmethod
    def of(cls, scale: Scale, seed: int, *, epochs: int, count: int = 16, optimizer: str = "nesterov") -> Bench:
        """Return the bench of a study: in its fast form a short one with few seeds."""
        first, full = 1_000 * seed, scale == "full"
        tuning, evaluation = (3, count) if full else (1, 2)
        updates = EPOCH * epochs if full else max(EPOCH * epochs // _FASTER, 40)
        return cls(
            updates,
            tuple(range(first, first + tuning)),
            tuple(range(first + 100, first + 100 + evaluation)),
            optimizer,
        )

    @property
    def task(self) -> Task:
        """The task to train."""
        return replace(digits(), optimizer=self.optimizer)

    @property
    def said(self) -> str:
        """The seeds in words."""
        return f"seeds {_span(self.tuning)} to tune, {_span(self.evaluation)} for every number"


@final
@dataclass(frozen=True)
class Judged:
    """An arm at the rate that was best on the tuning seeds, with its runs from the evaluation seeds."""

    name: str
    rate: float
    runs: tuple[Outcome, ...]

    @property
    def losses(self) -> NDArray[np.float64]:
        """The final validation loss of every evaluation seed; infinite after divergence."""
        return np.array([run.loss for run in self.runs])

    @property
    def mean(self) -> float:
        """The mean final loss."""
        return float(self.losses.mean())

    def at(self, update: int) -> NDArray[np.float64]:
        """The validation loss of every seed at the point that is nearest to `update` finished updates."""
        return np.array([_loss_at(run, update) for run in self.runs])

    @property
    def line(self) -> Line:
        """The mean validation curve with its standard error, over updates."""
        whole = [run for run in self.runs if not run.diverged]
        if not whole:
            return Line(self.name, (), ())
        losses = np.array([run.valid_loss for run in whole])
        mean, error = losses.mean(0), losses.std(0, ddof=1 if len(whole) > 1 else 0) / math.sqrt(len(whole))
        updates = whole[0].update
        return Line(self.name, tuple(updates.tolist()), *(tuple(y.tolist()) for y in (mean, mean - error, mean + error)))

    @property
    def as_mean(self) -> Mean:
        """The final losses as a row of a figure."""
        losses = self.losses.tolist()
        interval = mean_interval(losses) if math.isfinite(self.mean) else None
        return Mean(f"{self.name}, rate {self.rate:.3g}", self.mean, interval, tuple(filter(math.isfinite, losses)))


def trained(bench: Bench, members: Sequence[Member], *, points: int = POINTS) -> list[Outcome]:
    """Train members that were not trained before, and return the outcome of each."""
    keys = [_key(bench, member, points) for member in members]
    new = {key: member for key, member in zip(keys, members, strict=True) if key not in _KNOWN}
    if new:
        _KNOWN.update(zip(new, in_lockstep(bench.task, list(new.values()), points=points), strict=True))
    return [_KNOWN[key] for key in keys]


def in_lockstep(task: Task, members: Sequence[Member], *, points: int) -> tuple[Outcome, ...]:
    """Train members of any task, on one thread, and keep their weights."""
    with one_thread():
        return train(task, members, chunk=_STACK, compile="never", points=points, keep_state=True).outcomes


def judged(bench: Bench, plans: Mapping[str, Plan | RecipePlan], *, points: int = POINTS) -> dict[str, Judged]:
    """Train plans as they are, without any tuning, from every evaluation seed."""
    members = [Member(plan, seed=seed) for plan in plans.values() for seed in bench.evaluation]
    runs = iter(trained(bench, members, points=points))
    return {
        name: Judged(name, members[place * len(bench.evaluation)].first_rate, tuple(next(runs) for _ in bench.evaluation))
        for place, name in enumerate(plans)
    }


def tuned(
    bench: Bench, arms: Mapping[str, Schedule], rates: Sequence[float] = RATES, *, points: int = POINTS
) -> dict[str, Judged]:
    """Choose each arm's rate by its mean loss on the tuning seeds, then train it from the evaluation seeds."""
    best = {name: found[0] for name, found in tuning(bench, arms, rates).items()}
    plans = {name: (best[name] * schedule).over(bench.updates) for name, schedule in arms.items()}
    found = judged(bench, plans, points=points)
    return {name: replace(found[name], rate=best[name]) for name in arms}


def tuning(
    bench: Bench, arms: Mapping[str, Schedule], rates: Sequence[float] = RATES
) -> dict[str, tuple[float, dict[float, float]]]:
    """Return for each arm the best rate, and the mean loss on the tuning seeds at every rate that was tried."""
    tables: dict[str, dict[float, float]] = {name: {} for name in arms}
    waiting = {name: tuple(rates) for name in arms}
    for _ in range(1 + _WIDER):
        members = [
            Member((rate * arms[name]).over(bench.updates), seed=seed)
            for name, some in waiting.items()
            for rate in some
            for seed in bench.tuning
        ]
        losses = iter([outcome.loss for outcome in trained(bench, members, points=1)])
        for name, some in waiting.items():
            for rate in some:
                tables[name][rate] = math.fsum(next(losses) for _ in bench.tuning) / len(bench.tuning)
        waiting = {name: (beyond,) for name in waiting if (beyond := _beyond(tables[name])) is not None}
        if not waiting or len(bench.tuning) < 2:  # the fast form opens no grid
            break
    return {name: (_best(table), table) for name, table in tables.items()}


def loss_curves(title: str, caption: str, arms: Iterable[Judged]) -> Curves:
    """Draw the validation losses of arms along their runs, with the standard error of each mean."""
    return Curves(title, caption, "update", "validation loss", tuple(arm.line for arm in arms))


def final_losses(title: str, caption: str, arms: Iterable[Judged]) -> Means:
    """Draw the final losses of arms, one per row, best on top."""
    return Means(title, caption, "final validation loss", tuple(arm.as_mean for arm in sorted(arms, key=lambda arm: arm.mean)))


def _loss_at(run: Outcome, update: int) -> float:
    if run.diverged and update > run.update[-1]:
        return math.inf
    return float(run.valid_loss[np.abs(run.update - update).argmin()])


def _best(table: Mapping[float, float]) -> float:
    return min(sorted(table), key=lambda rate: table[rate])


def _beyond(table: Mapping[float, float]) -> float | None:
    """The rate to try next where the best so far is the smallest or the largest."""
    best = _best(table)
    if best == min(table):
        return best / 2
    return best * 2 if best == max(table) else None


def _key(bench: Bench, member: Member, points: int) -> tuple[object, ...]:
    options = tuple(sorted(member.options.items()))
    return bench.optimizer, member.plan, member.seed, member.lr, member.batch_size, member.batch_sizes, options, points


def _span(seeds: Sequence[int]) -> str:
    return str(seeds[0]) if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
