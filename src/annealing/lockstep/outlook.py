"""Whether a task's members can be stacked, and how many at a time: what an engine asks before it hands work out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from annealing.lockstep.alone import guarded, has_modes, maker_for, prepare
from annealing.lockstep.blueprint import Blueprint, blueprint
from annealing.lockstep.chunk import chunk_size, pays
from annealing.lockstep.delta import why_not_linear
from annealing.lockstep.feed import CannotStackError
from annealing.lockstep.fused import family
from annealing.lockstep.member import Member
from annealing.lockstep.rates import Hyper
from annealing.tasks.task import Task
from annealing.torch.slot import Slot


class Outlook(NamedTuple):
    """How many members to train in one stack, or the `reason` why each should be trained by itself."""

    chunk: int
    reason: str | None


def outlook(task: Task, members: Sequence[Member], *, device: str = "cpu") -> Outlook:
    """Try a task in a stack, and measure how many members it should hold if there is enough to do.

    >>> import annealing as an, torch
    >>> x = torch.linspace(-1, 1, 64).reshape(64, 1)
    >>> task = Task(lambda: torch.nn.Linear(1, 1), torch.nn.functional.mse_loss, (x, 3 * x), (x, 3 * x), optimizer="rmsprop")
    >>> outlook(task, [Member((0.01 * an.cosine()).over(20), seed=seed) for seed in range(6)])
    Outlook(chunk=6, reason=None)

    Raises `TaskError` when the task is at fault.
    """
    try:
        with guarded():
            plan = stackable(task, members[0], device)
            return Outlook(chunk_size(plan, members, None, measure=True)[0], None) if pays(plan) else Outlook(1, BUSY)
    except CannotStackError as error:
        return Outlook(1, str(error))


BUSY = "one member alone keeps the processor busy"


def in_a_line(task: Task, reason: str) -> str:
    """Say why a task is not stacked."""
    return f"task {task.name!r} is trained one setting at a time: {reason}."


def stackable(task: Task, member: Member, device: str) -> Blueprint:
    """Return the blueprint of a task; raise `CannotStackError` for a model or an optimizer that cannot be stacked."""
    plan = blueprint(task, member, device)
    _, optimizer = prepare(task, member)
    if family(optimizer, Hyper(member, optimizer))[0] == "fused":
        return plan
    if has_modes(optimizer):
        raise CannotStackError(f"of its optimizer {type(optimizer).__name__}: it evaluates with other weights than it trains")
    make = maker_for(task, member)

    def made(parameters: Any, lr: float) -> Any:
        made = make(parameters, lr)
        for name, value in member.options.items():
            for group in made.param_groups:
                Slot.of(name).replace(group, value)
        return made

    if reason := why_not_linear(made):
        raise CannotStackError(f"of its optimizer {type(optimizer).__name__}: {reason}")
    return plan
