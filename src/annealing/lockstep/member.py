"""What is trained in a stack: members, each a setting of its own, and what became of them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from annealing.core.check_rate import check_rate
from annealing.core.checks import number, positive, whole
from annealing.core.errors import ArgumentError, KindError
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.tasks.optimizers import Maker, optimizer_named


@final
@dataclass(frozen=True)
class Member:
    """One setting to train beside others: update t uses `plan(t)`, and everything random belongs to `seed`.

    >>> import annealing as an
    >>> Member((0.1 * an.cosine()).over(100), seed=3, clip_norm=1.0).updates
    100

    Arguments: `plan`, the rate of every update, or a recipe over the run, whose patterns match the names of the
    optimizer's parameter groups; `seed`, of initial weights, order of batches, augmentation and dropout; `lr`,
    the rate that the task's optimizer is made with (by default the plan's largest); `batch_size`, in samples (by default
    the task's); `batch_sizes`, in its place the samples of every update, which fill whole epochs;
    `clip_norm`, the largest norm of the gradient of all parameters together (by default none);
    `optimizer`, a name or a function of (parameters, lr) (by default the task's);
    `options`, hyper-parameters that stay, by the names a recipe uses: {"weight_decay": 0.1, "betas[0]": 0.95}.

    Raises `KindError`, `ArgumentError` or `TaskError` for anything else.
    """

    plan: Plan | RecipePlan
    _: KW_ONLY
    seed: int = 0
    lr: float | None = None
    batch_size: int | None = None
    batch_sizes: tuple[int, ...] | None = None
    clip_norm: float | None = None
    optimizer: str | Maker | None = None
    options: Mapping[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        if not isinstance(self.plan, Plan | RecipePlan):
            raise KindError(
                f"plan={self.plan!r} is not a plan: write a schedule and .over(updates), such as cosine().over(1000)."
            )
        if self.plan.unit != "updates" or not math.isfinite(self.plan.total):
            raise ArgumentError(f"plan={self.plan} does not count a run in updates: write .over(1000).")
        for name, plan in self.plans:
            check_rate(plan, name)
        whole("seed", self.seed, at_least=0)
        if self.lr is not None:
            number("lr", self.lr)
        if self.batch_size is not None:
            whole("batch_size", self.batch_size, at_least=1)
        if self.batch_sizes is not None and len(self.batch_sizes) != self.updates:
            raise ArgumentError(f"batch_sizes has {len(self.batch_sizes)} updates, the plan {self.updates}: write one for each.")
        if self.clip_norm is not None:
            positive("clip_norm", self.clip_norm)
        if isinstance(self.optimizer, str):
            optimizer_named(self.optimizer)
        for name, value in self.options.items():
            number(f"options[{name!r}]", value)

    @property
    def plans(self) -> tuple[tuple[str, Plan], ...]:
        """Every plan with the hyper-parameter it is for."""
        if isinstance(self.plan, Plan):
            return (("lr", self.plan),)
        return (*self.plan.everywhere, *(pair for _, plans in self.plan.groups for pair in plans))

    @property
    def updates(self) -> int:
        """The length of the run."""
        return int(self.plan.total)

    @property
    def first_rate(self) -> float:
        """The rate that the optimizer is made with."""
        if self.lr is not None:
            return float(self.lr)
        rates = [float(plan.values().max()) for name, plan in self.plans if name == "lr"]
        return max(rates, default=1e-3)


@final
@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of a member, at the updates where it was measured.

    `update` counts finished updates (int64); `train_loss` is the mean training loss over the updates since the
    point before, `valid_loss` the loss on the validation data, `rate` the rate that the last finished update used
    (all float64, of equal length). `loss` is the final validation loss, infinite when the run `diverged`; a
    member that was `cut` by halving ends early, with its loss at the cut. `state` is the trained model's
    `state_dict()`, where it was asked for.
    """

    member: Member
    update: NDArray[np.int64]
    train_loss: NDArray[np.float64]
    valid_loss: NDArray[np.float64]
    rate: NDArray[np.float64]
    loss: float
    metrics: dict[str, float]
    diverged: bool
    cut: bool
    seconds: float
    state: dict[str, Tensor] | None = None


Point = tuple[int, float, float, float]
"""A place on a curve: finished updates, training loss, validation loss, rate."""


@final
class Record:
    """The points of one member's curve, as they come in."""

    def __init__(self, member: Member) -> None:
        self.member = member
        self.points: list[Point] = []
        self.diverged = False
        self.cut = False

    def add(self, update: int, train_loss: float, valid_loss: float, rate: float) -> None:
        """Note a point; a validation loss that is no finite number is divergence."""
        self.points.append((update, train_loss, valid_loss, rate))
        self.diverged = self.diverged or not math.isfinite(valid_loss)

    @property
    def latest(self) -> float:
        """The latest validation loss; infinite after divergence, and before the first point."""
        return math.inf if self.diverged or not self.points else self.points[-1][2]

    def outcome(self, metrics: dict[str, float], seconds: float, state: dict[str, Tensor] | None) -> Outcome:
        """Close the record."""
        update, train, valid, rate = (np.array(column, dtype=np.float64) for column in zip(*self.points, strict=True))
        return Outcome(
            self.member,
            update.astype(np.int64),
            train,
            valid,
            rate,
            self.latest,
            metrics,
            self.diverged,
            self.cut,
            seconds,
            state,
        )
