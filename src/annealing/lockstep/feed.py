"""The batches and masks of a stack, drawn seed by seed as ordinary runs draw them.

Members of one seed see the same batches and the same masks, so each is drawn once per seed and handed to all of them.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, final

import numpy as np
import torch
from torch import Tensor
from torch.utils import _pytree as pytree

from annealing.lockstep.alone import task_for, training_seed
from annealing.lockstep.masks import Place
from annealing.lockstep.member import Member
from annealing.tasks.batches import Batch, generator_for, training_batches
from annealing.tasks.task import Task

_MOST_BYTES = 1 << 28  # of training data laid side by side for a stack


class CannotStackError(Exception):
    """What keeps members apart, in words that end a sentence."""


@final
class Feed:
    """Give each update of a stack its batch: tensors of shape [members, batch, …].

    `start` is how many updates are over; what they drew is drawn again and dropped.
    """

    def __init__(
        self, task: Task, members: Sequence[Member], others: Mapping[int, OtherStates], places: Places, device: str, *, start: int
    ) -> None:
        task = task_for(task, members[0])
        seeds = list(dict.fromkeys(member.seed for member in members))
        self._device, self._places = device, places
        which = {seed: row for row, seed in enumerate(seeds)}
        self._own = None if len(seeds) == len(members) else torch.tensor([which[m.seed] for m in members], device=device)
        self._masks = [torch.Generator(device).manual_seed(training_seed(seed)) for seed in seeds]
        pairs = _side_by_side(task, seeds)
        streams = (task, seeds, self._own, self._masks, others, device)
        self._source = _Gathered(task, seeds, self._own, pairs, device) if pairs else _Streams(*streams)
        for _ in range(start):
            self.next()

    def next(self) -> tuple[Any, Any, list[Tensor]]:
        """Return inputs, targets and masks of the next update, a row for each member."""
        inputs, targets = self._source.next()
        drawn = [[place.draw(generator) for place in self._places.of(inputs)] for generator in self._masks]
        return inputs, targets, [_to_members(torch.stack(masks), self._own) for masks in zip(*drawn, strict=True)]


def _to_members(rows: Tensor, own: Tensor | None) -> Tensor:
    return rows if own is None else rows.index_select(0, own)


@final
class Places:
    """Where the model drops, for each shape of batch: found by a look at the model the first time it is needed."""

    def __init__(self, look: Any, *, any_at_all: bool) -> None:
        self._look, self._any = look, any_at_all
        self._known: dict[Any, list[Place]] = {}

    def of(self, inputs: Any) -> list[Place]:
        """Return the calls of dropout for stacked inputs of this shape, in order."""
        if not self._any:
            return []
        key = tuple(tuple(leaf.shape[1:]) for leaf in pytree.tree_leaves(inputs) if isinstance(leaf, Tensor))
        if key not in self._known:
            self._known[key] = self._look(pytree.tree_map_only(Tensor, lambda x: x[0], inputs))
        return self._known[key]


class _Pairs(NamedTuple):
    inputs: Tensor
    targets: Tensor
    shared: bool  # one training set for all seeds, or one beside the other


def _side_by_side(task: Task, seeds: Sequence[int]) -> _Pairs | None:
    """Return the training data of all seeds as two tensors, where it consists of tensors that fit and stay as they are."""
    if task.augment is not None:
        return None
    pairs: list[Any] = [task.data("train", seed) for seed in seeds]
    if not all(isinstance(pair, tuple | list) for pair in pairs):
        return None
    first = pairs[0]
    if all(pair[0] is first[0] and pair[1] is first[1] for pair in pairs):
        return _Pairs(first[0], first[1], shared=True)
    kinds = [{(tuple(pair[part].shape), pair[part].dtype) for pair in pairs} for part in (0, 1)]
    if any(len(kind) > 1 for kind in kinds) or sum(part.nbytes for pair in pairs for part in pair) > _MOST_BYTES:
        return None
    inputs, targets = (torch.stack([pair[part] for pair in pairs]) for part in (0, 1))
    return _Pairs(inputs, targets, shared=False)


@final
class _Gathered:
    """Batches gathered from tensors on the device by a table of indices, one row per seed."""

    def __init__(self, task: Task, seeds: Sequence[int], own: Tensor | None, pairs: _Pairs, device: str) -> None:
        self._inputs, self._targets = pairs.inputs.to(device), pairs.targets.to(device)
        self._shared, self._device, self._size = pairs.shared, device, task.batch_size
        self._orders, self._own = [generator_for(seed, "order") for seed in seeds], own
        self._rows = _to_members(torch.arange(len(seeds), device=device)[:, None], own)
        self._epoch: list[Tensor] = []

    def next(self) -> Batch:
        if not self._epoch:
            samples = self._inputs.shape[0 if self._shared else 1]
            table = torch.stack([torch.randperm(samples, generator=order) for order in self._orders])
            if self._device != "cpu":
                table = table.pin_memory().to(self._device, non_blocking=True)  # the device need not stop for it
            self._epoch = list(table.split(self._size, dim=1))[::-1]
        chosen = _to_members(self._epoch.pop(), self._own)
        if self._shared:
            return _rows_of(self._inputs, chosen), _rows_of(self._targets, chosen)
        return self._inputs[self._rows, chosen], self._targets[self._rows, chosen]


def _rows_of(data: Tensor, chosen: Tensor) -> Tensor:
    return data.index_select(0, chosen.reshape(-1)).view(*chosen.shape, *data.shape[1:])


@final
class _Streams:
    """Batches drawn seed by seed and put side by side.

    What a dataset draws from the global generators is the seed's own as well: they are lent to it, in the state in which an
    ordinary run would have them, and given back.
    """

    def __init__(
        self,
        task: Task,
        seeds: Sequence[int],
        own: Tensor | None,
        masks: Sequence[torch.Generator],
        others: Mapping[int, OtherStates],
        device: str,
    ) -> None:
        self._own, self._device = own, device
        self._batches = [training_batches(task, seed) for seed in seeds]
        always = not isinstance(task.data("train", seeds[0]), tuple | list)  # a dataset may draw now and then
        self._globals = [_Globals(own, others[seed], always=always) for seed, own in zip(seeds, masks, strict=True)]

    def next(self) -> Batch:
        drawn = [own.lent(batches) for own, batches in zip(self._globals, self._batches, strict=True)]
        leaves, specs = zip(*(pytree.tree_flatten(batch) for batch in drawn), strict=True)
        if any(spec != specs[0] for spec in specs) or not all(isinstance(leaf, Tensor) for leaf in leaves[0]):
            raise CannotStackError("its batches hold something else than tensors")
        if any(a.shape != b.shape or a.dtype != b.dtype for other in leaves for a, b in zip(leaves[0], other, strict=True)):
            raise CannotStackError("the batches of different seeds have different shapes")
        rows = [_to_members(torch.stack(parts).to(self._device), self._own) for parts in zip(*leaves, strict=True)]
        inputs, targets = pytree.tree_unflatten(rows, specs[0])
        return inputs, targets


@final
class _Globals:
    """The global generators as one seed's run has them, from where the making of its model left them."""

    def __init__(self, torchs: torch.Generator, others: OtherStates, *, always: bool) -> None:
        self._torch, self._others, self._always = torchs, others, always
        self._needed: bool | None = True if always else None

    def lent(self, batches: Any) -> Batch:
        """Draw the next batch with this seed's generators in place of the global ones, unless the first one drew from none."""
        if self._needed is False:
            return next(batches)
        on_host = self._torch.device.type == "cpu"
        if on_host:
            torch.set_rng_state(self._torch.get_state())
        self._others.put_back()
        before = torch.get_rng_state()
        batch = next(batches)
        after, others = torch.get_rng_state(), OtherStates.now()
        if self._needed is None:
            self._needed = not (torch.equal(before, after) and others == self._others)
        if on_host:
            self._torch.set_state(after)
        self._others = others
        return batch


@final
class OtherStates:
    """The states of NumPy's and Python's global generators."""

    def __init__(self, numpy: Any, python: Any) -> None:
        self._numpy, self._python = numpy, python

    @classmethod
    def now(cls) -> OtherStates:
        return cls(np.random.get_state(), random.getstate())  # noqa: NPY002 - it is what other people's transforms draw from

    def put_back(self) -> None:
        np.random.set_state(self._numpy)  # noqa: NPY002
        random.setstate(self._python)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, OtherStates):
            return NotImplemented
        same = all(np.array_equal(a, b) for a, b in zip(self._numpy, other._numpy, strict=True))
        return same and self._python == other._python

    __hash__ = None  # pyright: ignore[reportAssignmentType] - states change
