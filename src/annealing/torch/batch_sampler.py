"""Batches whose size follows a plan of the samples seen: every sample exactly once per epoch, on any number of ranks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sized
from typing import Any, final

import torch
from torch.utils.data import Sampler

from annealing.batch.walk import checked_total, walk
from annealing.core.checks import whole
from annealing.core.errors import ArgumentError, KindError, PlanMismatchError
from annealing.core.plan import Plan
from annealing.torch.whole_run import WholeRun

VERSION = 1


@final
class PlannedBatches(Sampler[list[int]]):
    """Gives a `DataLoader` the indices of every batch, as large as a plan says after the samples seen so far.

    >>> import annealing as an
    >>> batch = (2 / an.stairs({"50%": 1 / 2})).over(16, unit="samples")
    >>> sampler = PlannedBatches(range(8), batch, shuffle=False)
    >>> list(sampler)
    [[0, 1], [2, 3], [4, 5], [6, 7]]
    >>> sampler.trained(8)
    >>> list(sampler)
    [[0, 1, 2, 3], [4, 5, 6, 7]]

    Use it as `DataLoader(data, batch_sampler=sampler)`, with any number of workers, and after each update say how many
    samples it used: `sampler.trained(len(batch) * ranks)`, or `sampler.trained(sampler.size(update))`. One pass over
    the loader is what is left of an epoch, so a resumed one goes on in its middle. The order is a function of seed and
    epoch alone.

    Arguments: `data`, anything with a length, or its number of samples; `batch`, a plan over samples (as `trade` makes)
    with the samples of one update on all ranks together; `shuffle`, a new order every epoch; `seed`; `rank` and `ranks`,
    this process's share: every ranks-th sample of each batch, so that all of them together see what one would. A rest of
    fewer samples than ranks joins the batch before; nothing is dropped or repeated.

    Raises `KindError` for a plan that does not count samples, `ArgumentError` for a rank that is not there.
    """

    def __init__(
        self, data: Sized | int, batch: Plan, *, shuffle: bool = True, seed: int = 0, rank: int = 0, ranks: int = 1
    ) -> None:
        self.total = checked_total(batch)
        self.epoch_size = whole("data", len(data) if isinstance(data, Sized) else data)
        self.batch, self.shuffle, self.seed = batch, bool(shuffle), whole("seed", seed, at_least=0)
        self.rank, self.ranks = whole("rank", rank, at_least=0), whole("ranks", ranks)
        if self.rank >= self.ranks:
            raise ArgumentError(f"rank={rank} is not among {ranks} ranks: they are counted from 0.")
        next(walk(batch, 0, self.total, self.epoch_size, self.ranks))  # what cannot be walked is refused here
        self.seen = 0

    @property
    def epoch(self) -> int:
        """The pass over the data that comes next, or is under way."""
        return self.seen // self.epoch_size

    def trained(self, samples: int) -> None:
        """Count the samples that one more update has used, those of all ranks."""
        samples = whole("samples", samples, at_least=0)
        if self.seen + samples > self.total:
            raise ArgumentError(f"{self.seen} samples and {samples} more are past the end of the run, which has {self.total}.")
        self.seen += samples

    def sizes(self) -> Iterator[int]:
        """Yield the samples, on all ranks together, of each update that is left in this epoch."""
        end = min((self.epoch + 1) * self.epoch_size, self.total)
        return walk(self.batch, self.seen, end, self.epoch_size, self.ranks)

    def __iter__(self) -> Iterator[list[int]]:
        order, place = self._order(self.epoch), self.seen % self.epoch_size
        for size in list(self.sizes()):  # settled now: the loader's workers run ahead of `trained`
            yield order[place + self.rank : place + size : self.ranks]
            place += size

    def __len__(self) -> int:
        """How many batches are left in this epoch."""
        return sum(1 for _ in self.sizes())

    def whole_run(self, begin: Callable[[], int], *, largest: int | None = None) -> WholeRun:
        """Return the batches of all epochs, one after the other, for a trainer that counts updates itself.

        >>> import annealing as an
        >>> sampler = PlannedBatches(4, (2 / an.stairs({"50%": 1 / 2})).over(8, unit="samples"), shuffle=False)
        >>> list(sampler.whole_run(lambda: 1))
        [[2, 3], [0, 1, 2, 3]]
        >>> list(sampler.whole_run(lambda: 1, largest=2))
        [[2, 3], [0, 1], [2, 3]]

        Trainers take the length of the first epoch for that of every other one, which is wrong where batches grow; this has
        none, so they train for a number of updates: `max_steps=pair.updates()`. `trained` is not called.

        Arguments: `begin`, asked whenever the loader is iterated: how many updates were made, such as
        `lambda: trainer.global_step`; `largest`, the samples that fit into memory at once: larger batches come in parts,
        whose gradients the trainer has to accumulate, as `annealing.lightning.PlannedAccumulation` makes Lightning do.
        """
        return WholeRun(self, begin, largest)

    def state_dict(self) -> dict[str, Any]:
        """Return what resuming needs, as JSON: the samples trained on, and what the order was made from."""
        return {"version": VERSION, "seen": self.seen, "seed": self.seed, "epoch_size": self.epoch_size, "batch": str(self.batch)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on after the samples that a saved run was trained on, on as many ranks as there are now.

        Raises `PlanMismatchError` for a run of other data, seed or batches, `KindError` for the state of something else.
        """
        if not isinstance(state.get("version"), int) or not isinstance(state.get("seen"), int):
            raise KindError(f"this is not the state of PlannedBatches: it has {', '.join(map(str, state)) or 'no keys'}.")
        if state["version"] > VERSION:
            raise KindError(f"this state has version {state['version']}, newer than this library: upgrade annealing.")
        mine = self.state_dict()
        for name in ("seed", "epoch_size", "batch"):
            if state.get(name) != mine[name]:
                raise PlanMismatchError(
                    f"the saved run had {name}={state.get(name)} and this one has {mine[name]}: "
                    "samples would be dropped or repeated. Build PlannedBatches as it was."
                )
        self.seen = int(state["seen"])

    def _order(self, epoch: int) -> list[int]:
        if not self.shuffle:
            return list(range(self.epoch_size))
        generator = torch.Generator().manual_seed((self.seed << 32) + epoch)
        return torch.randperm(self.epoch_size, generator=generator).tolist()
