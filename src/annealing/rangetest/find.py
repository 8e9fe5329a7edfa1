"""Find a rate by the two-stage protocol: scan constant rates shortly, then train a few on the true schedule to its end.

No short test is safe on a task it was not made for: what a rate does to a whole run, only whole runs show. The scan says where to
look, and costs two of them; five whole runs decide, and the middle of those that ended well is the answer, trained as well.
"""

from __future__ import annotations

import io
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import torch
from torch import Tensor

from annealing.core.checks import whole
from annealing.core.errors import KindError
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule
from annealing.lockstep import Member, train
from annealing.lockstep.compiled import Compile
from annealing.lockstep.device import known_device
from annealing.rangetest.decide import Answer, Scan
from annealing.rangetest.search import SCHEDULE, UPDATES, Ran, Search, shape_of
from annealing.rangetest.sweep import Values
from annealing.tasks.batches import seed_everything, validation_batches
from annealing.tasks.failure import told_of
from annealing.tasks.load import load_task
from annealing.tasks.measure import validation_loss
from annealing.tasks.optimizers import Maker
from annealing.tasks.task import Task

_USUAL = 1e-2  # where nothing is known about the optimizer

Tick = Callable[[str, int, int], None]
"""Called now and then with the stage under way, its updates done, and its updates in all."""


@final
@dataclass(frozen=True, eq=False)
class Found:
    """What was found: the answer, the scan and the whole runs behind it, and the weights that the answer's own run trained.

    `rates` and `losses` are those of the whole runs, rising in the rate; `state` is that run's `state_dict()`, or None
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

    20 rates, four to a decade around the optimizer's usual one, are trained for a tenth of the run and at most 100 updates;
    then whole runs half a decade apart, from the best of those by blurred validation loss on, until the best of them lies
    between two others; then those a quarter of a decade beside it. Their middle by what they are worth is the answer, and a
    whole run at it comes last. All that as long as the cost stays within 8.5 whole runs: usually it is 8.

    The answer is a rate, the interval of rates within 10 % of its loss, the edge of divergence and a confidence with its
    reason; or no rate, and why. Raises `TaskError` when the task is at fault, `ArgumentError` for a schedule that does not fit.

    Source: Smith 2015 (arXiv:1506.01186) asks the question; the protocol is the one that held on tasks it was not made for.
    """
    begun = time.perf_counter()
    task = load_task(task) if isinstance(task, str) else task
    if not isinstance(task, Task):  # pyright: ignore[reportUnnecessaryIsInstance] - people pass models
        raise KindError(f'task={task!r} is not a task: write "digits", "file.py:name", or Task(model=…, loss=…, …).')
    task = task if optimizer is None else replace(task, optimizer=optimizer)
    shape, seed = shape_of(schedule), whole("seed", seed, at_least=0)
    updates = whole("updates", updates, at_least=12)
    device = known_device(device)
    notes: list[str] = []
    with told_of(task.name):
        search = _search(task, shape, updates, seed, device, compile, tick, notes)
        scan, answer = search.answer()
    return Found(
        task=task.name,
        optimizer=task.optimizer_name,
        schedule=str(shape),
        updates=updates,
        seed=seed,
        answer=answer,
        scan=scan,
        scan_updates=search.short,
        rates=search.rates,
        losses=search.losses,
        state=None if answer.rate is None else search.whole[answer.rate].state,
        cost=search.spent / updates,
        seconds=time.perf_counter() - begun,
        notes=tuple(dict.fromkeys(notes)),
    )


def scan_task(task: Task, *, updates: int, seed: int = 0, device: str = "cpu", tick: Tick | None = None) -> tuple[Scan, float]:
    """Return the first stage of `find` alone, and how many whole runs it took: 2, or more where the best is far off.

    It says where to look, and no more: for a search that goes on to train whole runs of its own. Nothing is compiled.

    Arguments and errors: those of `find`.
    """
    updates, seed = whole("updates", updates), whole("seed", seed, at_least=0)
    search = _search(task, shape_of(SCHEDULE), updates, seed, known_device(device), "never", tick, [])
    return search.scan(), search.spent / updates


def _search(
    task: Task,
    shape: Schedule,
    updates: int,
    seed: int,
    device: str,
    compile: Compile,  # noqa: A002
    tick: Tick | None,
    notes: list[str],
) -> Search:
    """Return a search that trains on this task, all rates from the same start, and adds what is to be noted to `notes`."""

    def trained(stage: str, pairs: Sequence[tuple[float, Plan]]) -> list[Ran]:
        members = [Member(plan, seed=seed, lr=rate) for rate, plan in pairs]
        total, done = sum(member.updates for member in members), dict[int, int]()

        def hear(place: int, updates: int, loss: float) -> None:
            done[place] = updates
            (tick or _nobody)(stage, sum(done.values()), total)

        keep = stage != "scan"
        found = train(task, members, device=device, points=1, keep_state=keep, compile=compile, tick=hear)
        notes.extend(found.notes)
        return [Ran(outcome.loss, int(outcome.update[-1]), outcome.state) for outcome in found.outcomes]

    usual = task.named_optimizer.usual if task.named_optimizer else _USUAL
    return Search(trained, shape, updates, usual, _first(task, seed))


def _first(task: Task, seed: int) -> float:
    """The validation loss before training."""
    seed_everything(seed)
    model = task.model().eval()
    return validation_loss(task, model, validation_batches(task.data("valid", seed), task.batch_size))


def _nobody(stage: str, done: int, total: int) -> None:
    """Listen to nothing."""


def _plain(loss: float) -> float | None:
    return float(loss) if math.isfinite(loss) else None
