"""The two-stage protocol, whoever trains: a short scan of constant rates, whole runs around its best, one at the answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, TypeAlias, final

import numpy as np

from annealing.core.errors import ArgumentError, KindError
from annealing.core.phases import hold
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule
from annealing.core.text import parse
from annealing.rangetest.decide import PER_DECADE, Answer, Scan, decide, within
from annealing.rangetest.sweep import Values

UPDATES = 1_000
SCHEDULE = 'chain(warmup("10%"), cosine())'
"""What a rate is found for when nothing else is said."""
BUDGET = 8.5
"""Whole runs that an answer may cost; what diverges early costs less, and leaves room to look beyond an edge."""

_RATES = 20  # of the scan, so 4.75 decades
_SCAN, _SHARE, _LEAST = 100, 1 / 10, 2  # updates of the scan at most, of the run at most, and at least
_WIDE = 2  # quarters of a decade between the first whole runs: the best of a short scan is often off by one or two
_AFTER = 5  # whole runs that must be left over when a scan goes on beyond its edge
_HILL, _OF_FALL = 1.5, 0.05  # times the best loss, and of the whole fall: an answer's own run that ends higher lies on a hill
_JUMPS = "the loss jumps between neighbouring rates"


class Ran(NamedTuple):
    """What became of a run: the final validation loss, NaN or infinite where it diverged, the updates made, and the model."""

    loss: float
    updates: int
    state: Any = None


Train: TypeAlias = Callable[[str, Sequence[tuple[float, Plan]]], Sequence[Ran]]
"""Trains from one and the same start by each of some (rate, plan); the word says for which stage."""


@final
class Search:
    """One search: what was trained so far, what it cost, and what it comes to."""

    def __init__(self, train: Train, shape: Schedule, updates: int, usual: float, first: float) -> None:
        self._train, self._shape, self.updates, self._usual, self._first = train, shape, updates, usual, first
        self.short = max(_LEAST, min(_SCAN, int(updates * _SHARE)))
        self.short_runs: dict[float, float] = {}
        self.whole: dict[float, Ran] = {}
        self.spent = 0

    def answer(self) -> tuple[Scan, Answer]:
        """Scan, confirm, decide, and train at what was decided."""
        scan = self.scan()
        self._confirm(float(scan.rate[scan.best]))
        answer = decide(scan, self.rates, self.losses)
        if answer.rate is None or answer.rate in self.whole:
            return scan, answer
        self._run_whole([answer.rate])
        low, high = within(self.rates, self.losses)
        best = min(self.whole, key=self._loss)
        worse, least = self._loss(answer.rate) - self._loss(best), self._loss(best)
        if worse > (_HILL - 1) * abs(least) and worse > _OF_FALL * (scan.first - least):
            doubt = f"{answer.reason}; {_JUMPS}" if answer.reason else _JUMPS
            return scan, replace(answer, rate=best, interval=(low, high), confidence="low", reason=doubt)
        return scan, replace(answer, interval=(min(low, answer.rate), max(high, answer.rate)))

    @property
    def rates(self) -> Values:
        """The rates of the whole runs, rising."""
        return np.array(sorted(self.whole))

    @property
    def losses(self) -> Values:
        """Their losses."""
        return np.array([self.whole[rate].loss for rate in sorted(self.whole)])

    def scan(self) -> Scan:
        """Scan around the usual rate, and on beyond an edge for as long as whole runs can still follow."""
        self._run_short(self._usual * 10 ** ((i - (_RATES - 1) / 2) / PER_DECADE) for i in range(_RATES))
        while True:
            rates = sorted(self.short_runs)
            scan = Scan(rates, [self.short_runs[rate] for rate in rates], self._first)
            side = _edge(scan.best, len(rates))
            after = _AFTER if scan.learned else 1  # whole runs where nothing learns would be thrown away
            if side == 0 or not self._affords(PER_DECADE * self.short + after * self.updates):
                return scan
            self._run_short(
                (rates[0] if side < 0 else rates[-1]) * 10 ** (side * (i + 1) / PER_DECADE) for i in range(PER_DECADE)
            )

    def _confirm(self, center: float) -> None:
        """Train whole runs half a decade apart until the best is between two others, then those beside it.

        One more is always left over: it is for the answer.
        """
        tried: dict[int, float] = {}

        def run(*steps: int) -> bool:
            new = [step for step in steps if step not in tried]
            room = int((BUDGET * self.updates - self.spent) / self.updates) - 1
            new = new[: max(room, 0 if tried else 1)]
            rates = [center * 10 ** (step / PER_DECADE) for step in new]
            self._run_whole(rates)
            tried.update({step: self._loss(rate) for step, rate in zip(new, rates, strict=True)})
            return bool(new)

        def best() -> int:
            return min(tried, key=lambda step: (tried[step], step))

        going = run(0, -_WIDE, _WIDE)
        while going and best() in (min(tried), max(tried)):
            going = run(best() + (-_WIDE if best() == min(tried) else _WIDE))
        while going:
            here = best()
            nearer = 1 if tried.get(here + _WIDE, math.inf) < tried.get(here - _WIDE, math.inf) else -1
            going = run(here + nearer, here - nearer)

    def _run_short(self, rates: Iterable[float]) -> None:
        pairs = [(rate, (rate * hold()).over(self.short)) for rate in map(float, rates)]
        self.short_runs.update(zip((rate for rate, _ in pairs), (ran.loss for ran in self._run("scan", pairs)), strict=True))

    def _run_whole(self, rates: Iterable[float]) -> None:
        pairs = [(rate, (rate * self._shape).over(self.updates)) for rate in rates]
        self.whole.update(zip((rate for rate, _ in pairs), self._run("whole runs", pairs), strict=True))

    def _run(self, stage: str, pairs: Sequence[tuple[float, Plan]]) -> Sequence[Ran]:
        ran: Sequence[Ran] = self._train(stage, pairs) if pairs else ()
        self.spent += sum(one.updates for one in ran)
        return ran

    def _loss(self, rate: float) -> float:
        loss = self.whole[rate].loss
        return loss if math.isfinite(loss) else math.inf

    def _affords(self, updates: int) -> bool:
        return self.spent + updates <= BUDGET * self.updates


def shape_of(schedule: Schedule | str) -> Schedule:
    """Read the schedule of the whole runs, whose peak must be 1."""
    read = parse(schedule) if isinstance(schedule, str) else schedule
    if not isinstance(read, Schedule):
        raise KindError(f"schedule={schedule!r} is no schedule: write one whose peak is 1, such as {SCHEDULE}.")
    peak = float(read.over(1_000).values().max())
    if not math.isclose(peak, 1, rel_tol=0.01):
        raise ArgumentError(
            f"schedule={read} has a peak of {peak:g}, and the rate to find multiplies a peak of 1: write {SCHEDULE}."
        )
    return read


def _edge(place: int, count: int) -> int:
    """-1 at the lower edge, 1 at the upper one, 0 inside."""
    return -1 if place == 0 else int(place == count - 1)
