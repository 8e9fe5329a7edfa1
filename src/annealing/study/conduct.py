"""Carry a study through: propose rounds, claim runs, have them trained, store what they tell, until there is nothing left."""

from __future__ import annotations

import math
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import cast, final

from annealing.lockstep.halving import Halving
from annealing.study.engines.job import Engine, Finished, Heard, Job, Stops
from annealing.study.moment import Moment, Stage, stage_of
from annealing.study.result import Role
from annealing.study.search import Search, history_of, repeats_of
from annealing.study.space import Candidate, schedule_of, setting
from annealing.study.store import Record
from annealing.study.stored import Claimed, Point, StoredRun
from annealing.study.strategies import Told
from annealing.study.train import Setting
from annealing.study.workers import worker_of

_STACK = 16  # runs that are claimed together, where none of them compete: what a kill costs, and what others cannot take
_STORE = 1.0  # seconds between two times that points are stored
_WAIT = 0.3  # seconds between two looks at what others do

Tell = Callable[[Moment], None]


def conduct(record: Record, search: Search, engine: Engine, tell: Tell | None = None) -> tuple[str, ...]:
    """Train until the study is complete, together with whoever else works on it; return what is to be noted.

    Whoever finds a round complete proposes the next one: the same one, whoever it is. Whatever was claimed here and is not done
    when this ends by an error is let go with the store.
    """
    conductor = _Conductor(record, search, engine, tell)
    conductor.run()
    return tuple(dict.fromkeys(conductor.notes))


@final
@dataclass
class _Running:
    """A job under way: the runs that were claimed for it, and how far each has come."""

    claimed: tuple[Claimed, ...]
    done: dict[int, int]


@final
class _Conductor:
    def __init__(self, record: Record, search: Search, engine: Engine, tell: Tell | None) -> None:
        self.record, self.search, self.engine, self.tell = record, search, engine, tell
        self.notes: list[str] = []
        self.running: dict[int, _Running] = {}
        self.halving: Halving | None = getattr(search.strategy, "halving", None)
        self.rounds: Sequence[Sequence[StoredRun]] = ()
        self.points: defaultdict[Claimed, list[Point]] = defaultdict(list)
        self.stored, self.begun, self.jobs = 0.0, time.perf_counter(), 0
        self.told: set[int] = set()
        self.repeats: frozenset[int] = frozenset()
        self.before = 0.0  # the share of the study that was done when this process began
        self.stops: Stops = ()

    def run(self) -> None:
        self._look()
        self.told = {run.id for round_ in self.rounds for run in round_ if run.done}
        self.before = self._share()
        while self._next_round():
            self.stops = self._stops()
            while True:
                self._claim()
                if not self.running:
                    self._look()
                    if all(run.done for run in self.rounds[-1]):
                        break
                    time.sleep(_WAIT)  # others train what is left of the round
                    self._say()
                    continue
                self._listen()
        self._say()

    def _look(self) -> None:
        self.rounds = self.record.rounds()
        self.repeats = repeats_of([run for round_ in self.rounds for run in round_])

    def _next_round(self) -> bool:
        """Add the next round, unless there are none or the last is not done; say whether there is anything left to do."""
        if self.rounds and not all(run.done for run in self.rounds[-1]):
            return True
        curves = self.record.curves() if self.rounds else {}
        runs = self.search.next_round(self.rounds, curves)
        if runs is None:
            return False
        if not runs:
            raise AssertionError("a round has runs")
        self.record.add_round(len(self.rounds), runs)
        self._look()
        return True

    def _stops(self) -> Stops:
        """What a run of this round must not be above, where each is trained by itself: as the rounds before it say."""
        if self.engine.stacks or self.halving is None:
            return ()
        before = [run for round_ in self.rounds[:-1] for run in round_]
        return stops_of(self.halving, history_of(before, self.record.curves()), self.search.updates)

    def _claim(self) -> None:
        """Hand out as many jobs as there are workers, and no more: others may want the rest."""
        while len(self.running) < self.engine.workers:
            waiting = self.record.counts().waiting
            if not waiting:
                return
            share = math.ceil(waiting / (self.engine.workers - len(self.running)))
            competing = any(run.bracket is not None for run in self.rounds[-1])  # then a claim is of one bracket
            count = min(_STACK, share) if self.engine.stacks and not competing else 1
            claimed = self.record.claim(count, worker_of(self.engine.name))
            if not claimed:
                return
            self._submit(claimed)

    def _submit(self, claimed: tuple[Claimed, ...]) -> None:
        """Make jobs of claimed runs: each bracket is one, and what stands alone is one together."""
        units: defaultdict[tuple[int, int | None], list[Claimed]] = defaultdict(list)
        for one in claimed:
            units[one.round, one.bracket].append(one)
        for (_, bracket), own in units.items():
            alone = bracket is None or not self.engine.stacks
            for part in [own] if self.engine.stacks else [[one] for one in own if not one.done]:
                settings = tuple(self._setting(one) for one in part)
                self.jobs += 1
                stops = self.stops if self._part(part[0]) == "search" else ()
                self.engine.submit(Job(self.jobs, settings, None if alone else self.halving, stops))
                self.running[self.jobs] = _Running(tuple(part), {})

    def _setting(self, one: Claimed) -> Setting:
        candidate = Candidate(one.candidate["number"], one.candidate["values"])
        if self.search.own:
            plan = schedule_of(candidate).over(self.search.horizon)
            rate = candidate.values.get("lr", 1.0)
            return Setting(str(candidate.number), plan, float(rate), one.seed, "tuning", values=candidate.values)
        return setting(
            candidate,
            self.search.horizon,
            seed=one.seed,
            role=cast("Role", one.role),
            optimizer=self.search.optimizer,
        )

    def _listen(self) -> None:
        for event in self.engine.events(_WAIT):
            match event:
                case Heard(job, place, (update, train_loss, valid_loss, rate)):
                    running = self.running[job]
                    running.done[place] = update
                    if running.claimed[place].role != "range":  # which only says how far it is
                        self.points[running.claimed[place]].append(Point(update, train_loss, valid_loss, rate))
                case Finished(job, ended, notes):
                    running = self.running.pop(job)
                    for one in running.claimed:
                        self.points.pop(one, None)
                    self.record.finish(dict(zip(running.claimed, ended, strict=True)))
                    self.notes += notes
                    self._look()
        if self.points and time.perf_counter() - self.stored > _STORE:
            self.record.add_points(self.points)
            self.points.clear()
            self.stored = time.perf_counter()
        self.record.beat(one for running in self.running.values() for one in running.claimed)
        self._say()

    def _share(self) -> float:
        """How much of the study is done, by the updates that it is likely to take."""
        flat = [run for round_ in self.rounds for run in round_]
        weight = {"range": 2.0, "search": expected(self.halving), "repeat": 1.0, "evaluation": 1.0}
        total = sum(count * weight[part] for part, count in self._planned(flat).items())
        done = sum(weight[self._part(run)] for run in flat if run.done)
        for running in self.running.values():
            for place, update in running.done.items():
                done += min(update / self.search.updates, 1.0) * weight[self._part(running.claimed[place])] * 0.9
        return min(done / total, 1.0) if total else 0.0

    def _planned(self, flat: Sequence[StoredRun]) -> dict[str, int]:
        """How many runs each part of the study will have, as far as it is known."""
        found = Counter(map(self._part, flat))
        names = ("range", "search", "repeat", "evaluation")
        if found["evaluation"]:  # the last round is there
            return {part: found[part] for part in names}
        search = self.search
        planned = (len(search.tests), search.budget, search.repeated, search.evaluated)
        return {part: max(count, found[part]) for part, count in zip(names, planned, strict=True)}

    def _part(self, run: StoredRun | Claimed) -> str:
        """Which part of a study a run belongs to, by what it costs."""
        if run.role != "tuning":
            return run.role
        return "repeat" if run.id in self.repeats else "search"

    def _say(self) -> None:
        if self.tell is None:
            return
        flat = [run for round_ in self.rounds for run in round_]
        new = tuple(run for run in flat if run.done and run.id not in self.told)
        self.told.update(run.id for run in new)
        total = sum(self._planned(flat).values())
        stage: Stage = stage_of(self.rounds[-1][0].role) if self.rounds else "search"
        self.tell(
            Moment(
                stage,
                sum(run.done for run in flat),
                total,
                self._share(),
                self.before,
                time.perf_counter() - self.begun,
                tuple(run for run in flat if run.role == "tuning" and run.done and not run.cut and not run.diverged),
                new,
            )
        )


def expected(halving: Halving | None) -> float:
    """Return which share of its updates a run takes on average, where halving gives the worse up.

    >>> round(expected(Halving()), 3), expected(None)
    (0.359, 1.0)
    """
    if halving is None:
        return 1.0
    share, left, begin = 0.0, 1.0, 0.0
    for at, keep in halving.cuts:
        share, left, begin = share + left * (at - begin), left / keep, at
    return share + left * (1 - begin)


def stops_of(halving: Halving, history: Sequence[Told], updates: int) -> Stops:
    """Return which losses a run must not be above, where each is trained by itself: at every cut, the quantile of those before.

    It is a function of the rounds that are done, so every process finds the same.

    >>> from annealing.study.space import Candidate
    >>> told = [Told(Candidate(i, {"lr": 0.1}), 0, i / 8, 100, points=((25, i / 4), (50, i / 8), (100, i / 8))) for i in range(8)]
    >>> stops_of(Halving(), told, 100)
    ((25, 0.25), (50, 0.0), (75, 0.0))
    """
    stops: list[tuple[int, float]] = []
    kept = 1.0
    for share, keep in halving.cuts:
        at, kept = math.ceil(share * updates), kept / keep
        reached = sorted(next((loss for update, loss in told.points if update >= at), math.inf) for told in history)
        if len(reached) >= 2 * keep:
            stops.append((at, reached[max(0, math.ceil(len(reached) * kept) - 1)]))
    return tuple(stops)
