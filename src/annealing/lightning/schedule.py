"""`ScheduleCallback` says what to follow, and Lightning's `Trainer.fit` trains by it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, final

from lightning.pytorch import Callback, LightningModule, Trainer

from annealing.core.errors import ArgumentError, ConflictError, LengthError
from annealing.core.horizon import Horizon
from annealing.core.plan import Plan
from annealing.core.recipe import Recipe, RecipePlan
from annealing.core.schedule import Schedule
from annealing.torch.feedback import Control
from annealing.torch.resume import Resume
from annealing.torch.scheduler import Groups, Scheduler
from annealing.torch.unbound import unbound


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
