"""What every way to find a rate is worth: its regret against an exhaustive grid of whole runs from other seeds.

    python benchmarks/rangetest.py [--quick] [--only development|held-out] [--task WORD]

The truth about a task is the final validation loss of its whole run (10 % warm-up, then a cosine) at every rate of a grid,
the mean over seeds that no finder saw; what ends worse than it began counts as not trained. A finder's regret is how much
more than the best of that curve its rate would cost, read off between the grid's rates over log rate. A finder without an
answer has the regret of not training. The tasks are in rangetest_tasks.py; the held-out ones choose nothing.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse
import math
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from rangetest_tasks import Case, development, held_out

import annealing as an
from annealing.lockstep import Halving, Member, Outcome, train
from annealing.rangetest import RULES, Sweep, find, ramp, suggest
from annealing.rangetest.find import SCHEDULE

SWEEP = 100
"""Updates of a sweep."""
CHUNK = 64
"""Members of a stack: these models are small."""
FIRST_SEED = 100
"""Of the truth; finders count from 0."""
TARGETS = {"regret": 0.07, "near": 0.95, "bad": 0.05, "cost": 8.5}


@dataclass(frozen=True)
class Truth:
    """The mean loss of whole runs at every rate, the loss of no training, and what halving makes of the same grid."""

    rates: np.ndarray
    loss: np.ndarray
    untrained: float
    saved: float = math.nan  # times fewer updates of members, halved
    halved: tuple[float, ...] = ()  # regret of the halved grid's winner against the whole grid's, seed by seed

    def regret(self, rate: float | None) -> float:
        if rate is None:
            return self.untrained / float(self.loss.min()) - 1
        between = np.exp(np.interp(math.log(rate), np.log(self.rates), np.log(self.loss)))
        return float(between / self.loss.min()) - 1

    def near(self, rate: float | None) -> bool:
        best = float(self.rates[int(np.argmin(self.loss))])
        return rate is not None and abs(math.log(rate / best)) <= math.log(3) + 1e-9


@dataclass
class Score:
    """What a finder's answers were worth."""

    regrets: list[float] = field(default_factory=list)
    near: list[bool] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    silent: int = 0

    def add(self, truth: Truth, rate: float | None, cost: float) -> None:
        self.regrets.append(truth.regret(rate))
        self.near.append(truth.near(rate))
        self.costs.append(cost)
        self.silent += rate is None

    def joined(self, other: Score) -> None:
        for name in ("regrets", "near", "costs"):
            getattr(self, name).extend(getattr(other, name))
        self.silent += other.silent

    @property
    def regret(self) -> float:
        return geometric(self.regrets)

    @property
    def bad(self) -> float:
        return float(np.mean(np.array(self.regrets) > 0.5))

    def __str__(self) -> str:
        return (
            f"{self.regret:8.1%} {max(self.regrets):9.0%} {self.bad:7.0%} {np.mean(self.near):8.0%} {np.mean(self.costs):7.2f}"
            + (f"   no answer: {self.silent} of {len(self.regrets)}" if self.silent else "")
        )


def geometric(regrets: Sequence[float]) -> float:
    """The geometric mean of 1 + regret, less 1."""
    return math.expm1(float(np.mean(np.log1p(regrets))))


def grid(case: Case) -> np.ndarray:
    """Four rates to a decade around the usual one, those of a finder's scan among them."""
    half = round(2 * case.decades)
    return case.usual * 10 ** ((np.arange(2 * half) - half + 0.5) / 4)


def truth_of(case: Case, rates: np.ndarray, seeds: Sequence[int], *, halving: bool) -> Truth:
    schedule = an.parse(SCHEDULE)
    assert isinstance(schedule, an.Schedule)
    pairs = [(seed, float(rate)) for seed in seeds for rate in rates]
    members = [Member((rate * schedule).over(case.updates), seed=seed) for seed, rate in pairs]
    whole = train(case.task, members, chunk=CHUNK, points=4, compile="never").outcomes
    untrained = first_loss(case, seeds)
    loss = np.array([outcome.loss for outcome in whole]).reshape(len(seeds), -1)
    mean = np.minimum(np.where(np.isfinite(loss), loss, np.inf), untrained[:, None]).mean(0)
    if not halving:
        return Truth(rates, mean, float(untrained.mean()))
    words = [seed for seed, _ in pairs]
    cut = train(case.task, members, chunk=CHUNK, points=4, halving=Halving(), groups=words, compile="never").outcomes
    left = np.array([math.inf if outcome.cut else outcome.loss for outcome in cut]).reshape(len(seeds), -1)
    regrets = tuple((left.min(1) / loss.min(1) - 1).tolist())
    return Truth(rates, mean, float(untrained.mean()), spent(whole) / spent(cut), regrets)


def spent(outcomes: Sequence[Outcome]) -> int:
    """Updates of members that were made."""
    return sum(int(outcome.update[-1]) for outcome in outcomes)


def first_loss(case: Case, seeds: Sequence[int]) -> np.ndarray:
    """The validation losses before training: those of runs whose rate is as good as none."""
    members = [Member((1e-12 * an.hold()).over(1), seed=seed, lr=1e-12) for seed in seeds]
    return np.array([outcome.loss for outcome in train(case.task, members, points=1, compile="never").outcomes])


def sweeps_of(case: Case, seeds: Sequence[int], start: float, end: float) -> list[Sweep]:
    """One sweep from every seed, as long as its loss is a number."""
    plan = ramp(start, end, SWEEP)
    outcomes = train(case.task, [Member(plan, seed=seed) for seed in seeds], points=SWEEP, compile="never").outcomes
    return [Sweep(plan.values()[: len(o.train_loss)], o.train_loss) for o in outcomes]


def scores_of(case: Case, truth: Truth, seeds: Sequence[int]) -> dict[str, Score]:
    found: defaultdict[str, Score] = defaultdict(Score)
    for seed in seeds:
        answer = find(case.task, updates=case.updates, seed=seed)
        found["find"].add(truth, answer.answer.rate, answer.cost)
        scan = answer.scan
        found["its scan alone"].add(truth, float(scan.rate[scan.best]), len(scan.rate) * answer.scan_updates / case.updates)
    usual = sweeps_of(case, seeds, 1e-7, 10.0)
    lower = sweeps_of(case, seeds, 1e-8, 1.0)
    for name in RULES:
        for sweep in lower if name == "lightning" else usual:
            for smoothing in ("theirs", "ours"):
                found[f"{name}, {smoothing}"].add(truth, suggest(sweep, name, smoothing=smoothing).rate, SWEEP / case.updates)
    found["the usual rate"].add(truth, case.usual, 0.0)
    return dict(found)


HEAD = f"{'':28s} {'regret':>8s} {'worst':>9s} {'>50 %':>7s} {'near':>8s} {'cost':>7s}"


def measure(title: str, cases: Sequence[Case], arguments: argparse.Namespace) -> None:
    held = title == "held out"
    seeds = 2 if arguments.quick or not held else arguments.seeds
    total: defaultdict[str, Score] = defaultdict(Score)
    truths: list[Truth] = []
    print(f"\n{title}, {seeds} seeds of the truth and {seeds} of the finders")
    for case in cases:
        begin = time.perf_counter()
        rates = grid(case)
        truth = truth_of(case, rates, range(FIRST_SEED, FIRST_SEED + seeds), halving=held)
        known = time.perf_counter()
        scores = scores_of(case, truth, range(seeds))
        truths.append(truth)
        for name, score in scores.items():
            total[name].joined(score)
        best = int(np.argmin(truth.loss))
        says = f"best {truth.loss[best]:.4f} at {rates[best]:.2g} of {truth.untrained:.3g} untrained"
        print(
            f"{case.task.name:40s} {says}; find: regret {scores['find'].regret:.1%}, worst {max(scores['find'].regrets):.0%}, "
            f"near {np.mean(scores['find'].near):.0%}, cost {np.mean(scores['find'].costs):.2f} "
            f"({known - begin:.0f} + {time.perf_counter() - known:.0f} s)",
            flush=True,
        )
        if held:
            print(f"{'':40s} halving: {truth.saved:.2f}x fewer updates, regret {', '.join(f'{r:.1%}' for r in truth.halved)}")
    print(f"\n{HEAD}")
    for name, score in sorted(total.items(), key=lambda pair: pair[1].regret):
        print(f"{name:28s} {score}")
    if held:
        verdict(total["find"], truths)


def verdict(score: Score, truths: Sequence[Truth]) -> None:
    """Say which targets are met, on the held-out tasks."""
    saved = geometric([truth.saved - 1 for truth in truths]) + 1
    halved = geometric([regret for truth in truths for regret in truth.halved])
    rows = [
        ("find: regret, geometric mean", f"{score.regret:.1%}", score.regret <= TARGETS["regret"], "<= 7 %"),
        ("find: within 3x of the best", f"{np.mean(score.near):.0%}", np.mean(score.near) >= TARGETS["near"], ">= 95 %"),
        ("find: regret above 50 %", f"{score.bad:.0%}", score.bad <= TARGETS["bad"], "<= 5 %"),
        ("find: most whole runs", f"{max(score.costs):.2f}", max(score.costs) <= TARGETS["cost"], "<= 8.5"),
        ("halving: times fewer updates", f"{saved:.2f}x", saved >= 2.5, ">= 2.5x"),
        ("halving: regret, geometric mean", f"{halved:.2%}", halved <= 0.005, "<= 0.5 %"),
    ]
    print()
    for what, measured, met, target in rows:
        print(f"{what:34s} {measured:>8s}   {target:8s} {'' if met else 'MISSED'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two seeds: a look, not a measurement")
    parser.add_argument("--seeds", type=int, default=3, help="of the truth, and as many of the finders, on the held-out tasks")
    parser.add_argument("--only", choices=["development", "held-out"])
    parser.add_argument("--task", default="", help="only tasks with this word in their name")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    begin = time.perf_counter()
    for title, cases in (("development", development), ("held out", held_out)):
        if arguments.only in (None, title.replace(" ", "-")):
            measure(title, [case for case in cases() if arguments.task in case.task.name], arguments)
    print(f"\n{time.perf_counter() - begin:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
