"""Read what a comparison is about: its schedules, and the rates each one is tried at."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast, final

from annealing.core.check_rate import check_rate
from annealing.core.checks import positive
from annealing.core.errors import AnnealingError, ArgumentError, KindError, TaskError
from annealing.core.horizon import Horizon
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule
from annealing.core.text import parse
from annealing.study.defaults import SCHEDULES
from annealing.study.result import Arm
from annealing.tasks.batches import updates_per_epoch
from annealing.tasks.failure import task_raised
from annealing.tasks.task import Task

Schedules = Iterable[str | Schedule] | Mapping[str, str | Schedule] | None
Rates = float | Sequence[float] | None


@final
@dataclass(frozen=True)
class Entry:
    """An arm with its schedule as a value and the rates to try: update t uses `lr * schedule` over `horizon`.

    An `open` grid grows at an end where the best rate lies; one that the user wrote does not.
    """

    arm: Arm
    schedule: Schedule
    rates: tuple[float, ...]
    open: bool
    horizon: Horizon | int

    def plan(self, lr: float) -> Plan:
        """Return what a run at `lr` follows."""
        return (self.schedule if lr == 1 else lr * self.schedule).over(self.horizon)


def read_entries(task: Task, schedules: Schedules, updates: int, lr: Rates) -> tuple[Entry, ...]:
    """Return one entry per schedule, each settled over a run of `updates`.

    Raises an `AnnealingError` that names the schedule when one cannot be read, does not fit the run, is
    listed twice, or has a rate that is negative or not a number; `ArgumentError` for a rate that is not
    above 0; `TaskError` when no rate is given and the task's own optimizer has no usual one.
    """
    if isinstance(updates, bool) or not isinstance(updates, int) or updates < 1:
        raise ArgumentError(f"updates={updates!r} is not the length of a run: write a whole number of 1 or more.")
    grid = _grid(lr)
    horizon = horizon_of(task, updates)
    entries: list[Entry] = []
    for name, given in _named(schedules).items():
        schedule = _schedule(name, given)
        rates, is_open = _rates(name, schedule, horizon, grid, task)
        entries.append(Entry(Arm(name, str(schedule)), schedule, rates, is_open, horizon))
    _refuse_twins(entries)
    return tuple(entries)


def _named(schedules: Schedules) -> dict[str, str | Schedule]:
    if schedules is None:
        return dict(SCHEDULES)
    if isinstance(schedules, str | Schedule):
        raise KindError(f"schedules={schedules!r} is one schedule: write a list, [{str(schedules)!r}, …].")
    if isinstance(schedules, Mapping):
        named = dict(cast("Mapping[str, str | Schedule]", schedules))
    else:
        listed = list(schedules)
        named = {given if isinstance(given, str) else str(given): given for given in listed}
        if len(named) < len(listed):
            raise ArgumentError(f"a schedule is listed twice in {', '.join(map(str, listed))}: leave one out.")
    if not named:
        raise ArgumentError('there are no schedules to compare: write some, such as ["constant", "cosine"].')
    return named


def _schedule(name: str, given: str | Schedule) -> Schedule:
    schedule = parse(given) if isinstance(given, str) else given
    if not isinstance(schedule, Schedule):
        raise KindError(
            f"{name} is a {type(schedule).__name__}: compare sets the run's length itself: write the schedule without .over(…)."
        )
    return schedule


def _rates(
    name: str, schedule: Schedule, horizon: Horizon | int, grid: tuple[float, ...] | None, task: Task
) -> tuple[tuple[float, ...], bool]:
    """Return the rates to try and whether there may be more, refusing a schedule that does not fit the run or is no rate."""
    try:
        plan = schedule.over(horizon)
        check_rate(plan)
        peak = max(float(plan.values().max()), *(value for _, value in plan.keyframes()))
        if peak == 0:
            raise ArgumentError(
                "the rate is 0 all the way: nothing would be learned. Multiply a schedule such as cosine() instead."
            )
    except AnnealingError as error:
        raise type(error)(f"{name}: {error}") from error
    if grid is not None:
        return grid, False
    if not math.isclose(peak, 1, rel_tol=1e-9):
        return (1.0,), False  # absolute: the schedule is the rate
    if task.named_optimizer is None:
        raise TaskError(f"task {task.name!r} makes its own optimizer, whose usual rate is not known: write lr=[0.01, 0.03, 0.1].")
    return task.named_optimizer.grid, True


def _grid(lr: Rates) -> tuple[float, ...] | None:
    if lr is None:
        return None
    listed = [positive("lr", rate) for rate in (lr if isinstance(lr, Iterable) and not isinstance(lr, str) else [lr])]
    if not listed:
        raise ArgumentError("lr=[] holds no rate: write lr=[0.01, 0.03, 0.1], or leave it out for rates around the usual one.")
    return tuple(sorted(set(listed)))


def horizon_of(task: Task, updates: int) -> Horizon | int:
    """Count the run in epochs and samples too where that is known, for schedules such as `step("1ep")`."""
    try:
        epoch = updates_per_epoch(task)
    except Exception as error:  # the user's own data, looked at for the first time
        raise task_raised(task.name, error) from error
    if epoch is None:
        return updates
    per_epoch, samples = epoch
    return Horizon(updates, updates / per_epoch, max(1, round(updates / per_epoch * samples)))


def _refuse_twins(entries: Sequence[Entry]) -> None:
    seen: dict[str, str] = {}
    for entry in entries:
        if entry.arm.schedule in seen:
            raise ArgumentError(
                f"{seen[entry.arm.schedule]} and {entry.arm.name} are the same schedule, {entry.arm.schedule}: leave one out."
            )
        seen[entry.arm.schedule] = entry.arm.name
