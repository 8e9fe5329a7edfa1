"""`record`: hear from a Scheduler what every update used, and why."""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

from torch.optim import Optimizer

from annealing.core.checks import whole
from annealing.core.errors import KindError
from annealing.core.explain import Reason
from annealing.core.plan import Plan
from annealing.records import Record, Writer, record_of
from annealing.torch.owner import Owner
from annealing.torch.scheduler import Scheduler
from annealing.torch.slot import name_of


@final
class Recording:
    """What `record` has attached; `remove()` ends it."""

    def __init__(self, owner: Owner, writers: tuple[Writer, ...], every: int) -> None:
        self._owner, self._writers, self._every = owner, writers, every
        self._reasons: dict[int, tuple[Plan, Reason]] = {}  # by the plan's identity: hashing a long plan takes longer
        owner.listeners.append(self._heard)

    def remove(self) -> None:
        """Hear no more; the writers stay open."""
        if self._heard in self._owner.listeners:
            self._owner.listeners.remove(self._heard)

    def _heard(self, optimizer: Optimizer, update: int) -> None:
        if update % self._every == 0:
            records = list(self._records(optimizer, update))
            for writer in self._writers:
                writer(records)

    def _records(self, optimizer: Optimizer, update: int) -> Iterator[Record]:
        groups = optimizer.param_groups
        for plan, place, gain, columns in self._owner.used():
            reason, planned = self._why(plan, place), plan(place) * gain
            for column in columns:
                name = str(column.slot)
                for row, value in column.scaled(planned):
                    yield record_of(
                        plan, update, group=name_of(groups[row], row), name=name, gain=gain, value=value, reason=reason
                    )

    def _why(self, plan: Plan, t: float) -> Reason:
        """The reason, which stays the same one until its phase is over, but for the local time that no record holds."""
        known, reason = self._reasons.get(id(plan), (None, None))
        if known is not plan or reason is None or not (reason.ended or reason.begin <= t < reason.end):
            reason = plan.why(t)
            self._reasons[id(plan)] = plan, reason
        return reason


def record(scheduler: Scheduler, *writers: Writer, every: int = 1) -> Recording:
    """Hand every writer, after each update, one record for every group and hyper-parameter: the value used, and why.

    >>> import annealing as an, torch
    >>> from annealing.torch import Scheduler, record
    >>> optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1)
    >>> scheduler = Scheduler(optimizer, lr=(0.1 * an.chain(an.hold(1), an.linear())).over(3))
    >>> recording = record(scheduler, lambda records: print(*records))
    >>> for _ in range(2):
    ...     optimizer.step()
    Record(update=0, group='0', name='lr', value=0.1, phase='hold(1)', gain=1.0, edit='')
    Record(update=1, group='0', name='lr', value=0.1, phase='linear()', gain=1.0, edit='')

    Updates that the optimizer skipped (AMP) leave no record. A tensor rate holds the value in its own precision.

    Arguments: `scheduler`; `writers`, such as `CsvFile(path)`, `JsonLinesFile(path)`, `TensorBoard(folder)` of
    `annealing.records`, or any function of a list of records; `every`, only updates that are multiples of it. In a run of
    several processes, let one of them record. Returns a handle whose `remove()` ends it; copies of a Scheduler do not record.

    Raises `KindError` for what is no Scheduler or cannot be called.
    """
    if not isinstance(scheduler, Scheduler):
        raise KindError(f"{scheduler!r} is no Scheduler: write record(Scheduler(optimizer, lr=plan), CsvFile('used.csv')).")
    for writer in writers:
        if not callable(writer):
            raise KindError(f"{writer!r} is no writer: pass CsvFile(path), or a function that takes a list of records.")
    if not writers:
        raise KindError("record() was given no writer: write record(scheduler, CsvFile('used.csv')).")
    return Recording(scheduler._owner, writers, whole("every", every))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
