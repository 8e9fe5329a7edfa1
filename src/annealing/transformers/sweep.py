"""A sweep of a Trainer over rising rates, recorded with its own model, data, loss and optimizer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from transformers import Trainer

from annealing.torch.snapshot import snapshot

if TYPE_CHECKING:
    from annealing.rangetest import Sweep


def record_sweep(trainer: Trainer, *, start: float = 1e-6, end: float = 10.0, updates: int = 100) -> Sweep:
    """Record a sweep of a Trainer's own model, data, loss and optimizer, and leave all of them as they were.

    Accumulation and the clipping norm are those of its arguments; mixed precision is not used. Call it before `train()`.

    Arguments: `start` and `end`, the first and last rate; `updates`, how many in between. What to make of a sweep is
    said by `annealing.rangetest.suggest`. Raises `ArgumentError` for rates that do not rise.
    """
    from annealing.rangetest.record import on_device_of, record_loss  # the finder is not needed to follow a schedule

    theirs: Any = trainer  # much of it is untyped
    model, own = theirs.model, theirs.optimizer
    norm = trainer.args.max_grad_norm
    with snapshot(model):  # also the random numbers that making an optimizer and a loader draws
        try:
            optimizer: Any = theirs.create_optimizer()
        finally:
            trainer.optimizer = own  # the Trainer makes its own again when it trains
        return record_loss(
            lambda batch: theirs.compute_loss(model, on_device_of(model, batch)),
            theirs.get_train_dataloader(),
            optimizer,
            (model,),
            start=start,
            end=end,
            updates=updates,
            accumulate=trainer.args.gradient_accumulation_steps,
            clip_norm=norm if norm > 0 else None,
        )
