"""`PlanSchedule`: a plan as Keras' own kind of schedule, saved and loaded with the model as its text."""

from __future__ import annotations

import inspect
from typing import Any, final

import keras

from annealing.core.errors import KindError
from annealing.core.follow import followed
from annealing.core.plan import Plan
from annealing.keras.backend import check_backend, count_of, value_of

_NEAR = 4  # frames between a schedule and the optimizer that calls it


@final
@keras.saving.register_keras_serializable(package="annealing")
class PlanSchedule(keras.optimizers.schedules.LearningRateSchedule):
    """Let a Keras optimizer use a plan as its learning rate: update `t` uses `plan(t)`.

    Its configuration is the plan's text, so a saved model goes on exactly where it stopped. Under
    `gradient_accumulation_steps` it advances once for every real update; Keras' own schedules advance with every
    micro-batch.

    >>> import annealing as an
    >>> plan = (3e-4 * an.chain(an.warmup(2_000), an.cosine(to=0.1))).over(100_000)
    >>> optimizer = keras.optimizers.AdamW(learning_rate=PlanSchedule(plan), gradient_accumulation_steps=4)
    >>> optimizer.get_config()["learning_rate"]["config"]
    {'plan': '(3e-4 * chain(warmup(2000), cosine(to=0.1))).over(100000)'}
    >>> round(float(PlanSchedule(plan)(2_000)), 9)
    0.0003

    Arguments: `plan`, a `Plan` that counts updates, or its text. Called by hand it takes the index of an update. More
    than the rate, or a metric that is watched, takes a `ScheduleCallback`.

    Raises `KindError` for what is no plan, `ArgumentError` for rates below zero or another clock.
    """

    def __init__(self, plan: Plan | str) -> None:
        check_backend()
        given = followed(plan)
        if not isinstance(given, Plan):
            raise KindError("a learning rate follows a plan, not a recipe: write PlanSchedule(plan) or ScheduleCallback(recipe).")
        self.plan = given

    def __call__(self, step: Any) -> Any:
        """Return the rate of an update; an optimizer gives what it counts, micro-batches."""
        count, optimizer = count_of(step), self._caller()
        accumulated = getattr(optimizer, "gradient_accumulation_steps", None)
        return value_of(self.plan, count // accumulated if accumulated else count)

    def get_config(self) -> dict[str, Any]:
        """Return the plan's canonical text."""
        return {"plan": str(self.plan)}

    def _caller(self) -> Any:
        """Return the optimizer that asks: Keras does not say, and only the optimizer knows its micro-batches per update."""
        frame = inspect.currentframe()
        for _ in range(_NEAR):
            frame = None if frame is None else frame.f_back
            owner = None if frame is None else frame.f_locals.get("self")
            if isinstance(owner, keras.optimizers.Optimizer) and getattr(owner, "_learning_rate", None) is self:
                return owner
        return None
