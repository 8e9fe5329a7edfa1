"""One member trained by itself, as anybody would: what a stack must agree with, and what happens where nothing can be stacked."""

from __future__ import annotations

import math
import random
import time
import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch.optim import Optimizer
from torch.utils import _pytree as pytree

from annealing.core.errors import TaskError
from annealing.core.plan import Plan
from annealing.lockstep.masks import Drawer
from annealing.lockstep.member import Member, Outcome, Point, Record
from annealing.tasks.batches import Batch, generator_for, seed_everything, training_batches, validation_batches
from annealing.tasks.measure import POINTS, check_points, checked_loss, explosion, metrics_of, validation_loss
from annealing.tasks.optimizers import Maker, optimizer_named
from annealing.tasks.task import Task
from annealing.torch import Scheduler
from annealing.torch.slot import Slot, place_of

Tick = Callable[[int, float], None]
"""Called after an update with the number of finished ones and the training loss."""


def train_alone(
    task: Task,
    member: Member,
    tick: Tick,
    *,
    device: str = "cpu",
    points: int = POINTS,
    keep_state: bool = False,
    hear: Callable[[Point], object] | None = None,
) -> Outcome:
    """Train `member` to its end, or until it diverges, and return what became of it.

    The same task and member give the same bits wherever they are trained. `tick(updates, loss)` is called after every
    update, `hear(point)` with each point of the curve; where that returns True, the run is cut. A loss that is NaN, infinite,
    or 10 000 times the first one ends the run there: it has diverged, which is a result, with an infinite final loss.
    """
    begun = time.perf_counter()
    task = task_for(task, member)
    model, optimizer = prepare(task, member, device)
    follow(optimizer, member)
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    validation = Validation(task, member.seed, device)
    sizes = member.batch_sizes or (1,) * member.updates  # equal ones weigh the same
    marks = _marks(member, points)
    record, limit, since = Record(member), math.inf, list[float]()
    batches = training_batches(task, member.seed, member.batch_sizes)
    dropping = nullcontext() if device == "cpu" else Drawer(torch.Generator(device).manual_seed(training_seed(member.seed)))
    for update in range(1, member.updates + 1):
        rate = float(optimizer.param_groups[0]["lr"])
        inputs, targets = moved(next(batches), device)
        with dropping:
            loss = _update(task, model, optimizer, inputs, targets, parameters, member.clip_norm)
        since.append(loss)
        tick(update, loss)
        if update == 1:
            limit = explosion(loss)
        record.diverged = not loss < limit  # NaN is not below anything
        if record.diverged or update in marks:
            with _evaluating(model, optimizer):
                valid = math.nan if record.diverged else validation_loss(task, model, validation)
            record.add(update, float(np.average(since, weights=sizes[update - len(since) : update])), valid, rate)
            since.clear()
            record.cut = hear is not None and hear(record.points[-1]) is True and update < member.updates
        if record.diverged or record.cut:
            break
    with _evaluating(model, optimizer):
        metrics = dict.fromkeys(task.metrics, math.nan) if record.diverged else metrics_of(task, model, validation)
        state = {name: value.detach().clone() for name, value in model.state_dict().items()} if keep_state else None
    return record.outcome(metrics, time.perf_counter() - begun, state)


def task_for(task: Task, member: Member) -> Task:
    """Return the task with the member's own batch size."""
    return task if member.batch_size in (None, task.batch_size) else replace(task, batch_size=member.batch_size)


def maker_for(task: Task, member: Member) -> Maker:
    """Return what makes the member's optimizer: its own, or the task's."""
    chosen = task.optimizer if member.optimizer is None else member.optimizer
    return optimizer_named(chosen) if isinstance(chosen, str) else chosen


def prepare(task: Task, member: Member, device: str = "cpu") -> tuple[torch.nn.Module, Optimizer]:
    """Make the model and the optimizer of a member, and leave the global generators as its training begins with them."""
    model = made(task, member).to(device)
    optimizer = optimizer_of(task, member, model)
    into(optimizer, training=True)
    torch.manual_seed(training_seed(member.seed))
    return model.train(), optimizer


def made(task: Task, member: Member) -> torch.nn.Module:
    """Make the model of a member, with the weights of its seed."""
    seed_everything(member.seed)
    model = task.model()
    if not isinstance(model, torch.nn.Module):  # pyright: ignore[reportUnnecessaryIsInstance] - it is the user's function
        raise TaskError(f"model() gave a {type(model).__name__}: it must return a torch.nn.Module.")
    return model


def optimizer_of(task: Task, member: Member, model: torch.nn.Module) -> Optimizer:
    """Make the optimizer of a member, with the hyper-parameters that are its own."""
    optimizer = maker_for(task, member)(model.parameters(), member.first_rate)
    if not isinstance(optimizer, Optimizer):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TaskError(f"optimizer(parameters, lr) gave a {type(optimizer).__name__}: it must return a torch.optim.Optimizer.")
    for name, value in member.options.items():
        slot = Slot.of(name)
        for row, group in enumerate(optimizer.param_groups):
            slot.check(group, f"{place_of(group, row)} of {type(optimizer).__name__}")
            slot.replace(group, float(value))
    return optimizer


def has_modes(optimizer: Optimizer) -> bool:
    """Whether an optimizer evaluates with other weights than it trains, as schedule-free ones do, and so is told when to."""
    return hasattr(optimizer, "train") and hasattr(optimizer, "eval")


def into(optimizer: Any, *, training: bool) -> None:
    """Put an optimizer that has modes into the one or the other."""
    if has_modes(optimizer):
        optimizer.train() if training else optimizer.eval()


def training_seed(seed: int) -> int:
    """Return what dropout is seeded with, which so does not depend on how much the model's weights drew."""
    return int(generator_for(seed, "training").initial_seed())


def follow(optimizer: Optimizer, member: Member) -> Scheduler:
    """Let the optimizer follow the member's plan."""
    if isinstance(member.plan, Plan):
        return Scheduler(optimizer, lr=member.plan)
    return Scheduler(optimizer, member.plan)


def moved(batch: Batch, device: str) -> Batch:
    """Return the batch with its tensors on the device."""
    if device == "cpu":
        return batch
    return pytree.tree_map_only(torch.Tensor, lambda tensor: tensor.to(device), batch)


class Validation:
    """The validation batches of a seed, on the device, as often as they are asked for."""

    def __init__(self, task: Task, seed: int, device: str) -> None:
        batches, self._device = validation_batches(task.data("valid", seed), task.batch_size), device
        self._batches = [moved(batch, device) for batch in batches] if isinstance(batches, list) else batches

    def __iter__(self) -> Iterator[Batch]:
        return (moved(batch, self._device) for batch in self._batches)

    @property
    def tensors(self) -> list[Batch] | None:
        """The batches as a list, where the data consists of two tensors."""
        return self._batches if isinstance(self._batches, list) else None


def _marks(member: Member, points: int) -> frozenset[int]:
    """Return where to validate: as evenly over the samples as updates allow, so that runs with other batches can be compared."""
    if member.batch_sizes is None:
        return check_points(member.updates, points)
    seen = np.cumsum(member.batch_sizes)
    wanted = seen[-1] * np.arange(1, points + 1) / points
    return frozenset((np.searchsorted(seen, wanted) + 1).tolist())


def _update(
    task: Task, model: torch.nn.Module, optimizer: Optimizer, inputs: Any, targets: Any, parameters: list[Any], clip: float | None
) -> float:
    loss = checked_loss(task.loss(model(inputs), targets))
    for parameter in parameters:
        parameter.grad = None  # what zero_grad() does, without the profiler's record that costs a tenth of a small update
    loss.backward()
    if clip is not None:
        torch.nn.utils.clip_grad_norm_(parameters, clip)
    optimizer.step()
    return loss.item()


@contextmanager
def _evaluating(model: torch.nn.Module, optimizer: Optimizer) -> Generator[None]:
    """Put the model into evaluation mode for a while, and the optimizer if it has modes."""
    model.eval()
    into(optimizer, training=False)
    yield
    into(optimizer, training=True)
    model.train()


@contextmanager
def guarded() -> Generator[None]:
    """Train on one thread, and leave threads, global generators and warnings as they were."""
    threads, states = torch.get_num_threads(), (torch.get_rng_state(), np.random.get_state(), random.getstate())  # noqa: NPY002
    torch.set_num_threads(1)  # two threads on a busy machine wait for each other hundreds of times longer than they compute
    short, torch.backends.cudnn.allow_tf32 = torch.backends.cudnn.allow_tf32, False  # it rounds to 10 bits, unasked
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="There is a performance drop")  # of a rule that vmap makes up itself
            yield
    finally:
        torch.set_num_threads(threads)
        torch.backends.cudnn.allow_tf32 = short
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        random.setstate(states[2])
