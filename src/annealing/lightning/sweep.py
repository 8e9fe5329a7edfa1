"""Sweeps and scans of a LightningModule over rates, recorded with its own steps, loaders and optimizer."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from typing import TYPE_CHECKING, Any, cast

import torch
from lightning.pytorch import LightningModule, Trainer

from annealing.core.errors import ArgumentError, ConflictError
from annealing.torch.snapshot import snapshot

if TYPE_CHECKING:
    from annealing.rangetest import Scan, Sweep


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
    from annealing.rangetest.record import record_loss  # the finder is not needed to follow a schedule

    with _lent(trainer, module) as (loss_of, _, options):
        batches = module.train_dataloader() if loader is None else loader
        optimizer, step = _only_optimizer(module.configure_optimizers()), loss_of("training_step")
        return record_loss(step, batches, optimizer, (module,), start=start, end=end, updates=updates, **options)


def scan_rates(
    trainer: Trainer,
    module: LightningModule,
    loader: Any = None,
    valid: Any = None,
    *,
    rates: Sequence[float] | None = None,
    updates: int = 100,
    monitor: str = "val_loss",
) -> Scan:
    """Train a module with each of some constant rates, from one start on the same batches, and leave it as it was.

    After each rate the loss is taken over the validation batches: what `validation_step` returns, or logs as `monitor` where it
    returns nothing. Everything else is as with `record_sweep`.

    Arguments: `loader` and `valid`, batches to train and to validate on, by default those of `train_dataloader()` and
    `val_dataloader()`; `rates`, rising, by default 20 of them, four to a decade, around the optimizer's own; `updates`, how many
    for each. `Scan.best` is the place of the rate to look around, `annealing.rangetest.decide` says what to make of it and a few
    whole runs. Raises `ArgumentError` for rates that do not rise, or where validation gives no loss.
    """
    from annealing.rangetest.scan import scan_loss

    with _lent(trainer, module) as (loss_of, heard, options):
        batches: Any = module.val_dataloader() if valid is None else valid
        step = loss_of("validation_step")

        def measured() -> float:
            module.eval()
            losses: list[float] = []
            with torch.no_grad():
                for batch in batches:
                    heard.clear()
                    found = step(batch)
                    losses.append(_number(heard.get(monitor) if found is None else found, monitor))
            return math.fsum(losses) / max(1, len(losses))

        own: Any = module.train_dataloader() if loader is None else loader
        optimizer, trained = _only_optimizer(module.configure_optimizers()), loss_of("training_step")
        return scan_loss(trained, measured, own, optimizer, (module,), rates=rates, updates=updates, **options)


@contextmanager
def _lent(trainer: Any, module: Any) -> Generator[tuple[Callable[[str], Callable[[Any], Any]], dict[str, Any], dict[str, Any]]]:
    """A step's loss of a batch, what is logged, accumulation and clipping; the module is restored afterwards."""
    from annealing.rangetest.loop import on_device_of

    heard: dict[str, Any] = {}

    def loss_of(step: str) -> Callable[[Any], Any]:
        places = count()

        def loss(batch: Any) -> Any:
            found: Any = getattr(module, step)(on_device_of(module, batch), next(places))
            return cast("Any", found).get("loss") if isinstance(found, Mapping) else found

        return loss

    def log(name: str, value: Any, *args: Any, **options: Any) -> None:
        heard[name] = value

    def log_dict(dictionary: Mapping[str, Any], *args: Any, **options: Any) -> None:
        heard.update(dictionary)

    norm = trainer.gradient_clip_val
    options = {"accumulate": trainer.accumulate_grad_batches, "clip_norm": None if norm is None else float(norm)}
    with snapshot(module):  # also the random numbers that making an optimizer and a loader draws
        try:
            vars(module).update(log=log, log_dict=log_dict)  # outside of fit() Lightning's own would refuse
            yield loss_of, heard, options
        finally:
            for name in ("log", "log_dict"):
                vars(module).pop(name, None)


def _number(loss: Any, monitor: str) -> float:
    if loss is None:
        raise ArgumentError(f"validation_step returns no loss and logs none as {monitor!r}: write monitor=..., the name it logs.")
    return float(loss)


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
