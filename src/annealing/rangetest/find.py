"""Find a rate by the two-stage protocol: scan constant rates shortly, then train a few on the true schedule to its end.

No short test is safe on a task it was not made for: what a rate does to a whole run, only whole runs show. The scan says where to
look, and costs a few of them; five whole runs decide, and the best of those is the answer, already trained.
"""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
import torch
from torch import Tensor

from annealing.core.checks import whole
from annealing.core.errors import ArgumentError, KindError
from annealing.core.phases import hold
from annealing.core.schedule import Schedule
from annealing.core.text import parse
from annealing.lockstep import Member, Outcome, train
from annealing.lockstep.compiled import Compile
from annealing.lockstep.device import known_device
from annealing.rangetest.decide import PER_DECADE, Answer, Scan, around, decide
from annealing.rangetest.sweep import Values
from annealing.tasks.batches import seed_everything, validation_batches
from annealing.tasks.load import load_task
from annealing.tasks.measure import validation_loss
from annealing.tasks.optimizers import Maker
from annealing.tasks.task import Task

UPDATES = 1_000
SCHEDULE = 'chain(warmup("10%"), cosine())'
"""What a rate is found for when nothing else is said."""
BUDGET = 8.5
"""Whole runs that an answer may cost; what diverges early costs less, and leaves room to look beyond an edge."""

_RATES, _WHOLE = 20, 5  # of the scan, so 4.75 decades; and of the whole runs
_SCAN, _SHARE = 100, 1 / 6  # updates of the scan at most, and of the run at most
_USUAL = 1e-2  # where nothing is known about the optimizer

Tick = Callable[[str, int, int], None]
"""Called now and then with the stage under way, its updates done, and its updates in all."""


@final
@dataclass(frozen=True, eq=False)
class Found:
    """What was found: the answer, the scan and the whole runs behind it, and the winner's trained weights.

    `rates` and `losses` are those of the whole runs, rising in the rate; `state` is the best one's `state_dict()`, or None
    where there is no answer; `cost` says how many whole runs all of it took, in updates of members.
    """

    task: str
    optimizer: str
    schedule: str
    updates: int
    seed: int
    answer: Answer
    scan: Scan
    scan_updates: int
    rates: Values
    losses: Values
    state: dict[str, Tensor] | None
    cost: float
    seconds: float
    notes: tuple[str, ...]

    def weights(self) -> bytes | None:
        """Return the winner's weights as a file that `torch.load` reads, or None where there is no answer."""
        if self.state is None:
            return None
        file = io.BytesIO()
        torch.save(self.state, file)
        return file.getvalue()

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as JSON holds them: no weights, and null for what is infinite."""
        answer = self.answer
        return {
            "task": self.task,
            "optimizer": self.optimizer,
            "schedule": self.schedule,
            "updates": self.updates,
            "seed": self.seed,
            "rate": answer.rate,
            "interval": answer.interval,
            "edge_of_divergence": answer.edge_of_divergence,
            "confidence": answer.confidence,
            "reason": answer.reason,
            "scan": {
                "updates": self.scan_updates,
                "first": _plain(self.scan.first),
                "rates": self.scan.rate.tolist(),
                "losses": [_plain(loss) for loss in self.scan.loss],
            },
            "runs": {"rates": self.rates.tolist(), "losses": [_plain(loss) for loss in self.losses]},
            "cost": self.cost,
            "seconds": self.seconds,
            "notes": list(self.notes),
        }


def find(
    task: Task | str,
    *,
    optimizer: str | Maker | None = None,
    updates: int = UPDATES,
    schedule: Schedule | str = SCHEDULE,
    seed: int = 0,
    device: str = "cpu",
    compile: Compile = "auto",  # noqa: A002 - what torch calls it
    tick: Tick | None = None,
) -> Found:
    """Find the rate to train a task with: a scan of constant rates, then whole runs around the best of them.

    >>> import torch
    >>> x = torch.linspace(-1, 1, 64).reshape(64, 1)
    >>> line = Task(lambda: torch.nn.Linear(1, 1), torch.nn.functional.mse_loss, (x, 3 * x), (x, 3 * x), optimizer="sgd")
    >>> found = find(line, updates=60)
    >>> 0.05 < found.answer.rate < 5, found.cost < 8.5
    (True, True)

    Arguments: `task`, a `Task`, a built-in name or `"file.py:name"`; `optimizer`, in place of the task's own; `updates`,
    the length of the run that the rate is for; `schedule`, what that run multiplies the rate by; `seed`, which every rate
    starts from with the same weights, batches and noise; `device`; `compile`, as of `annealing.lockstep.train`; `tick`, told
    how far it is.

    20 rates, four to a decade around the optimizer's usual one, are trained for a sixth of the run and at most 100 updates;
    then five a quarter of a decade apart, around the best of those by blurred validation loss, for the whole run. Where a
    best one lies at an edge, rates beyond it follow as long as the cost stays within 8.5 whole runs.

    The answer is a rate, the interval of rates within 10 % of its loss, the edge of divergence and a confidence with its
    reason; or no rate, and why. Raises `TaskError` when the task is at fault, `ArgumentError` for a schedule that does not fit.

    Source: Smith 2015 (arXiv:1506.01186) asks the question; the protocol is the one that held on tasks it was not made for.
    """
    begun = time.perf_counter()
    task = load_task(task) if isinstance(task, str) else task
    if not isinstance(task, Task):  # pyright: ignore[reportUnnecessaryIsInstance] - people pass models
        raise KindError(f'task={task!r} is not a task: write "digits", "file.py:name", or Task(model=…, loss=…, …).')
    task = task if optimizer is None else replace(task, optimizer=optimizer)
    shape = _shape(schedule)
    updates = whole("updates", updates, at_least=12)
    device = known_device(device)
    short = min(_SCAN, int(updates * _SHARE))
    search = _Search(task, shape, updates, short, whole("seed", seed, at_least=0), device, compile, tick or _nobody)
    scan = search.scanned()
    search.confirm(scan)
    rates = np.array(sorted(search.whole))
    losses = np.array([search.whole[rate].loss for rate in rates])
    answer = decide(scan, rates, losses)
    return Found(
        task=task.name,
        optimizer=task.optimizer_name,
        schedule=str(shape),
        updates=updates,
        seed=seed,
        answer=answer,
        scan=scan,
        scan_updates=short,
        rates=rates,
        losses=losses,
        state=None if answer.rate is None else search.whole[answer.rate].state,
        cost=search.spent / updates,
        seconds=time.perf_counter() - begun,
        notes=tuple(dict.fromkeys(search.notes)),
    )


@final
class _Search:
    """One call of `find`: what was trained so far, and what it cost."""

    def __init__(
        self, task: Task, shape: Schedule, updates: int, short: int, seed: int, device: str, compile_: Compile, tick: Tick
    ) -> None:
        self.task, self.shape, self.updates, self.short, self.seed, self.device = task, shape, updates, short, seed, device
        self.compile: Compile = compile_
        self.tick = tick
        self.short_runs: dict[float, float] = {}
        self.whole: dict[float, Outcome] = {}
        self.spent = 0
        self.notes: list[str] = []

    def scanned(self) -> Scan:
        """Scan around the usual rate, and on beyond an edge for as long as whole runs can still follow."""
        usual = self.task.named_optimizer.usual if self.task.named_optimizer else _USUAL
        self._scan(usual * 10 ** ((i - (_RATES - 1) / 2) / PER_DECADE) for i in range(_RATES))
        while True:
            rates = sorted(self.short_runs)
            scan = Scan(rates, [self.short_runs[rate] for rate in rates], self._first())
            side = _edge(scan.best, len(rates))
            after = _WHOLE if scan.learned else 1  # whole runs where nothing learns would be thrown away
            if side == 0 or not self._affords(PER_DECADE * self.short + after * self.updates):
                return scan
            self._scan((rates[0] if side < 0 else rates[-1]) * 10 ** (side * (i + 1) / PER_DECADE) for i in range(PER_DECADE))

    def confirm(self, scan: Scan) -> None:
        """Train whole runs around the best rate of a scan, and beyond an edge for as long as the budget lasts."""
        room = int(BUDGET - self.spent / self.updates)
        self._train_whole(around(float(scan.rate[scan.best]), steps=(min(max(room, 1), _WHOLE) - 1) // 2))
        while True:
            rates = sorted(self.whole)
            losses = [self.whole[rate].loss for rate in rates]
            side = _edge(int(np.argmin(losses)), len(losses)) if np.isfinite(losses).any() else -1
            if side == 0 or not self._affords(self.updates):
                return
            self._train_whole([(rates[0] if side < 0 else rates[-1]) * 10 ** (side / PER_DECADE)])

    def _scan(self, rates: Any) -> None:
        rates = [float(rate) for rate in rates]
        plans = [(rate * hold()).over(self.short) for rate in rates]
        outcomes = self._train([Member(plan, seed=self.seed) for plan in plans], "scan", keep_state=False)
        self.short_runs.update({rate: outcome.loss for rate, outcome in zip(rates, outcomes, strict=True)})

    def _train_whole(self, rates: Sequence[float]) -> None:
        members = [Member((rate * self.shape).over(self.updates), seed=self.seed, lr=rate) for rate in rates]
        self.whole.update(zip(rates, self._train(members, "whole runs", keep_state=True), strict=True))

    def _train(self, members: Sequence[Member], stage: str, *, keep_state: bool) -> tuple[Outcome, ...]:
        total, done = sum(member.updates for member in members), dict[int, int]()

        def hear(place: int, updates: int, loss: float) -> None:
            done[place] = updates
            self.tick(stage, sum(done.values()), total)

        trained = train(self.task, members, device=self.device, points=1, keep_state=keep_state, compile=self.compile, tick=hear)
        self.spent += sum(int(outcome.update[-1]) for outcome in trained.outcomes)
        self.notes += trained.notes
        return trained.outcomes

    def _affords(self, updates: int) -> bool:
        return self.spent + updates <= BUDGET * self.updates

    def _first(self) -> float:
        """The validation loss before training."""
        seed_everything(self.seed)
        model = self.task.model().eval()
        return validation_loss(self.task, model, validation_batches(self.task.data("valid", self.seed), self.task.batch_size))


def _nobody(stage: str, done: int, total: int) -> None:
    """Listen to nothing."""


def _edge(place: int, count: int) -> int:
    """-1 at the lower edge, 1 at the upper one, 0 inside."""
    return -1 if place == 0 else int(place == count - 1)


def _shape(schedule: Schedule | str) -> Schedule:
    read = parse(schedule) if isinstance(schedule, str) else schedule
    if not isinstance(read, Schedule):
        raise KindError(f"schedule={schedule!r} is no schedule: write one whose peak is 1, such as {SCHEDULE}.")
    peak = float(read.over(1_000).values().max())
    if not math.isclose(peak, 1, rel_tol=0.01):
        raise ArgumentError(
            f"schedule={read} has a peak of {peak:g}, and the rate to find multiplies a peak of 1: write {SCHEDULE}."
        )
    return read


def _plain(loss: float) -> float | None:
    return float(loss) if math.isfinite(loss) else None
