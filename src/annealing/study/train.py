"""Train one setting: one model, under one plan of its learning rate, from one seed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

from annealing.core.plan import Plan
from annealing.lockstep.alone import Tick, train_alone
from annealing.lockstep.member import Member, Outcome
from annealing.study.result import Curve, Role, Run
from annealing.tasks.measure import POINTS
from annealing.tasks.optimizers import Maker
from annealing.tasks.task import Task


@final
@dataclass(frozen=True)
class Setting:
    """What one run needs beside its task: update `t` uses the rate `plan(t)`; `lr` says by what the schedule was multiplied.

    `batch_sizes` are the samples of each update, where the batch changes; `points` at about how many to validate.
    `optimizer`, `batch_size` and the hyper-parameters in `options` stand in for the task's own; `values`
    are all choices by name, for a training function of one's own.
    """

    arm: str
    plan: Plan
    lr: float
    seed: int
    role: Role
    batch_sizes: tuple[int, ...] | None = None
    points: int = POINTS
    optimizer: str | Maker | None = None
    options: Mapping[str, float] = field(default_factory=dict[str, float])
    batch_size: int | None = None
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])

    @property
    def member(self) -> Member:
        """The setting as an engine that stacks knows it."""
        return Member(
            self.plan,
            seed=self.seed,
            lr=self.lr,
            batch_size=self.batch_size,
            batch_sizes=self.batch_sizes,
            optimizer=self.optimizer,
            options=self.options,
        )


def train(task: Task, setting: Setting, tick: Tick, *, device: str = "cpu") -> Run:
    """Train `setting` to its end, or until it diverges, and return the run.

    The same task and setting give the same bits wherever they are trained. `tick(updates, loss)` is called
    after every update. A loss that is NaN, infinite, or 10 000 times the first one ends the run there: it
    has diverged, which is a result, with an infinite final loss.
    """
    return run_of(setting, train_alone(task, setting.member, tick, device=device, points=setting.points))


def run_of(setting: Setting, outcome: Outcome) -> Run:
    """Say of a trained member which arm it belongs to."""
    curve = Curve(outcome.update, outcome.train_loss, outcome.valid_loss, outcome.rate)
    return Run(
        setting.arm,
        setting.lr,
        setting.seed,
        setting.role,
        curve,
        outcome.loss,
        outcome.metrics,
        outcome.diverged,
        outcome.seconds,
    )
