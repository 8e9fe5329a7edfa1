"""Whatever several workers do, in whatever order: no run has two owners, and nothing that was stored is lost."""

# ruff: noqa: E402 - what needs SQLAlchemy is imported once it is known to be there

from __future__ import annotations

import itertools
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.conftest import require

sqlalchemy = require("sqlalchemy")

from annealing.study.result import Curve
from annealing.study.store import Claimed, Ended, NewRun, Point, open_store

WORKERS = st.integers(0, 2)
FLOATS = st.floats(allow_nan=True, allow_infinity=True)


class ManyWorkers(RuleBasedStateMachine):
    """Three workers on one study: they claim, report, finish, give up and die."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.stores = [open_store(Path(self.folder.name) / "studies.db") for _ in range(3)]
        self.records = [store.begin("mine", {}) for store in self.stores]
        self.rounds: list[list[NewRun]] = []
        self.held: list[dict[int, Claimed]] = [{}, {}, {}]  # who may train what, by the run's id
        self.lost: list[list[Claimed]] = [[], [], []]  # what each once held, and was taken from it
        self.points: dict[int, dict[int, bytes]] = {}
        self.done: dict[int, bytes] = {}

    def teardown(self) -> None:
        for store in self.stores:
            store.close()
        self.folder.cleanup()

    @initialize()
    def begin(self) -> None:
        """Two brackets and a run that stands alone, the first bracket claimed: from here on anything may happen."""
        self.add_a_round([2, 3], 1)
        self.claim(0, 1)

    @precondition(lambda self: len(self.rounds) < 4)
    @rule(sizes=st.lists(st.integers(1, 3), min_size=1, max_size=3), alone=st.integers(0, 2))
    def add_a_round(self, sizes: list[int], alone: int) -> None:
        brackets = [bracket for bracket, size in enumerate(sizes) for _ in range(size)] + [None] * alone
        runs = [NewRun({"lr": 0.1 * place}, seed=place, role="tuning", bracket=one) for place, one in enumerate(brackets)]
        self.records[0].add_round(len(self.rounds), runs)
        self.rounds.append(runs)

    @rule(worker=WORKERS, which=st.integers(0, 3))
    def add_a_round_that_is_there(self, worker: int, which: int) -> None:
        number = which % len(self.rounds)
        self.records[worker].add_round(number, self.rounds[number])

    @rule(worker=WORKERS, count=st.integers(1, 5))
    def claim(self, worker: int, count: int) -> None:
        claimed = self.records[worker].claim(count, str(worker))

        mine = {one.id: one for one in claimed if not one.done}
        taken = [set(held) & set(mine) for held in self.held]
        assert taken == [set(), set(), set()], "a run was claimed that somebody holds"
        assert {one.id for one in claimed if one.done} <= set(self.done)
        whole = {(run.round, run.bracket) for run in claimed if run.bracket is not None}
        for run in self.records[worker].runs():
            assert (run.round, run.bracket) not in whole or run.id in {one.id for one in claimed}, "half a bracket"
        if not claimed:
            free = set(range(1, sum(map(len, self.rounds)) + 1)) - set(self.done) - set().union(*self.held)
            assert not free
        self.held[worker] |= mine

    @precondition(lambda self: any(self.held) or any(self.lost))
    @rule(worker=WORKERS, update=st.integers(1, 5), losses=st.tuples(FLOATS, FLOATS, FLOATS))
    def report(self, worker: int, update: int, losses: tuple[float, float, float]) -> None:
        held = list(self.held[worker].values())
        lost = self.records[worker].add_points({one: [Point(update, *losses)] for one in (*held, *self.lost[worker])})

        assert set(lost) == set(self.lost[worker])
        for one in held:
            self.points.setdefault(one.id, {})[update] = np.array(losses).tobytes()

    @precondition(lambda self: any(self.held) or any(self.lost))
    @rule(worker=WORKERS, data=st.data(), loss=FLOATS)
    def finish(self, worker: int, data: st.DataObject, loss: float) -> None:
        held = list(self.held[worker].values())
        some = data.draw(st.lists(st.sampled_from(held), unique=True)) if held else []
        curve = Curve(np.array([1, 2]), *(np.array([loss, 1.0]) for _ in range(3)))
        lost = self.records[worker].finish({one: Ended(curve, loss) for one in (*some, *self.lost[worker])})

        assert set(lost) == set(self.lost[worker])
        for one in some:
            del self.held[worker][one.id]
            self.done[one.id] = np.float64(loss).tobytes()
            self.points[one.id] = {update: np.full(3, point).tobytes() for update, point in ((1, loss), (2, 1.0))}

    @precondition(lambda self: any(self.held) or any(self.lost))
    @rule(worker=WORKERS)
    def give_up(self, worker: int) -> None:
        self.records[worker].release()
        self._gone(worker)

    @precondition(lambda self: any(self.held) or any(self.lost))
    @rule(worker=WORKERS)
    def die(self, worker: int) -> None:
        tokens = {one.claim for one in self.held[worker].values()}
        with self.stores[worker]._database.write() as connection:
            for token in tokens:
                connection.execute(
                    sqlalchemy.text("UPDATE annealing_claim SET process = '1 never' WHERE id = :id"), {"id": token}
                )
        other = (worker + 1) % 3
        self.claim(other, 1) if not tokens else self._taken_over(worker, other)

    def _taken_over(self, worker: int, other: int) -> None:
        self._gone(worker)  # the next who claims finds out
        self.claim(other, 1)

    @precondition(lambda self: any(self.held) or any(self.lost))
    @rule(worker=WORKERS)
    def beat(self, worker: int) -> None:
        self.records[worker]._alive.clear()
        assert set(self.records[worker].beat(self.lost[worker] + list(self.held[worker].values()))) == set(self.lost[worker])

    def _gone(self, worker: int) -> None:
        self.lost[worker] += self.held[worker].values()
        self.held[worker] = {}

    @invariant()
    def nothing_is_lost(self) -> None:
        runs, curves = self.records[1].runs(), self.records[2].curves()
        assert [(run.round, run.place) for run in runs] == [
            (number, place) for number, of in enumerate(self.rounds) for place in range(len(of))
        ]
        assert {run.id: np.float64(run.loss).tobytes() for run in runs if run.done} == self.done
        held = set(itertools.chain(*self.held))
        assert {run.id for run in runs if run.state == "claimed"} == held
        found = {
            id_: {
                int(update): np.array(numbers).tobytes()
                for update, *numbers in zip(curve.update, curve.train_loss, curve.valid_loss, curve.rate, strict=True)
            }
            for id_, curve in curves.items()
        }
        assert found == self.points


ManyWorkers.TestCase.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
TestManyWorkers = ManyWorkers.TestCase
