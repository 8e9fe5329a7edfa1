"""When and how a run is measured: its validation loss, its metrics, and whether it has diverged."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

from annealing.core.errors import TaskError
from annealing.tasks.task import Task

POINTS = 25
"""At about how many updates of a run the validation loss is taken."""
EXPLODED = 1e4
"""A loss that many times the first one, plus one, does not come back."""

Predict = Callable[[Any], Any]
"""A model in evaluation mode: inputs in, outputs out."""


def check_points(updates: int, points: int = POINTS) -> frozenset[int]:
    """Return the numbers of finished updates after which to validate: some 25, evenly spread, the last included.

    >>> sorted(check_points(1_000))[:3], max(check_points(1_000)), sorted(check_points(3))
    ([40, 80, 120], 1000, [1, 2, 3])
    """
    points = min(points, updates)
    return frozenset(round(updates * i / points) for i in range(1, points + 1))


def explosion(first: float) -> float:
    """Return the loss at which a run whose first one was `first` is given up."""
    return EXPLODED * (abs(first) + 1)


@torch.no_grad()
def validation_loss(task: Task, predict: Predict, batches: Iterable[Any]) -> float:
    """Return the mean loss per sample over one pass of `predict`."""
    total, samples = 0.0, 0
    for inputs, targets in batches:
        size = len(targets)
        total += float(task.loss(predict(inputs), targets)) * size
        samples += size
    if samples == 0:
        raise TaskError("valid is empty: there is nothing to measure a loss on.")
    return total / samples


@torch.no_grad()
def metrics_of(task: Task, predict: Predict, batches: Iterable[Any]) -> dict[str, float]:
    """Return the task's metrics on the whole validation data."""
    if not task.metrics:
        return {}
    pairs = [(predict(inputs), targets) for inputs, targets in batches]
    outputs, targets = (torch.cat(parts) for parts in zip(*pairs, strict=True))
    return {name: float(metric(outputs, targets)) for name, metric in task.metrics.items()}


def checked_loss(loss: Any) -> torch.Tensor:
    """Return what loss(output, target) gave, refusing what is no single number."""
    if not isinstance(loss, torch.Tensor) or loss.numel() != 1:
        shape = tuple(loss.shape) if isinstance(loss, torch.Tensor) else type(loss).__name__
        raise TaskError(f"loss(output, target) gave {shape}: it must return one number as a tensor, the batch's mean loss.")
    return loss
