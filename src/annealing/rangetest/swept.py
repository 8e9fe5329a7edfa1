"""A sweep of a task, for those who want to know what other rules say about it."""

from __future__ import annotations

from dataclasses import replace

from annealing.core.checks import whole
from annealing.lockstep import Member, train
from annealing.rangetest.sweep import Sweep, ramp
from annealing.tasks.load import load_task
from annealing.tasks.optimizers import Maker
from annealing.tasks.task import Task

UPDATES = 100


def sweep_task(
    task: Task | str,
    *,
    optimizer: str | Maker | None = None,
    start: float = 1e-7,
    end: float = 10.0,
    updates: int = UPDATES,
    seed: int = 0,
    device: str = "cpu",
) -> Sweep:
    """Train a task with a rate that rises from update to update, and note the losses: what `suggest` reads.

    >>> from annealing.rangetest import suggest
    >>> suggest(sweep_task("digits", updates=60), "minimum").rate < 1
    True

    Arguments: `task` and `optimizer`, as those of `find`; `start` and `end`, the first and last rate; `updates`, how many;
    `seed`; `device`. The sweep ends early where it diverges. Raises `TaskError` when the task is at fault, `ArgumentError` for
    rates that do not rise.
    """
    task = load_task(task) if isinstance(task, str) else task
    task = task if optimizer is None else replace(task, optimizer=optimizer)
    plan = ramp(start, end, updates)
    (outcome,) = train(task, [Member(plan, seed=whole("seed", seed, at_least=0))], device=device, points=updates).outcomes
    return Sweep(plan.values()[: len(outcome.train_loss)], outcome.train_loss)
