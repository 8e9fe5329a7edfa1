"""Scans in a user's own loop: constant rates from one start on the same batches, after which all is as it was before."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch.optim import Optimizer

from annealing.core.checks import positive, whole
from annealing.rangetest.decide import PER_DECADE, Scan
from annealing.rangetest.loop import (
    LossOf,
    batches_of,
    check_loader,
    gone,
    known,
    largest_rate,
    loss_with,
    relative_rates,
    trained,
    update,
    validated,
    write_rate,
)
from annealing.torch.snapshot import snapshot

_RATES = 20


def scan(
    model: torch.nn.Module,
    loss: Callable[[Any, Any], Any],
    loader: Iterable[Any],
    optimizer: Optimizer,
    valid: Iterable[Any],
    *,
    rates: Sequence[float] | None = None,
    updates: int = 100,
    accumulate: int = 1,
    clip_norm: float | None = None,
    also: Sequence[Any] = (),
) -> Scan:
    """Train with each of some constant rates from the same start on the same batches, and note where the loss ends.

    Arguments: those of `record`; `valid`, batches to take the loss on; `rates`, rising, by default 20 of them, four to a
    decade, around the optimizer's own. `Scan.best` and `Scan.edge_of_divergence` read it; `decide` wants it and a few whole runs.

    >>> x = torch.linspace(-1, 1, 64).reshape(64, 1)
    >>> loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, 3 * x), batch_size=16, shuffle=True)
    >>> model = torch.nn.Linear(1, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> found = scan(model, torch.nn.functional.mse_loss, loader, optimizer, loader, updates=20)
    >>> bool(0.1 < found.rate[found.best] < 2)
    True

    Everything is restored as by `record`. Raises `ArgumentError` for rates that do not rise, or loaders that can be read once.
    """
    check_loader("valid", valid)
    things = (model, known(valid), *also)
    return scan_loss(loss_with(model, loss), lambda: validated(model, loss, valid), loader, optimizer, things, rates=rates,
                     updates=updates, accumulate=accumulate, clip_norm=clip_norm)  # fmt: skip


def scan_loss(
    loss_of: LossOf,
    measured: Callable[[], float],
    loader: Iterable[Any],
    optimizer: Optimizer,
    things: Sequence[Any],
    *,
    rates: Sequence[float] | None = None,
    updates: int = 100,
    accumulate: int = 1,
    clip_norm: float | None = None,
) -> Scan:
    """Scan with any function of a batch as the loss, and any function as what is measured after each rate.

    What `scan` and the adapters of trainers are made of. `things` are what training changes besides the optimizer, the first
    of them the model.
    """
    updates, accumulate = whole("updates", updates), whole("accumulate", accumulate)
    check_loader("loader", loader)
    relative = relative_rates(optimizer)
    chosen = _around(largest_rate(optimizer)) if rates is None else list(rates)
    losses = list[float]()
    with snapshot(*things, optimizer, known(loader)) as restore:
        first = measured()
        for rate in chosen:
            restore()
            write_rate(optimizer, relative, positive("rates", rate))
            train_losses = (update(loss_of, batches, optimizer, clip_norm) for batches in batches_of(loader, updates, accumulate))
            diverged = any(gone(value, first) for value in trained(things[0], train_losses))
            losses.append(math.inf if diverged else measured())
    return Scan(chosen, losses, first)


def _around(rate: float) -> list[float]:
    center = rate if rate > 0 else 1e-2
    return [center * 10 ** ((i - (_RATES - 1) / 2) / PER_DECADE) for i in range(_RATES)]
