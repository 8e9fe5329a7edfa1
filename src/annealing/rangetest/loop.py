"""What a sweep and a scan have in common: batches without end, updates at a rate, losses before and after."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeAlias, cast

import torch
from torch import Tensor
from torch.optim import Optimizer

from annealing.core.errors import ArgumentError, KindError
from annealing.tasks.measure import checked_loss, explosion
from annealing.torch.slot import Slot

LossOf: TypeAlias = Callable[[Any], Any]
"""A function of a batch, as the loader gives it, that returns the batch's mean loss as a tensor."""

_LR = Slot.of("lr")


def update(loss_of: LossOf, batches: Sequence[Any], optimizer: Optimizer, clip_norm: float | None) -> float:
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


def trained(model: torch.nn.Module, losses: Iterator[float]) -> Iterator[float]:
    model.train()
    yield from losses


def gone(loss: float, first: float) -> bool:
    return not loss < explosion(first) if math.isfinite(first) else True


def batches_of(loader: Iterable[Any], updates: int, accumulate: int) -> Iterator[list[Any]]:
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


def loss_with(model: torch.nn.Module, loss: Callable[[Any, Any], Any]) -> LossOf:
    """Return the function of a batch of (input, target) that gives its mean loss."""

    def loss_of(batch: Any) -> Any:
        inputs, targets = on_device_of(model, batch)
        return loss(model(inputs), targets)

    return loss_of


@torch.no_grad()
def validated(model: torch.nn.Module, loss: Callable[[Any, Any], Any], valid: Iterable[Any]) -> float:
    model.eval()
    loss_of, total, samples = loss_with(model, loss), 0.0, 0
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


def relative_rates(optimizer: Optimizer) -> list[float]:
    """Each group's rate in parts of the largest one; all alike where there is none."""
    if not isinstance(optimizer, Optimizer):  # pyright: ignore[reportUnnecessaryIsInstance] - people pass functions
        raise KindError(f"optimizer={optimizer!r} is not an optimizer: write torch.optim.SGD(model.parameters(), lr=0.1).")
    own = [float(_LR.read(group)) for group in optimizer.param_groups]
    return [rate / max(own) for rate in own] if max(own) > 0 else [1.0 for _ in own]


def write_rate(optimizer: Optimizer, relative: Sequence[float], rate: float) -> None:
    for group, share in zip(optimizer.param_groups, relative, strict=True):
        if isinstance(group["lr"], Tensor):
            group["lr"].fill_(rate * share)
        else:
            group["lr"] = rate * share


def largest_rate(optimizer: Optimizer) -> float:
    """Return the rate of the group with the largest one."""
    return max(float(_LR.read(group)) for group in optimizer.param_groups)


def check_loader(name: str, loader: Iterable[Any]) -> None:
    if isinstance(loader, Iterator):  # not iter(loader): a DataLoader draws a random number for that
        raise ArgumentError(f"{name} can be read only once, and what was read cannot be put back: pass a DataLoader or a list.")


def known(loader: Iterable[Any]) -> Any:
    """What of a loader can be restored: its generator and sampler; a list of batches is only read."""
    return cast("Any", loader) if isinstance(loader, torch.utils.data.DataLoader) else None
