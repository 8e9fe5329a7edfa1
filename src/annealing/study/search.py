"""What a study is: everything that its next round follows from, whoever works it out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

from annealing.core.errors import TrainingError
from annealing.core.horizon import Horizon
from annealing.study.defaults import FIRST_EVALUATION_SEED
from annealing.study.ranges import Range, narrowed, range_of, to_test
from annealing.study.result import Curve
from annealing.study.space import Candidate, Space
from annealing.study.stored import NewRun, StoredRun
from annealing.study.strategies import Round, Strategy, Told
from annealing.study.strategies.strategy import by_candidate, proposed, training_seeds

Rounds = Sequence[Sequence[StoredRun]]
Curves = Mapping[int, Curve]

_REPEATED, _ONE_IN = 8, 16  # candidates that are repeated at most, and one in so many of the budget
_WAVE = 16  # candidates, where losses of earlier waves decide which are given up


@final
@dataclass(frozen=True)
class Search:
    """A study is a fold of rounds: range tests, what the strategy proposes, its best repeated, and the best few of these judged.

    `repeats` says from how many more tuning seeds the best are trained before it is chosen among them: one run's luck may be as
    large as what tells good settings apart. `optimizer` is the task's own (None where it has no name), `baselines` the values
    that the winner is measured against, by name; `finalists` candidates are judged on `seeds` evaluation seeds. `own` says that
    a function of the user's trains them, `stacked` that brackets are trained as one.
    """

    space: Space
    strategy: Strategy
    horizon: Horizon | int
    updates: int
    budget: int
    seed: int
    find: bool
    optimizer: str | None
    baselines: Mapping[str, Mapping[str, Any]]
    finalists: int
    seeds: int
    own: bool = False
    forecast: bool = False
    stacked: bool = True
    repeats: int = 0

    def __post_init__(self) -> None:
        # A strategy that cannot look through the space, or not with this budget, says so before anything is trained or stored.
        self.strategy.propose(self.space, seed=self.seed, budget=self.budget, history=())

    def next_round(self, rounds: Rounds, curves: Curves) -> list[NewRun] | None:
        """Return the runs of the round after `rounds`, all of them done; None at the end.

        Raises `TrainingError` where there is nothing to judge: no setting was trained to its end, and there is no baseline.
        """
        runs = [run for round_ in rounds for run in round_]
        if not runs and self.tests:
            [seed] = training_seeds(self.seed, 1)  # none of those on which the best few are judged
            return [NewRun(Candidate(0, _named(name)).to_dict(), seed, "range") for name in self.tests]
        if any(run.role == "evaluation" for run in runs):
            return None
        history = history_of(runs, curves)
        next_ = self.strategy.propose(self.narrowed(runs), seed=self.seed, budget=self.budget, history=history)
        if next_ is None:
            return self._repeated(history) or self._evaluation(history)
        return _of_round(next_ if self.stacked else _one_at_a_time(next_))

    @property
    def tests(self) -> tuple[str | None, ...]:
        """The optimizers whose rate is tested first."""
        return to_test(self.space, self.optimizer) if self.find else ()

    def narrowed(self, runs: Sequence[StoredRun]) -> Space:
        """Return the space as the range tests leave it."""
        return narrowed(self.space, ranges_of(runs))

    @property
    def repeated(self) -> int:
        """How many runs the round of repeats has, if there are enough candidates."""
        return self.repeats * (most if (most := min(_REPEATED, self.budget // _ONE_IN)) > 1 else 0)

    @property
    def repeat_seeds(self) -> tuple[int, ...]:
        """The tuning seeds of the repeats: none that the search began with, and no evaluation uses them."""
        return training_seeds(self.seed + FIRST_EVALUATION_SEED // 2, self.repeats) if self.repeats else ()

    @property
    def evaluated(self) -> int:
        """How many runs the last round has, if there are enough candidates."""
        return (self.finalists + len(self.baselines)) * self.seeds

    @property
    def evaluation_seeds(self) -> tuple[int, ...]:
        """The seeds on which the best few are judged: no strategy has seen them."""
        return tuple(range(FIRST_EVALUATION_SEED, FIRST_EVALUATION_SEED + self.seeds))

    def nothing_to_judge(self, history: Sequence[Told]) -> str | None:
        """Say why a study whose search ends with this history has nothing to judge; None where it has."""
        if self.baselines or best_few(history, self.updates, 1):
            return None
        diverged = sum(told.diverged for told in history)
        return (
            f"none of the {proposed(history)} settings that were tried was trained to its end, "
            f"{diverged} of the {len(history)} runs diverged: there is nothing to judge. "
            "Take a space with lower rates, under another name for the study."
        )

    def _repeated(self, history: Sequence[Told]) -> list[NewRun]:
        """Return the best of the search from more seeds; nothing where that is done, or the strategy repeats by itself."""
        if not self.repeated or any(len(told) > 1 for told in by_candidate(history).values()):
            return []
        best = best_few(history, self.updates, self.repeated // self.repeats)
        return [NewRun(one.to_dict(), seed, "tuning") for seed in self.repeat_seeds for one in best] if len(best) > 1 else []

    def _evaluation(self, history: Sequence[Told]) -> list[NewRun]:
        """Return the best few and the baselines on fresh seeds, those that can share a stack side by side."""
        first = proposed(history)
        chosen = [candidate.to_dict() for candidate in best_few(history, self.updates, self.finalists)]
        if (why := self.nothing_to_judge(history)) is not None:
            raise TrainingError(why)
        chosen += [
            {**Candidate(first + place, values).to_dict(), "arm": name}
            for place, (name, values) in enumerate(self.baselines.items())
        ]
        chosen.sort(key=lambda one: (str(one["values"].get("optimizer", "")), one["values"].get("batch_size", 0), one["number"]))
        kinds = list(dict.fromkeys((one["values"].get("optimizer"), one["values"].get("batch_size")) for one in chosen))
        return [
            NewRun(one, seed, "evaluation")
            for kind in kinds
            for seed in self.evaluation_seeds
            for one in chosen
            if (one["values"].get("optimizer"), one["values"].get("batch_size")) == kind
        ]


def ranges_of(runs: Sequence[StoredRun]) -> tuple[Range, ...]:
    """Return the range tests of a study."""
    return tuple(range_of(run) for run in runs if run.role == "range" and run.done)


def history_of(runs: Sequence[StoredRun], curves: Curves) -> tuple[Told, ...]:
    """Return what a strategy may know: the search's runs that have ended, in order."""
    again = repeats_of(runs)
    return tuple(_told(run, curves.get(run.id), run.id in again) for run in runs if run.role == "tuning" and run.done)


def repeats_of(runs: Sequence[StoredRun]) -> frozenset[int]:
    """Return which runs of the search train a candidate that an earlier round had trained."""
    first: dict[int, int] = {}
    for run in runs:
        if run.role == "tuning":
            number = run.candidate["number"]
            first[number] = min(run.round, first.get(number, run.round))
    return frozenset(run.id for run in runs if run.role == "tuning" and run.round > first[run.candidate["number"]])


def settled(runs: Sequence[StoredRun], curves: Curves) -> tuple[Told, ...]:
    """Return the history of those candidates of which no run is left to train, without repeats, so that it stays what it is."""
    again = repeats_of(runs)
    open_ = {run.candidate["number"] for run in runs if run.role == "tuning" and not run.done and run.id not in again}
    return tuple(told for told in history_of(runs, curves) if not told.repeat and told.candidate.number not in open_)


def best_few(history: Sequence[Told], updates: int, count: int) -> tuple[Candidate, ...]:
    """Return the candidates with the lowest mean loss over their seeds, best first, of those trained to the end.

    Where some were repeated it is chosen among them alone: the loss of another is as low as its luck.
    """
    ranked: list[tuple[bool, float, int, Candidate]] = []
    for candidate, told in by_candidate(history).items():
        if all(one.updates >= updates and not one.diverged and not one.cut and math.isfinite(one.loss) for one in told):
            mean, again = math.fsum(one.loss for one in told) / len(told), any(one.repeat for one in told)
            ranked.append((again, mean, candidate.number, candidate))
    several = any(again for again, *_ in ranked)
    chosen = sorted((row for row in ranked if row[0] == several), key=lambda row: row[1:3])
    return tuple(candidate for *_, candidate in chosen[:count])


def _of_round(next_: Round) -> list[NewRun]:
    """Return the runs of a round; those that compete in one bracket from one seed are claimed together."""
    if next_.halving is None:
        return [NewRun(candidate.to_dict(), seed, "tuning") for candidate, seed in next_.runs]
    seeds = next_.seeds
    return [
        NewRun(candidate.to_dict(), seed, "tuning", place * len(seeds) + seeds.index(seed))
        for place, bracket in enumerate(next_.brackets)
        for seed in seeds
        for candidate in bracket
    ]


def _one_at_a_time(next_: Round) -> Round:
    """Return a round of runs that nobody trains together: a wave, where earlier ones decide which of the later are given up."""
    wave = next_.candidates if next_.halving is None else next_.candidates[:_WAVE]
    return replace(next_, candidates=wave, halving=None, bracket=None)


def _told(run: StoredRun, curve: Curve | None, repeat: bool) -> Told:
    points = () if curve is None else tuple(zip(curve.update.tolist(), curve.valid_loss.tolist(), strict=True))
    return Told(
        Candidate.from_dict(run.candidate),
        run.seed,
        math.inf if run.loss is None else run.loss,
        run.updates or 0,
        bool(run.diverged),
        bool(run.cut),
        points,
        repeat,
    )


def _named(optimizer: str | None) -> dict[str, str]:
    return {} if optimizer is None else {"optimizer": optimizer}
