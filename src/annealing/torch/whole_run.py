"""The batches of a whole run in one stream, for trainers that count updates themselves; cut into parts, where they are large."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING, final

import numpy as np
from numpy.typing import NDArray
from torch.utils.data import Sampler

from annealing.batch.parts import part_sizes
from annealing.batch.walk import update_sizes
from annealing.core.checks import whole
from annealing.core.errors import ArgumentError

if TYPE_CHECKING:
    from annealing.torch.batch_sampler import PlannedBatches


@final
class WholeRun(Sampler[list[int]]):
    """What is left of a run after some updates; made by `PlannedBatches.whole_run`. It has no length on purpose."""

    def __init__(self, batches: PlannedBatches, begin: Callable[[], int], largest: int | None = None) -> None:
        self.ranks, self.largest = batches.ranks, None if largest is None else whole("largest", largest)
        self._batches, self._begin = batches, begin
        if self.largest is not None:
            for size in np.unique(self.sizes):
                self._parts(int(size))  # what cannot be cut is refused here

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """The samples of every update, on all ranks together."""
        return update_sizes(self._batches.batch, self._batches.epoch_size, ranks=self.ranks)

    def weights(self, update: int) -> tuple[float, ...]:
        """Return what the mean loss of each part of an update counts for, such that the mean over ranks is that of its samples.

        >>> from annealing.torch import PlannedBatches
        >>> import annealing as an
        >>> batches = PlannedBatches(10, (5 * an.hold()).over(10, unit="samples"))
        >>> batches.whole_run(lambda: 0, largest=4).weights(0)
        (0.6, 0.4)

        Raises `ArgumentError` for an update that the run does not have.
        """
        if not 0 <= update < len(self.sizes):
            raise ArgumentError(
                f"update {update} is not in this run, which has {len(self.sizes)}: write max_steps={len(self.sizes)}."
            )
        size = int(self.sizes[update])
        return tuple(part * self.ranks / size for part in self._parts(size))

    def __iter__(self) -> Iterator[list[int]]:
        own = copy.copy(self._batches)
        own.seen = int(self.sizes[: self._begin()].sum())
        while own.seen < own.total:
            for indices, size in zip(own, own.sizes(), strict=True):
                place = 0
                for part in self._parts(size):
                    yield indices[place : place + part]
                    place += part
            own.seen = min((own.epoch + 1) * own.epoch_size, own.total)

    def _parts(self, size: int) -> tuple[int, ...]:
        return part_sizes(size, self.largest or size, rank=self._batches.rank, ranks=self.ranks)
