"""Sweeps and scans of a Trainer over rates, recorded with its own model, data, loss and optimizer."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from transformers import Trainer

from annealing.core.errors import ArgumentError
from annealing.torch.snapshot import snapshot

if TYPE_CHECKING:
    from annealing.rangetest import Scan, Sweep


def record_sweep(trainer: Trainer, *, start: float = 1e-6, end: float = 10.0, updates: int = 100) -> Sweep:
    """Record a sweep of a Trainer's own model, data, loss and optimizer, and leave all of them as they were.

    Accumulation and the clipping norm are those of its arguments; mixed precision is not used. Call it before `train()`.

    Arguments: `start` and `end`, the first and last rate; `updates`, how many in between. What to make of a sweep is
    said by `annealing.rangetest.suggest`. Raises `ArgumentError` for rates that do not rise.
    """
    from annealing.rangetest.record import record_loss  # the finder is not needed to follow a schedule

    theirs: Any = trainer  # much of it is untyped
    with _lent(trainer) as (loss_of, optimizer, options):
        loader = theirs.get_train_dataloader()
        return record_loss(loss_of, loader, optimizer, (theirs.model,), start=start, end=end, updates=updates, **options)


def scan_rates(trainer: Trainer, *, rates: Sequence[float] | None = None, updates: int = 100) -> Scan:
    """Train a Trainer's own model with each of some constant rates, from one start on the same batches; leave all as it was.

    After each rate the loss is taken on the evaluation data, by the Trainer's own loss. Everything else is as with
    `record_sweep`.

    Arguments: `rates`, rising, by default 20 of them, four to a decade, around `learning_rate`; `updates`, how many for each.
    `Scan.best` is the place of the rate to look around, `annealing.rangetest.decide` says what to make of it and a few whole
    runs. Raises `ArgumentError` for rates that do not rise, or a Trainer without evaluation data.
    """
    from annealing.rangetest.scan import scan_loss

    theirs: Any = trainer
    if theirs.eval_dataset is None:
        raise ArgumentError("a scan takes the loss on evaluation data, and there is none: write Trainer(eval_dataset=...).")
    with _lent(trainer) as (loss_of, optimizer, options):
        valid = theirs.get_eval_dataloader()

        def measured() -> float:
            theirs.model.eval()
            with torch.no_grad():
                pairs = [(float(loss_of(batch)), _samples(batch)) for batch in valid]
            return sum(loss * size for loss, size in pairs) / max(1, sum(size for _, size in pairs))

        loader = theirs.get_train_dataloader()
        return scan_loss(loss_of, measured, loader, optimizer, (theirs.model,), rates=rates, updates=updates, **options)


@contextmanager
def _lent(trainer: Any) -> Generator[tuple[Callable[[Any], Any], Any, dict[str, Any]]]:
    """The Trainer's loss of a batch, an optimizer of its making, accumulation and clipping; the model is restored afterwards."""
    from annealing.rangetest.loop import on_device_of

    model, own, norm = trainer.model, trainer.optimizer, trainer.args.max_grad_norm
    with snapshot(model):  # also the random numbers that making an optimizer and a loader draws
        try:
            optimizer = trainer.create_optimizer()
        finally:
            trainer.optimizer = own  # the Trainer makes its own again when it trains
        options = {"accumulate": trainer.args.gradient_accumulation_steps, "clip_norm": norm if norm > 0 else None}
        yield lambda batch: trainer.compute_loss(model, on_device_of(model, batch)), optimizer, options


def _samples(batch: Mapping[str, Any]) -> int:
    return next((len(value) for value in batch.values() if isinstance(value, Tensor) and value.ndim), 1)
