"""Gradient accumulation that follows a batch plan, in Lightning's own loop."""

from __future__ import annotations

import math
from typing import Any, Self, cast, final

from lightning.pytorch import Callback, LightningModule, Trainer

from annealing.core.errors import ArgumentError, ConflictError, KindError
from annealing.torch.accumulate import samples_in
from annealing.torch.whole_run import WholeRun


@final
class PlannedAccumulation(Callback):
    """Let Lightning make one update of all parts of a planned batch, however many these are.

    >>> from annealing.batch import trade
    >>> import annealing as an
    >>> run = an.Horizon.of(1_000, epochs=10, batch_size=10)
    >>> pair = trade((0.05 * an.stairs({"50%": 1 / 5})).over(run, unit="samples"), batch=10)
    >>> Trainer(
    ...     callbacks=[PlannedAccumulation()], max_steps=pair.updates(), max_epochs=-1, use_distributed_sampler=False,
    ...     accelerator="cpu", logger=False, enable_checkpointing=False,
    ... ).max_steps
    600

    The loader says which parts: `DataLoader(data, batch_sampler=batches.whole_run(lambda: self.trainer.global_step,
    largest=64))`, with `batches` a `PlannedBatches`. The gradient of an update is that of the mean loss of all its samples,
    on all ranks, where `training_step` returns the mean loss of a part. A checkpoint needs nothing more: a run that
    stopped between two parts does the update again that was not made.

    Raises, when training begins, `KindError` for another loader, a module that optimizes by hand or a strategy that
    accumulates by itself, `ConflictError` where `accumulate_grad_batches` says something else, `ArgumentError` for limits
    or ranks that the loader does not have; later on, `ArgumentError` for a part of another size than planned.
    """

    def __init__(self) -> None:
        self._run: WholeRun | None = None
        self._update = -1
        self._first = 0  # the index of the micro-batch that began the update
        self._weights: tuple[float, ...] = ()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Find the run in the loader, and refuse what cannot follow it."""
        loader: Any = trainer.train_dataloader
        run: object = getattr(loader, "batch_sampler", None)
        if not isinstance(run, WholeRun):
            raise KindError(
                f"PlannedAccumulation found no planned batches in {type(loader).__name__}: write DataLoader(data, "
                "batch_sampler=batches.whole_run(lambda: trainer.global_step, largest=64)) and use_distributed_sampler=False."
            )
        if not pl_module.automatic_optimization or trainer.strategy.handles_gradient_accumulation:
            who = type(trainer.strategy if pl_module.automatic_optimization else pl_module).__name__
            raise KindError(f"{who} decides itself when to update: leave PlannedAccumulation out, and cut batches with in_parts.")
        if trainer.accumulate_grad_batches != 1:
            raise ConflictError(
                f"accumulate_grad_batches={trainer.accumulate_grad_batches} and PlannedAccumulation both say when to update: "
                "leave the first one out."
            )
        if not math.isinf(trainer.num_training_batches):
            raise ArgumentError("limit_train_batches would stop in the middle of a batch: leave it out, and write max_steps=….")
        if trainer.world_size != run.ranks:
            raise ArgumentError(
                f"the loader is for {run.ranks} ranks, and there are {trainer.world_size}: write "
                "PlannedBatches(…, rank=self.global_rank, ranks=self.trainer.world_size)."
            )
        self._run, self._update = run, -1

    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        """Say what comes next is worth, and whether it begins or ends an update."""
        assert self._run is not None
        if trainer.global_step != self._update:
            self._update, self._first = trainer.global_step, batch_idx
            self._weights = self._run.weights(self._update)
        weight = self._weights[batch_idx - self._first]
        self._check(batch, weight)
        told: Any = _Accumulate(1 / weight, begin=self._first, end=self._first + len(self._weights))
        trainer.accumulate_grad_batches = told

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Leave the Trainer as it was, also when training failed."""
        if self._run is not None:
            trainer.accumulate_grad_batches = 1
        self._run = None

    def _check(self, batch: Any, weight: float) -> None:
        assert self._run is not None
        planned = round(weight * int(self._run.sizes[self._update]) / self._run.ranks)
        try:
            given = samples_in(batch)
        except KindError:  # its tensors have no length in common, so what it holds cannot be said
            return
        if given != planned:
            raise ArgumentError(
                f"a part of update {self._update} holds {given} samples where the plan has {planned}: "
                "give the DataLoader batch_sampler= alone, and no sampler of another kind."
            )


class _Accumulate(float):
    """What `accumulate_grad_batches` is for one part: its value divides the loss, and `batches % it` is 0 between updates.

    Lightning uses the number for these two only. As a plain number it would have to divide the batches seen so far at both
    ends of the update, and the loss by something else than that.
    """

    begin: int
    end: int

    def __new__(cls, value: float, *, begin: int, end: int) -> Self:
        made = super().__new__(cls, value)
        made.begin, made.end = begin, end
        return made

    def __rmod__(self, batches: Any) -> Any:
        return 0 if cast("float", batches) in (self.begin, self.end) else 1
