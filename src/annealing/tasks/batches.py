"""Batches of a task's data, in an order that depends on the seed alone."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, IterableDataset

from annealing.core.errors import TaskError
from annealing.tasks.task import Data, Task, kind_of

_VALID_BATCH = 4_096  # large enough to be one pass for small data, small enough never to fill the memory

Batch = tuple[Any, Any]


def generator_for(seed: int, purpose: str) -> torch.Generator:
    """Return a generator whose stream belongs to this seed and this purpose alone."""
    key = np.random.SeedSequence([seed, *purpose.encode()]).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(key) >> 1)


def seed_everything(seed: int) -> None:
    """Seed the global generators, which initial weights, dropout and a dataset's own transforms draw from."""
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002 - it is what other people's transforms draw from
    random.seed(seed)


def training_batches(task: Task, seed: int, sizes: Sequence[int] | None = None) -> Iterator[Batch]:
    """Yield batches without end, in a new order every epoch; with `sizes`, one batch of each, which fill whole epochs.

    Raises `TaskError` when the data holds nothing, or something else than (input, target), or where its batches have sizes
    of their own.
    """
    data = task.data("train", seed)
    order = generator_for(seed, "order")
    if sizes is None and isinstance(data, Dataset):
        shuffle = None if isinstance(data, IterableDataset) else True
        data = DataLoader(data, batch_size=task.batch_size, shuffle=shuffle, generator=order)
    elif isinstance(data, DataLoader) and data.generator is not None:
        data.generator.manual_seed(order.initial_seed())  # a worker trains many seeds with its one copy of the loader
    augment, noise = task.augment, generator_for(seed, "augment")
    batches = _without_end(data, task.batch_size, order) if sizes is None else _of_sizes(data, sizes, order)
    for inputs, targets in batches:
        yield (inputs if augment is None else augment(inputs, noise)), targets


def _without_end(data: Data, batch_size: int, order: torch.Generator) -> Iterator[Batch]:
    while True:
        empty = True
        for batch in _from_loader("train", data) if isinstance(data, DataLoader) else _from_tensors(data, batch_size, order):
            empty = False
            yield batch
        if empty:
            raise TaskError("train gives no batches: with drop_last=True, use a batch_size no larger than the data.")


def _of_sizes(data: Data, sizes: Sequence[int], order: torch.Generator) -> Iterator[Batch]:
    if isinstance(data, DataLoader | IterableDataset):
        raise TaskError(f"train is {kind_of(data)}, whose batches have sizes of their own: give the tensors or the Dataset.")
    samples = len(data) if isinstance(data, Dataset) else len(data[0])  # pyright: ignore[reportArgumentType] - it was checked
    for epoch in _epochs(sizes, samples):
        chosen = torch.randperm(samples, generator=order).split(epoch)
        if isinstance(data, Dataset):
            parts: list[Tensor] = list(chosen)
            yield from _from_loader("train", DataLoader(data, batch_sampler=[part.tolist() for part in parts]))
        else:
            yield from ((data[0][part], data[1][part]) for part in chosen)


def _epochs(sizes: Sequence[int], samples: int) -> Iterator[list[int]]:
    epoch, seen = list[int](), 0
    for size in sizes:
        epoch.append(size)
        seen += size
        if seen == samples:
            yield epoch
            epoch, seen = [], 0
    if epoch:
        raise TaskError(f"batches of {epoch[0]}, … samples do not fill an epoch of {samples}: cut one at its end.")


def _from_tensors(data: Any, batch_size: int, order: torch.Generator) -> Iterator[Batch]:
    inputs, targets = data
    for chosen in torch.randperm(len(inputs), generator=order).split(batch_size):
        yield inputs[chosen], targets[chosen]


def _from_loader(role: str, loader: DataLoader[Any]) -> Iterator[Batch]:
    for batch in loader:
        if not isinstance(batch, tuple | list) or len(batch) != 2:
            raise TaskError(f"{role} gives batches of type {type(batch).__name__}: a sample must be a pair (input, target).")
        yield batch[0], batch[1]


def validation_batches(data: Data, batch_size: int) -> list[Batch] | DataLoader[Any]:
    """Return what one pass over the validation data goes through, in a fixed order."""
    if isinstance(data, DataLoader):
        return data
    if isinstance(data, Dataset):
        return DataLoader(data, batch_size=batch_size, shuffle=None if isinstance(data, IterableDataset) else False)
    inputs, targets = data
    return list(zip(inputs.split(_VALID_BATCH), targets.split(_VALID_BATCH), strict=True))


def updates_per_epoch(task: Task) -> tuple[int, int] | None:
    """Return the updates and the samples of one pass over the training data, or None when that is not known."""
    data = task.data("train", 0)
    try:
        if isinstance(data, DataLoader):
            return len(data), len(data.dataset)  # pyright: ignore[reportArgumentType] - not every dataset has a length
        samples = len(data) if isinstance(data, Dataset) else len(data[0])  # pyright: ignore[reportArgumentType]
    except (TypeError, NotImplementedError):
        return None
    return -(-samples // task.batch_size), samples
