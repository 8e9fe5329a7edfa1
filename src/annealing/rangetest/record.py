"""Sweeps and scans in a user's own loop, after which model, optimizer, loader and random numbers are as they were before."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeAlias, cast

import torch
from torch import Tensor
from torch.optim import Optimizer

from annealing.core.checks import positive, whole
from annealing.core.errors import ArgumentError, KindError
from annealing.rangetest.decide import PER_DECADE, Scan
from annealing.rangetest.sweep import Sweep, ramp
from annealing.tasks.measure import checked_loss, explosion
from annealing.torch.slot import Slot
from annealing.torch.snapshot import snapshot

LossOf: TypeAlias = Callable[[Any], Any]
"""A function of a batch, as the loader gives it, that returns the batch's mean loss as a tensor."""

_LR = Slot.of("lr")
_RATES = 20


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
    loss_of = _loss_of(model, loss)
    things = (model, *also)
    return record_loss(loss_of, loader, optimizer, things, start=start, end=end, updates=updates, accumulate=accumulate,
                       clip_norm=clip_norm)  # fmt: skip


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
    updates, accumulate = whole("updates", updates), whole("accumulate", accumulate)
    _check_loader("loader", loader)
    _check_loader("valid", valid)
    relative = _relative(optimizer)
    chosen = _around(max(float(_LR.read(group)) for group in optimizer.param_groups)) if rates is None else list(rates)
    loss_of, losses = _loss_of(model, loss), list[float]()
    with snapshot(model, optimizer, _known(loader), _known(valid), *also) as restore:
        first = _validated(model, loss, valid)
        for rate in chosen:
            restore()
            _write(optimizer, relative, positive("rates", rate))
            train_losses = (_update(loss_of, batches, optimizer, clip_norm) for batches in _batches(loader, updates, accumulate))
            diverged = any(_gone(value, first) for value in _trained(model, train_losses))
            losses.append(math.inf if diverged else _validated(model, loss, valid))
    return Scan(chosen, losses, first)


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
    _check_loader("loader", loader)
    relative = _relative(optimizer)
    rates, losses = list[float](), list[float]()
    with snapshot(*things, optimizer, _known(loader)):
        things[0].train()
        for rate, batches in zip(plan.values().tolist(), _batches(loader, updates, accumulate), strict=True):
            _write(optimizer, relative, rate)
            rates.append(rate)
            losses.append(_update(loss_of, batches, optimizer, clip_norm))
            if _gone(losses[-1], losses[0]):
                break
    return Sweep(rates, losses)


def _update(loss_of: LossOf, batches: Sequence[Any], optimizer: Optimizer, clip_norm: float | None) -> float:
    """Make one update of some batches; return their mean loss before it."""
    optimizer.zero_grad()
    total = 0.0
    for batch in batches:
        with torch.enable_grad():
            loss = checked_loss(loss_of(batch))
        (loss / len(batches)).sum().backward()
        total += float(loss.detach()) / len(batches)
    if clip_norm is not None:
        torch.nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], clip_norm)
    optimizer.step()
    return total


def _trained(model: torch.nn.Module, losses: Iterator[float]) -> Iterator[float]:
    model.train()
    yield from losses


def _gone(loss: float, first: float) -> bool:
    return not loss < explosion(first) if math.isfinite(first) else True


def _batches(loader: Iterable[Any], updates: int, accumulate: int) -> Iterator[list[Any]]:
    """Yield the batches of each update, the loader begun anew whenever it ends."""

    def without_end() -> Iterator[Any]:
        while True:
            empty = True
            for batch in loader:
                empty = False
                yield batch
            if empty:
                raise ArgumentError("loader gives no batch: there is nothing to train on.")

    endless = without_end()
    for _ in range(updates):
        yield list(islice(endless, accumulate))


def _loss_of(model: torch.nn.Module, loss: Callable[[Any, Any], Any]) -> LossOf:
    def loss_of(batch: Any) -> Any:
        inputs, targets = on_device_of(model, batch)
        return loss(model(inputs), targets)

    return loss_of


@torch.no_grad()
def _validated(model: torch.nn.Module, loss: Callable[[Any, Any], Any], valid: Iterable[Any]) -> float:
    model.eval()
    loss_of, total, samples = _loss_of(model, loss), 0.0, 0
    for batch in valid:
        total += float(loss_of(batch)) * len(batch[1])
        samples += len(batch[1])
    if not samples:
        raise ArgumentError("valid gives no batch: there is nothing to measure a loss on.")
    return total / samples


def on_device_of(model: torch.nn.Module, batch: Any) -> Any:
    """Return a batch with its tensors where the model's parameters are."""
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))

    def moved(value: Any) -> Any:
        if isinstance(value, Tensor):
            return value.to(device)
        parts: Any = value
        if isinstance(value, Mapping):
            return {name: moved(parts[name]) for name in parts}
        return [moved(part) for part in parts] if isinstance(value, list | tuple) else parts

    return moved(batch)


def _relative(optimizer: Optimizer) -> list[float]:
    """Each group's rate in parts of the largest one; all alike where there is none."""
    if not isinstance(optimizer, Optimizer):  # pyright: ignore[reportUnnecessaryIsInstance] - people pass functions
        raise KindError(f"optimizer={optimizer!r} is not an optimizer: write torch.optim.SGD(model.parameters(), lr=0.1).")
    own = [float(_LR.read(group)) for group in optimizer.param_groups]
    return [rate / max(own) for rate in own] if max(own) > 0 else [1.0 for _ in own]


def _write(optimizer: Optimizer, relative: Sequence[float], rate: float) -> None:
    for group, share in zip(optimizer.param_groups, relative, strict=True):
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate * share)
        else:
            group["lr"] = rate * share


def _around(rate: float) -> list[float]:
    center = rate if rate > 0 else 1e-2
    return [center * 10 ** ((i - (_RATES - 1) / 2) / PER_DECADE) for i in range(_RATES)]


def _check_loader(name: str, loader: Iterable[Any]) -> None:
    if isinstance(loader, Iterator):  # not iter(loader): a DataLoader draws a random number for that
        raise ArgumentError(f"{name} can be read only once, and what was read cannot be put back: pass a DataLoader or a list.")


def _known(loader: Iterable[Any]) -> Any:
    """What of a loader can be restored: its generator and sampler; a list of batches is only read."""
    return cast("Any", loader) if isinstance(loader, torch.utils.data.DataLoader) else None
