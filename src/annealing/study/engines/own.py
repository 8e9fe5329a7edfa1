"""A training function of the user's own, in any framework: `def train(run)`."""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np

from annealing.core.checks import number, whole
from annealing.core.errors import TaskError
from annealing.core.plan import Plan
from annealing.lockstep.member import Point
from annealing.study.engines.job import Stops
from annealing.study.result import Curve
from annealing.study.stored import Ended
from annealing.study.train import Setting

Train = Callable[["OwnRun"], Any]


@final
@dataclass(frozen=True)
class Own:
    """A function that trains one run and reports its losses.

    >>> def train(run):
    ...     for update in range(1, run.updates + 1):
    ...         loss = (run.plan(update - 1) - 0.3) ** 2
    ...         if run.report(update, loss):
    ...             return
    >>> Own(train).name
    'train'

    Raises `TaskError` for anything that cannot be called with one argument.
    """

    function: Train

    def __post_init__(self) -> None:
        try:
            inspect.signature(self.function).bind(None)
        except (TypeError, ValueError):
            raise TaskError(
                f"task={self.function!r} cannot be called as train(run): write def train(run): …, with run.report(update, loss)."
            ) from None

    @property
    def name(self) -> str:
        """How reports call it."""
        return getattr(self.function, "__name__", type(self.function).__name__)

    def train(self, setting: Setting, hear: Callable[[Point], object], stops: Stops = ()) -> Ended:
        """Call the function for one setting, and return what it reported.

        Raises `TaskError` where it reports nothing, or no loss of its end though nobody gave it up.
        """
        begun = time.perf_counter()
        run = OwnRun(setting.plan, {"lr": setting.lr, **setting.values}, setting.seed, stops, hear)
        metrics = self.function(run)
        if not run.points:
            raise TaskError("it reported no loss: call run.report(update, loss), at its end at the latest.")
        update, train_loss, valid_loss, rate = (np.array(column, dtype=np.float64) for column in zip(*run.points, strict=True))
        diverged = not math.isfinite(run.points[-1][2])
        if update[-1] < run.updates and not diverged and not run.cut:
            raise TaskError(
                f"it last reported a loss after update {update[-1]:.0f} of {run.updates}, which compares with no other run: "
                f"call run.report({run.updates}, loss) at its end; updates count from 1."
            )
        return Ended(
            Curve(update.astype(np.int64), train_loss, valid_loss, rate),
            math.inf if diverged else run.points[-1][2],
            {name: float(value) for name, value in metrics.items()} if isinstance(metrics, Mapping) else {},
            diverged,
            run.cut and not diverged,
            time.perf_counter() - begun,
        )


@final
@dataclass
class OwnRun:
    """What a training function is given: update t uses the rate `plan(t)`, and `values` holds every choice by name.

    Everything random should come from `seed`, so that the study comes out the same wherever it goes on. `updates` is the
    length of the run.
    """

    plan: Plan
    values: Mapping[str, Any]
    seed: int
    stops: Stops = ()
    hear: Callable[[Point], object] = lambda point: None
    points: list[Point] = field(default_factory=list[Point])
    cut: bool = False

    @property
    def updates(self) -> int:
        """How many updates the run has."""
        return int(self.plan.total)

    def report(self, update: int, loss: float, train_loss: float | None = None) -> bool:
        """Tell the validation loss after `update` finished updates; return True where the run may stop, as it was given up.

        A loss that is NaN or infinite is divergence, a result like any other; the run may stop there, too. Raises
        `ArgumentError` or `KindError` for updates that do not rise, or a loss that is no number.
        """
        begin = self.points[-1][0] if self.points else 0
        whole("update", update, at_least=begin + 1)
        loss = float(loss) if isinstance(loss, float) or hasattr(loss, "__float__") else number("loss", loss)
        rate = float(self.plan(update - 1))
        self.points.append((update, loss if train_loss is None else float(train_loss), loss, rate))
        self.hear(self.points[-1])
        self.cut = self.cut or any(begin < at <= update and loss > limit for at, limit in self.stops)
        return self.cut or not math.isfinite(loss)
