"""Code for Keras 3, on any of its backends."""

from __future__ import annotations

import math

from annealing.core.errors import ArgumentError
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.report.code.names import assigned, imports

_LONGEST = 50_000_000  # values in the table: 200 MB in float32


def keras(plan: Plan | RecipePlan, over: float | None = None) -> str:
    """Write a LearningRateSchedule that looks the plan's values up, which every backend can compile.

    Raises `ArgumentError` for what Keras cannot schedule: other units than updates, other hyper-parameters
    than the learning rate, and runs without an end.
    """
    if isinstance(plan, RecipePlan):
        plan = _only_rate(plan)
    if plan.unit != "updates":
        raise ArgumentError(
            f"Keras counts updates and this plan counts {plan.unit}: write the plan over the run's number of updates."
        )
    if not (plan.total if over is None else over) <= _LONGEST:
        raise ArgumentError(
            f"Keras needs a table of the plan's values, so a run of at most {_LONGEST} updates: "
            "write .over(100000), or over=100000 beside a plan without an end (--over 100000)."
        )
    if over is None and plan.after not in _PLACES:
        raise ArgumentError(
            f'a table has an end, and after="{plan.after}" has none: say how many updates you train, over=100000 (--over 100000).'
        )
    count, place = _PLACES[plan.after] if over is None else _up_to(math.ceil(over))
    return f"""import keras
import numpy as np

{imports(str(plan))}, parse

{assigned(plan)}


@keras.saving.register_keras_serializable("annealing")
class PlanSchedule(keras.optimizers.schedules.LearningRateSchedule):
    \"\"\"The plan's value at every update, on every Keras backend.\"\"\"

    def __init__(self, plan):
        self.plan = plan
        self.values = keras.ops.convert_to_tensor(plan(np.arange({count})).astype("float32"))

    def __call__(self, step):
        update = {place}
        return keras.ops.take(self.values, update)

    def get_config(self):
        return {{"plan": str(self.plan)}}

    @classmethod
    def from_config(cls, config):
        return cls(parse(config["plan"]))


optimizer = keras.optimizers.AdamW(learning_rate=PlanSchedule(plan))
"""


_PLACES = {
    "hold": ("plan.total + 1", 'keras.ops.minimum(keras.ops.cast(step, "int32"), self.plan.total)'),
    "repeat": ("plan.total", 'keras.ops.cast(step, "int32") % self.plan.total'),
    "mirror": ("2 * plan.total", 'keras.ops.cast(step, "int32") % (2 * self.plan.total)'),
}
"""By what happens past the end: how many values the table has, and where update `step` stands in it."""


def _up_to(count: int) -> tuple[str, str]:
    return f"{count}", f'keras.ops.minimum(keras.ops.cast(step, "int32"), {count - 1})'


def _only_rate(plan: RecipePlan) -> Plan:
    names = [name for name, _ in plan.everywhere]
    if plan.groups or names != ["lr"]:
        raise ArgumentError(
            "Keras schedules the learning rate of all weights and nothing else: give it the schedule of lr alone."
        )
    return plan.plans_for("")["lr"]
