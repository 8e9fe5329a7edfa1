"""Gradient accumulation: the second way to grow a batch, when the memory holds no larger one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from torch import Tensor

from annealing.batch.parts import part_sizes
from annealing.core.errors import KindError


class Part(NamedTuple):
    """One piece of a batch: what to run, the weight of its mean loss in the batch's, and whether the update comes after it."""

    batch: Any
    weight: float
    last: bool


def in_parts(batch: Any, largest: int) -> Iterator[Part]:
    """Cut a batch into even parts of at most `largest` samples, with the weights that make their mean losses the batch's.

    >>> import torch
    >>> [(len(part.batch[0]), round(part.weight, 2), part.last) for part in in_parts((torch.zeros(10, 2), torch.zeros(10)), 4)]
    [(4, 0.4, False), (3, 0.3, False), (3, 0.3, True)]

    In a loop: `for part in in_parts(batch, 64): (part.weight * loss(part.batch)).backward()`, then one `optimizer.step()`,
    which is the one update that the Scheduler counts.

    Arguments: `batch`, a tensor, or a tuple, list or mapping of tensors whose first dimension is the samples; `largest`,
    what fits into memory at once. Raises `KindError` for a batch without tensors, or of unequal lengths.
    """
    size, begin = samples_in(batch), 0
    for part in part_sizes(size, largest):
        end = begin + part
        yield Part(_cut(batch, begin, end), part / size, end == size)
        begin = end


def samples_in(batch: Any) -> int:
    """Return the samples of a batch, which is the length of all its tensors; raises `KindError` where they have no one length."""
    sizes = {len(tensor) for tensor in _tensors(batch) if tensor.ndim}
    if len(sizes) != 1:
        found = ", ".join(map(str, sorted(sizes))) or "none"
        raise KindError(f"a batch is cut along the samples, and its tensors have lengths {found}: pass tensors of one length.")
    return sizes.pop()


def _tensors(batch: Any) -> Iterable[Tensor]:
    if isinstance(batch, Tensor):
        yield batch
    elif isinstance(batch, Mapping):
        for value in batch.values():
            yield from _tensors(value)
    elif isinstance(batch, (tuple, list)):
        for value in batch:
            yield from _tensors(value)


def _cut(batch: Any, begin: int, end: int) -> Any:
    if isinstance(batch, Tensor):
        return batch[begin:end] if batch.ndim else batch
    if isinstance(batch, Mapping):
        return {key: _cut(value, begin, end) for key, value in batch.items()}
    if isinstance(batch, (tuple, list)):
        cut = [_cut(value, begin, end) for value in batch]
        return type(batch)(*cut) if hasattr(batch, "_fields") else type(batch)(cut)  # a named tuple takes them one by one
    return batch
