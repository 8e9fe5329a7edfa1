"""Train one setting: one model, under one plan of its learning rate, from one seed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from torch.optim import Optimizer

from annealing.core.errors import TaskError
from annealing.core.plan import Plan
from annealing.study.batches import Batch, generator_for, seed_everything, training_batches, validation_batches
from annealing.study.result import Curve, Role, Run
from annealing.tasks.task import Task
from annealing.torch import Scheduler

POINTS = 25
"""At about how many updates of a run the validation loss is taken."""
_EXPLODED = 1e4  # a loss that many times the first one, plus one, does not come back

Tick = Callable[[int, float], None]


@final
@dataclass(frozen=True)
class Setting:
    """What one run needs beside its task: update `t` uses the rate `plan(t)`; `lr` says by what the schedule was multiplied."""

    arm: str
    plan: Plan
    lr: float
    seed: int
    role: Role


def train(task: Task, setting: Setting, tick: Tick) -> Run:
    """Train `setting` to its end, or until it diverges, and return the run.

    The same task and setting give the same bits wherever they are trained. `tick(updates, loss)` is called
    after every update. A loss that is NaN, infinite, or 10 000 times the first one ends the run there: it
    has diverged, which is a result, with an infinite final loss.
    """
    begun = time.perf_counter()
    model, optimizer = _prepare(task, setting)
    scheduler = Scheduler(optimizer, lr=setting.plan)
    validation = validation_batches(task.data("valid", setting.seed), task.batch_size)
    marks = check_points(int(setting.plan.total))
    points: list[tuple[int, float, float, float]] = []
    batches = training_batches(task, setting.seed)
    limit, since = math.inf, list[float]()
    diverged = False
    for update in range(1, int(setting.plan.total) + 1):
        rate = float(optimizer.param_groups[0]["lr"])
        loss = _update(task, model, optimizer, next(batches))
        scheduler.step()
        since.append(loss)
        tick(update, loss)
        if update == 1:
            limit = _EXPLODED * (abs(loss) + 1)
        diverged = not loss < limit  # NaN is not below anything
        if diverged or update in marks:
            valid = math.nan if diverged else validation_loss(task, model, validation)
            diverged = diverged or not math.isfinite(valid)
            points.append((update, float(np.mean(since)), valid, rate))
            since.clear()
        if diverged:
            break
    metrics = dict.fromkeys(task.metrics, math.nan) if diverged else _metrics(task, model, validation)
    seconds = time.perf_counter() - begun
    final = math.inf if diverged else points[-1][2]
    return Run(setting.arm, setting.lr, setting.seed, setting.role, _curve(points), final, metrics, diverged, seconds)


def check_points(updates: int) -> frozenset[int]:
    """Return the numbers of finished updates after which to validate: some 25, evenly spread, the last included.

    >>> sorted(check_points(1_000))[:3], max(check_points(1_000)), sorted(check_points(3))
    ([40, 80, 120], 1000, [1, 2, 3])
    """
    return frozenset(round(updates * i / min(POINTS, updates)) for i in range(1, min(POINTS, updates) + 1))


def _prepare(task: Task, setting: Setting) -> tuple[torch.nn.Module, Optimizer]:
    seed_everything(setting.seed)
    model = task.model()
    if not isinstance(model, torch.nn.Module):  # pyright: ignore[reportUnnecessaryIsInstance] - it is the user's function
        raise TaskError(f"model() gave a {type(model).__name__}: it must return a torch.nn.Module.")
    make = task.named_optimizer or task.optimizer
    assert callable(make)
    optimizer = make(model.parameters(), setting.lr)
    if not isinstance(optimizer, Optimizer):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise TaskError(f"optimizer(parameters, lr) gave a {type(optimizer).__name__}: it must return a torch.optim.Optimizer.")
    torch.manual_seed(int(generator_for(setting.seed, "training").initial_seed()))  # dropout does not depend on the model's size
    return model.train(), optimizer


def _update(task: Task, model: torch.nn.Module, optimizer: Optimizer, batch: Batch) -> float:
    inputs, targets = batch
    loss = task.loss(model(inputs), targets)
    if not isinstance(loss, torch.Tensor) or loss.numel() != 1:
        shape = tuple(loss.shape) if isinstance(loss, torch.Tensor) else type(loss).__name__
        raise TaskError(f"loss(output, target) gave {shape}: it must return one number as a tensor, the batch's mean loss.")
    for group in optimizer.param_groups:
        for parameter in group["params"]:
            parameter.grad = None  # what zero_grad() does, without the profiler's record that costs a tenth of a small update
    loss.backward()
    optimizer.step()
    return loss.item()


@torch.no_grad()
def validation_loss(task: Task, model: torch.nn.Module, batches: Iterable[Any]) -> float:
    """Return the mean loss per sample over one pass, with the model in evaluation mode."""
    model.eval()
    total, samples = 0.0, 0
    for inputs, targets in batches:
        size = len(targets)
        total += float(task.loss(model(inputs), targets)) * size
        samples += size
    model.train()
    if samples == 0:
        raise TaskError("valid is empty: there is nothing to measure a loss on.")
    return total / samples


@torch.no_grad()
def _metrics(task: Task, model: torch.nn.Module, batches: Iterable[Any]) -> dict[str, float]:
    if not task.metrics:
        return {}
    model.eval()
    pairs = [(model(inputs), targets) for inputs, targets in batches]
    outputs, targets = (torch.cat(parts) for parts in zip(*pairs, strict=True))
    return {name: float(metric(outputs, targets)) for name, metric in task.metrics.items()}


def _curve(points: list[tuple[int, float, float, float]]) -> Curve:
    update, train_loss, valid_loss, rate = (np.array(column, dtype=np.float64) for column in zip(*points, strict=True))
    return Curve(update.astype(np.int64), train_loss, valid_loss, rate)
