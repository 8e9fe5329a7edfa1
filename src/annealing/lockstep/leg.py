"""A stack on its way: trained from one point to the next, measured there, and divided into those who go on or not."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from annealing.lockstep.evaluate import Evaluation
from annealing.lockstep.member import Outcome, Point, Record
from annealing.lockstep.rates import table
from annealing.lockstep.stack import Stack, joined
from annealing.lockstep.trail import Trail
from annealing.tasks.measure import explosion

Tick = Callable[[int, int, float], None]
"""Called now and then with a member's place in the list, its finished updates and its latest training loss."""
Hear = Callable[[int, Point], object]
"""Called with a member's place in the list and each point of its curve, as it is measured."""

_PAUSE = 0.1  # seconds between two looks at how far a stack has come


@final
class Leg:
    """A stack with the curves of its members; `places` says where in the caller's list each one stands.

    Rows beyond the last place only fill the stack up.
    """

    def __init__(self, stack: Stack, places: Sequence[int], evaluation: Evaluation, tick: Tick, hear: Hear) -> None:
        self.stack, self.places = stack, list(places)
        self.records = [Record(member) for member in stack.members[: len(places)]]
        self.seconds = [0.0] * len(places)
        self._evaluation, self._tick, self._hear = evaluation, tick, hear
        self._limits = [math.inf] * len(places)
        self._told = 0.0
        self._trail: Trail | None = None

    @property
    def alive(self) -> list[int]:
        """The rows whose member goes on."""
        return [row for row, record in enumerate(self.records) if not record.diverged and not record.cut]

    def run(self, marks: Sequence[int], *, trail: Trail | None = None) -> None:
        """Train to each of `marks` in turn, and measure there; `trail` follows on the way."""
        self._trail = trail
        for mark in marks:
            if mark <= self.stack.update or not self.alive:
                continue
            begun, begin, rows = time.perf_counter(), self.stack.update, self.alive
            losses = self.stack.advance(mark, self._beat)
            if begin == 0:
                self._limits = [explosion(first) for first in losses[0, : len(self.places)].tolist()]
            self._note_divergence(rows, losses, begin)
            going = self.alive
            found = self._evaluation.losses(self.stack, going)
            means = np.ascontiguousarray(losses.T).mean(axis=1)
            rates = table([self.stack.born[row].hyper for row in going], "lr", 0, mark - 1, mark)[0]
            for row, rate in zip(going, rates, strict=True):
                self._add(row, mark, float(means[row]), found[row], float(rate))
            spent = (time.perf_counter() - begun) / len(rows)
            for row in rows:
                self.seconds[row] += spent
                self._tick(self.places[row], self.records[row].points[-1][0], float(losses[-1, row]))

    def _note_divergence(self, rows: Sequence[int], losses: NDArray[np.float64], begin: int) -> None:
        gone = ~(losses[:, : len(self._limits)] < np.array(self._limits))  # NaN is not below anything
        for row in np.intersect1d(np.flatnonzero(gone.any(axis=0)), rows).tolist():
            after = int(np.argmax(gone[:, row])) + 1
            self.records[row].diverged = True
            rate = self.stack.born[row].hyper.over("lr", 0, begin + after - 1, begin + after)[0]
            self._add(row, begin + after, float(np.mean(losses[:after, row])), math.nan, float(rate))

    def _add(self, row: int, update: int, train_loss: float, valid_loss: float, rate: float) -> None:
        self.records[row].add(update, train_loss, valid_loss, rate)
        self._hear(self.places[row], self.records[row].points[-1])

    def _beat(self, update: int) -> None:
        if self._trail is not None:
            self._trail.follow(self.stack)
        if time.perf_counter() - self._told > _PAUSE:
            self._told = time.perf_counter()
            losses = self.stack.latest.tolist()
            for row in self.alive:
                self._tick(self.places[row], update, losses[row])

    def with_stack(self, stack: Stack, places: Sequence[int]) -> Leg:
        """Return a leg for another stack of the same task."""
        return Leg(stack, places, self._evaluation, self._tick, self._hear)

    def take(self, rows: Sequence[tuple[Leg, int]]) -> None:
        """Take over the records of the members that this leg now trains."""
        self.records = [leg.records[row] for leg, row in rows]
        self.seconds = [leg.seconds[row] for leg, row in rows]
        self._limits = [leg._limits[row] for leg, row in rows]  # noqa: SLF001 - of its own kind

    def initial(self) -> dict[int, float]:
        """Return the validation losses that members have before their next update."""
        return self._evaluation.losses(self.stack, self.alive)

    def promises(self) -> dict[int, float]:
        """Return what members that go on may come to: the latest validation loss, or that of the trail's mean if it is less."""
        rows, settled = self.alive, None if self._trail is None else self._trail.settled(self.stack)
        found = {row: self.records[row].latest for row in rows}
        if settled is not None:
            means = self._evaluation.losses(settled, rows)
            found |= {row: mean for row, mean in means.items() if mean < found[row]}
        return found

    def outcome(self, row: int, *, keep_state: bool) -> Outcome:
        """Close the record of one member, as it is now."""
        record = self.records[row]
        names = self.stack.plan.task.metrics
        metrics = dict.fromkeys(names, math.nan) if record.diverged else self._evaluation.metrics(self.stack, row)
        return record.outcome(metrics, self.seconds[row], self._state(row) if keep_state else None)

    def _state(self, row: int) -> dict[str, Tensor]:
        """Return what `load_state_dict` takes: every name of the model, those of tied parameters and frozen ones too."""
        held, model = self.stack.held_by(row), self.stack.plan.model
        first = {id(value): name for name, value in (*model.named_parameters(), *model.named_buffers())}
        kept = model.state_dict(keep_vars=True)
        return {name: held[first[id(value)]].detach().clone() for name, value in kept.items() if id(value) in first}


def regrouped(legs: Sequence[Leg], size: int, *, full: bool) -> list[Leg]:
    """Put the members that go on, of stacks at the same update, into as few stacks of `size` as there need be.

    With `full` the last one is filled up with copies, as a compiled program needs it.
    """
    going = [(which, row) for which, leg in enumerate(legs) for row in leg.alive]
    made: list[Leg] = []
    for begin in range(0, len(going), size):
        rows = going[begin : begin + size]
        used = sorted({which for which, _ in rows})
        filled = [*rows, *[rows[-1]] * (size - len(rows))] if full else rows
        stack = joined([legs[which].stack for which in used], [(used.index(which), row) for which, row in filled])
        leg = legs[used[0]].with_stack(stack, [legs[which].places[row] for which, row in rows])
        leg.take([(legs[which], row) for which, row in rows])
        made.append(leg)
    return made
