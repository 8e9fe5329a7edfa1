"""Which engine trains a task where none is named: stacks where they pay, one setting at a time where they do not."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from annealing.core.families import constant
from annealing.lockstep import Member
from annealing.lockstep.alone import guarded
from annealing.lockstep.chunk import pays
from annealing.lockstep.feed import CannotStackError
from annealing.lockstep.outlook import BUSY, in_a_line, stackable
from annealing.study.engines.own import Own
from annealing.tasks.failure import told_of
from annealing.tasks.task import Task

_LOW = 1e-6  # a rate that every optimizer takes


class Usual(NamedTuple):
    """Whether settings are trained in stacks, and if they could have been, in a line why they are not."""

    stacks: bool
    notes: tuple[str, ...] = ()


def usual_engine(work: Task | Own, optimizer: str | None, device: str) -> Usual:
    """Say whether settings of a task are to be stacked: by its model and optimizer, so that the answer never changes.

    One by one, earlier runs say which of the later ones to give up; in a stack that is not one, nobody would be.

    >>> import torch
    >>> x = torch.linspace(-1, 1, 64).reshape(64, 1)
    >>> line = Task(lambda: torch.nn.Linear(1, 1), torch.nn.functional.mse_loss, (x, 3 * x), (x, 3 * x), optimizer="sgd")
    >>> wide = lambda: torch.nn.Sequential(torch.nn.Linear(1, 1000), torch.nn.Linear(1000, 1000), torch.nn.Linear(1000, 1))
    >>> usual_engine(line, None, "cpu"), usual_engine(replace(line, model=wide), None, "cpu").stacks
    (Usual(stacks=True, notes=()), False)

    Raises `TaskError` for what the task raises.
    """
    if isinstance(work, Own):
        return Usual(stacks=False)
    task = work if optimizer is None else replace(work, optimizer=optimizer)
    with told_of(task.name), guarded():
        try:
            if pays(stackable(task, Member((_LOW * constant()).over(1), seed=0), "cpu"), device):
                return Usual(stacks=True)
            reason = BUSY
        except CannotStackError as error:
            reason = str(error)
    return Usual(stacks=False, notes=(in_a_line(task, reason),))
