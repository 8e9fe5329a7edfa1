"""What every way to find a rate is worth: its regret against an exhaustive grid of whole runs from other seeds.

    python benchmarks/rangetest.py [--quick] [--only development|held-out] [--task WORD] [--seeds N] [--first SEED] [--kept DIR]
    RANGETEST_DEVICE=cuda python benchmarks/rangetest.py

The truth about a task is the final validation loss of its whole run (10 % warm-up, then a cosine) at every rate of a grid,
the mean over seeds that no finder saw; what ends worse than it began counts as not trained. A finder's regret is how much
more than the best of that curve its rate would cost, read off between the grid's rates over log rate. A finder without an
answer has the regret of not training. The tasks are in rangetest_tasks.py; the held-out ones choose nothing.

A task takes minutes. With --kept, what it came to is kept in a file named by the task, the seeds and the sources of the
library, so that a run that was cut short goes on, and one after any change of the library starts anew.
"""

from __future__ import annotations

import os

os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", MKL_NUM_THREADS="1")

import argparse
import hashlib
import math
import pickle
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from rangetest_tasks import Case, development, held_out

import annealing as an
from annealing.lockstep import Halving, Member, Outcome, train
from annealing.rangetest import RULES, Sweep, find, ramp, suggest
from annealing.rangetest.search import SCHEDULE

SWEEP = 100
"""Updates of a sweep."""
CHUNK = 64
"""Members of a stack: these models are small."""
TRUTH = 1000
"""How far the truth's seeds are from the finders'."""
POINTS = 4
"""Validations of a run, those at the cuts among them."""
DEVICE = os.environ.get("RANGETEST_DEVICE", "cpu")
"""Where to train; the numbers of one device and another differ by rounding, which noisy runs make visible."""
TARGETS = {"regret": 0.07, "near": 0.95, "bad": 0.05, "cost": 8.5}


@dataclass(frozen=True)
class Truth:
    """The mean loss of whole runs at every rate, the loss of no training, and what halving makes of the same grid."""

    rates: np.ndarray
    loss: np.ndarray
    untrained: float
    saved: float  # times fewer updates of members, halved
    halved: tuple[float, ...]  # regret of the halved grid's winner against the whole grid's, seed by seed

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


def truth_of(case: Case, rates: np.ndarray, seeds: Sequence[int]) -> Truth:
    schedule = an.parse(SCHEDULE)
    assert isinstance(schedule, an.Schedule)
    pairs = [(seed, float(rate)) for seed in seeds for rate in rates]
    members = [Member((rate * schedule).over(case.updates), seed=seed) for seed, rate in pairs]
    whole = train(case.task, members, chunk=CHUNK, points=POINTS, compile="never", device=DEVICE).outcomes
    untrained = first_loss(case, seeds)
    loss = np.array([outcome.loss for outcome in whole]).reshape(len(seeds), -1)
    mean = np.minimum(np.where(np.isfinite(loss), loss, np.inf), untrained[:, None]).mean(0)
    words = [seed for seed, _ in pairs]
    cut = train(
        case.task, members, chunk=CHUNK, points=POINTS, halving=Halving(), groups=words, compile="never", device=DEVICE
    ).outcomes
    left = np.array([math.inf if outcome.cut else outcome.loss for outcome in cut]).reshape(len(seeds), -1)
    regrets = tuple((left.min(1) / loss.min(1) - 1).tolist())
    return Truth(rates, mean, float(untrained.mean()), spent(whole) / spent(cut), regrets)


def spent(outcomes: Sequence[Outcome]) -> int:
    """Updates of members that were made."""
    return sum(int(outcome.update[-1]) for outcome in outcomes)


def first_loss(case: Case, seeds: Sequence[int]) -> np.ndarray:
    """The validation losses before training: those of runs whose rate is as good as none."""
    members = [Member((1e-12 * an.hold()).over(1), seed=seed, lr=1e-12) for seed in seeds]
    return np.array([outcome.loss for outcome in train(case.task, members, points=1, compile="never", device=DEVICE).outcomes])


def sweeps_of(case: Case, seeds: Sequence[int], start: float, end: float) -> list[Sweep]:
    """One sweep from every seed, as long as its loss is a number."""
    plan = ramp(start, end, SWEEP)
    outcomes = train(
        case.task, [Member(plan, seed=seed) for seed in seeds], points=SWEEP, compile="never", device=DEVICE
    ).outcomes
    return [Sweep(plan.values()[: len(o.train_loss)], o.train_loss) for o in outcomes]


def scores_of(case: Case, truth: Truth, seeds: Sequence[int]) -> dict[str, Score]:
    found: defaultdict[str, Score] = defaultdict(Score)
    for seed in seeds:
        answer = find(case.task, updates=case.updates, seed=seed, device=DEVICE)
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
    answers = range(arguments.first, arguments.first + (2 if arguments.quick else arguments.seeds))
    truth_seeds = range(TRUTH + arguments.first, TRUTH + arguments.first + 2 * len(answers))
    total: defaultdict[str, Score] = defaultdict(Score)
    truths: list[Truth] = []
    print(f"\n{title}: the truth of seeds {_said(truth_seeds)}, the finders of {_said(answers)}")
    for case in cases:
        truth, scores, seconds = kept(case, truth_seeds, answers, arguments.kept)
        truths.append(truth)
        for name, score in scores.items():
            total[name].joined(score)
        best, own = int(np.argmin(truth.loss)), scores["find"]
        print(
            f"{case.task.name:40s} best {truth.loss[best]:.4f} at {truth.rates[best]:.2g} of {truth.untrained:.3g} untrained; "
            f"find: regret {own.regret:.1%}, worst {max(own.regrets):.0%}, near {np.mean(own.near):.0%}, "
            f"cost {np.mean(own.costs):.2f}; halving: {truth.saved:.2f}x, {geometric(truth.halved):.2%}, "
            f"worst {max(truth.halved):.0%} ({seconds:.0f} s)",
            flush=True,
        )
    print(f"\n{HEAD}")
    for name, score in sorted(total.items(), key=lambda pair: pair[1].regret):
        print(f"{name:28s} {score}")
    verdict(total["find"], truths, binding=title == "held out")


def kept(case: Case, truth_seeds: range, answers: range, folder: Path | None) -> tuple[Truth, dict[str, Score], float]:
    """Measure a task, or read what it came to; a folder holds what the same sources came to."""
    key = f"{case.task.name}, {DEVICE}, {truth_seeds}, {answers}, {sources()}"
    file = None if folder is None else folder / f"{hashlib.sha256(key.encode()).hexdigest()[:20]}.pickle"
    if file is not None and file.exists():
        return pickle.loads(file.read_bytes())
    begin = time.perf_counter()
    truth = truth_of(case, grid(case), truth_seeds)
    measured = truth, scores_of(case, truth, answers), time.perf_counter() - begin
    if file is not None:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(pickle.dumps(measured))
    return measured


def sources() -> str:
    """Return a word for everything that decides the numbers: the library's sources and the benchmark's."""
    files = sorted([*Path(an.__file__).parent.rglob("*.py"), *Path(__file__).parent.glob("rangetest*.py")])
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


def _said(seeds: range) -> str:
    return f"{seeds[0]} to {seeds[-1]}"


def verdict(score: Score, truths: Sequence[Truth], *, binding: bool) -> None:
    """Say which targets are met; they are for the held-out tasks, and only a comparison on the others."""
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
        print(f"{what:34s} {measured:>8s}   {target:8s} {'' if met else 'MISSED' if binding else 'over'}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two seeds: a look, not a measurement")
    parser.add_argument("--seeds", type=int, default=3, help="of the finders; the truth has twice as many")
    parser.add_argument("--first", type=int, default=0, help="the first seed of the finders; the truth's is 1000 above it")
    parser.add_argument("--kept", type=Path, metavar="DIR", help="keep there what every task came to")
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
