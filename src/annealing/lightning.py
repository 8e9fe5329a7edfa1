"""Schedules in Lightning: `ScheduleCallback` says what to follow, and `Trainer.fit` trains by it.

A `annealing.torch.Scheduler` returned by `configure_optimizers` needs nothing from here, with any `interval` and
`frequency`. The callback is for modules that return an optimizer only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast, final

from lightning.pytorch import Callback, LightningModule, Trainer

from annealing.core.errors import ArgumentError, ConflictError, LengthError
from annealing.core.horizon import Horizon
from annealing.core.plan import Plan
from annealing.core.recipe import Recipe, RecipePlan
from annealing.core.schedule import Schedule
from annealing.torch.feedback import Control
from annealing.torch.resume import Resume
from annealing.torch.scheduler import Groups, Scheduler
from annealing.torch.snapshot import snapshot
from annealing.torch.unbound import unbound

if TYPE_CHECKING:
    from annealing.rangetest import Sweep

__all__ = ["ScheduleCallback", "record_sweep"]


@final
class ScheduleCallback(Callback):
    """Let Lightning's Trainer follow a schedule, plan or recipe: update `t` uses `plan(t)`, and monitors show it.

    >>> ScheduleCallback("3e-4 * chain(warmup(10%), hold, cooldown(20%))")
    ScheduleCallback('3e-4 * chain(warmup("10%"), hold(), cooldown("20%"))')

    Pass it in `Trainer(callbacks=[...])`, and let `configure_optimizers` return the optimizer alone. `callback.scheduler`
    shows what is used, from the start of training on.

    Arguments: `schedule`, a schedule, plan or recipe, or its text; without a length of its own it takes the number of
    updates that the Trainer estimates. `factor`, instead of a schedule: it multiplies each group's own rate. `control`,
    `groups` and `resume` are those of `Scheduler`. `monitor`, what the controllers of `control` see: a metric that was
    logged, after every validation (in a run without any, after every epoch); rank 0's value is seen by all. The state is
    saved in Lightning's checkpoints and restored by `fit(ckpt_path=...)`.

    Raises `KindError` for anything that is not a schedule and the errors of its text at once; when training begins,
    `LengthError` where the lengths do not fit the run, `PlanMismatchError` where the checkpoint followed another plan or
    none, `ConflictError` where `configure_optimizers` returned a scheduler as well, or several optimizers; later on,
    `ArgumentError` where nothing was logged as `monitor`.
    """

    def __init__(
        self,
        schedule: Schedule | Plan | Recipe | RecipePlan | str | None = None,
        *,
        factor: Schedule | Plan | str | None = None,
        control: Control | None = None,
        monitor: str = "val_loss",
        groups: Groups | None = None,
        resume: Resume = "refuse",
    ) -> None:
        self._asked = unbound(schedule, factor, control, groups, resume)
        self._monitor = monitor
        self._saved: Mapping[str, Any] | None = None
        self.scheduler: Scheduler | None = None
        """The Scheduler at work, from the start of training on."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Take the optimizer over: it is loaded, if there was a checkpoint, and nothing was trained yet.

        Not earlier: Lightning's learning-rate finder works when fitting starts, and wants the optimizer for itself.
        """
        optimizers: list[Any] = trainer.optimizers
        if trainer.lr_scheduler_configs:
            theirs = type(trainer.lr_scheduler_configs[0].scheduler).__name__
            raise ConflictError(
                f"configure_optimizers returned a {theirs}, and a ScheduleCallback would be a second owner of the rates: "
                "return the optimizer alone, or leave the callback out."
            )
        if len(optimizers) != 1:
            raise ConflictError(
                f"configure_optimizers returned {len(optimizers)} optimizers, and a ScheduleCallback follows one: "
                "leave it out, and return a Scheduler for each of them."
            )
        saved = self.state_dict()  # of a checkpoint; or of the last fit, which a second one goes on from
        self.scheduler = self._asked.start(optimizers[0], _horizon(trainer), trainer.global_step, saved)
        self._saved = None

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Let the controllers see what was measured."""
        if not trainer.sanity_checking:
            self._observe(trainer)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Let the controllers see what was measured, where nothing is validated."""
        if not sum(trainer.num_val_batches):
            self._observe(trainer)

    def state_dict(self) -> dict[str, Any]:
        """Return what Lightning saves: the Scheduler's state, which is JSON."""
        if self._saved is not None or self.scheduler is None:
            return dict(self._saved or {})
        return self.scheduler.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Keep the state until there is an optimizer that it is for: Lightning loads callbacks first."""
        self._saved = state_dict

    def _observe(self, trainer: Trainer) -> None:
        if self._asked.control is None or self.scheduler is None:
            return
        if self._monitor not in trainer.callback_metrics:
            logged = ", ".join(map(repr, trainer.callback_metrics)) or "nothing"
            raise ArgumentError(
                f'control= sees monitor="{self._monitor}", and what was logged is {logged}: '
                f'write self.log("{self._monitor}", ...) in the module, or name another one.'
            )
        seen: float = trainer.strategy.broadcast(float(trainer.callback_metrics[self._monitor]))  # one rate on all ranks
        if self.scheduler.observe(seen):
            trainer.should_stop = True

    def __repr__(self) -> str:
        return f"ScheduleCallback({self._asked})"


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


def _horizon(trainer: Trainer) -> Horizon:
    """Return the length of the run in updates, and in epochs where the loader has a length."""
    updates: float = trainer.estimated_stepping_batches
    if not 0 < updates < math.inf:
        raise LengthError(
            "Lightning does not know how many updates this run has: give Trainer(max_steps=...), or a plan with a length, "
            'such as "3e-4 * cosine().over(10_000)".'
        )
    batches: float = trainer.num_training_batches
    if math.isinf(batches):
        return Horizon(int(updates))
    return Horizon(int(updates), epochs=updates / math.ceil(batches / trainer.accumulate_grad_batches))
