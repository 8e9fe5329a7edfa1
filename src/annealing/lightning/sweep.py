"""A sweep of a LightningModule over rising rates, recorded with its own step, loader and optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from lightning.pytorch import LightningModule, Trainer

from annealing.core.errors import ConflictError
from annealing.torch.snapshot import snapshot

if TYPE_CHECKING:
    from annealing.rangetest import Sweep


def record_sweep(
    trainer: Trainer,
    module: LightningModule,
    loader: Any = None,
    *,
    start: float = 1e-6,
    end: float = 10.0,
    updates: int = 100,
) -> Sweep:
    """Record a sweep of a module's own `training_step` and `configure_optimizers`, and leave the module as it was.

    Accumulation and the clipping norm are those of the Trainer, which does nothing else: what the module logs is not kept,
    its other hooks are not called, mixed precision is not used. Call it before `fit()`.

    Arguments: `loader`, batches to train on, by default those of the module's `train_dataloader()`; `start` and `end`, the
    first and last rate; `updates`, how many in between. What to make of a sweep is said by `annealing.rangetest.suggest`.
    Raises `ArgumentError` for rates that do not rise, `ConflictError` for a module with several optimizers.
    """
    from annealing.rangetest.record import on_device_of, record_loss  # the finder is not needed to follow a schedule

    batches = 0

    def loss_of(batch: Any) -> Any:
        nonlocal batches
        found: Any = module.training_step(on_device_of(module, batch), batches)
        batches += 1
        return cast("Any", found)["loss"] if isinstance(found, Mapping) else found

    with snapshot(module):  # also the random numbers that making an optimizer and a loader draws
        try:
            vars(module).update(log=_unheard, log_dict=_unheard)  # outside of fit() they would be refused
            return record_loss(
                loss_of,
                module.train_dataloader() if loader is None else loader,
                _only_optimizer(module.configure_optimizers()),
                (module,),
                start=start,
                end=end,
                updates=updates,
                accumulate=trainer.accumulate_grad_batches,
                clip_norm=None if trainer.gradient_clip_val is None else float(trainer.gradient_clip_val),
            )
        finally:
            for name in ("log", "log_dict"):
                vars(module).pop(name, None)


def _unheard(*args: Any, **kwargs: Any) -> None:
    """Log nothing."""


def _only_optimizer(configured: Any) -> Any:
    """Return the optimizer in what configure_optimizers gave: itself, a list, lists with schedulers, or a dictionary."""
    while isinstance(configured, Mapping | list | tuple):
        found: Any = cast("Any", configured)
        if isinstance(configured, Mapping):
            configured = found["optimizer"]
            continue
        several: Any = found[0] if found and isinstance(found[0], list | tuple) else found
        if len(several) != 1:
            raise ConflictError(f"configure_optimizers returned {len(several)} optimizers, and a sweep follows the rate of one.")
        configured = several[0]
    return configured
