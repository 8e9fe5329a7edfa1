"""Sweeps in a user's own loop, after which model, optimizer, loader and random numbers are as they were before."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch.optim import Optimizer

from annealing.core.checks import whole
from annealing.rangetest.loop import LossOf, batches_of, check_loader, gone, known, loss_with, relative_rates, update, write_rate
from annealing.rangetest.sweep import Sweep, ramp
from annealing.torch.snapshot import snapshot


def record(
    model: torch.nn.Module,
    loss: Callable[[Any, Any], Any],
    loader: Iterable[Any],
    optimizer: Optimizer,
    *,
    start: float = 1e-6,
    end: float = 10.0,
    updates: int = 100,
    accumulate: int = 1,
    clip_norm: float | None = None,
    also: Sequence[Any] = (),
) -> Sweep:
    """Train with a rate that rises from update to update, note the losses, and leave everything as it was.

    >>> x = torch.linspace(-1, 1, 64).reshape(64, 1)
    >>> loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, 3 * x), batch_size=16)
    >>> model = torch.nn.Linear(1, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> sweep = record(model, torch.nn.functional.mse_loss, loader, optimizer, start=1e-3)
    >>> optimizer.param_groups[0]["lr"], "initial_lr" in optimizer.param_groups[0]
    (0.1, False)

    Arguments: `loss`, a function of (output, target) giving a batch's mean loss; `loader`, batches of (input, target), begun
    anew when it ends; `start` and `end`, the first and last rate of the group with the largest one, the others keeping their
    ratio to it; `updates`; `accumulate`, batches to an update; `clip_norm`, the largest norm of a gradient; `also`, whatever
    else the model, the loss or the loader change. The sweep ends early where a loss is not finite, or 10 000 times the first.

    Restored, also after an exception: what `annealing.torch.snapshot` restores. Call it before a scheduler is made.
    Raises `ArgumentError` for rates that do not rise, or a loader that can be read only once.

    Source: Smith 2015 (arXiv:1506.01186).
    """
    things = (model, *also)
    return record_loss(loss_with(model, loss), loader, optimizer, things, start=start, end=end, updates=updates,
                       accumulate=accumulate, clip_norm=clip_norm)  # fmt: skip


def record_loss(
    loss_of: LossOf,
    loader: Iterable[Any],
    optimizer: Optimizer,
    things: Sequence[Any],
    *,
    start: float = 1e-6,
    end: float = 10.0,
    updates: int = 100,
    accumulate: int = 1,
    clip_norm: float | None = None,
) -> Sweep:
    """Record a sweep whose loss is any function of a batch: what `record` and the adapters of trainers are made of.

    `things` are what training changes besides the optimizer, the first of them the model.
    """
    plan = ramp(start, end, updates)
    accumulate = whole("accumulate", accumulate)
    check_loader("loader", loader)
    relative = relative_rates(optimizer)
    rates, losses = list[float](), list[float]()
    with snapshot(*things, optimizer, known(loader)):
        things[0].train()
        for rate, batches in zip(plan.values().tolist(), batches_of(loader, updates, accumulate), strict=True):
            write_rate(optimizer, relative, rate)
            rates.append(rate)
            losses.append(update(loss_of, batches, optimizer, clip_norm))
            if gone(losses[-1], losses[0]):
                break
    return Sweep(rates, losses)
