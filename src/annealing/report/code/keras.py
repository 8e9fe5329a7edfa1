"""Code for Keras 3, on any of its backends."""

from __future__ import annotations

import math

from annealing.core.errors import ArgumentError
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.report.code.keras_formula import LONGEST, worked_out
from annealing.report.code.names import assigned, imports
from annealing.report.code.optimizers import Made


def keras(plan: Plan | RecipePlan, over: float | None = None, made: Made | None = None) -> str:
    """Write a LearningRateSchedule that looks the plan's values up, or works them out where nothing ends the table.

    Every backend can compile either. Raises `ArgumentError` for what Keras cannot schedule: other units than updates, other
    hyper-parameters than the learning rate, and a run without an end along a curve that has no formula.
    """
    if isinstance(plan, RecipePlan):
        plan = _only_rate(plan)
    if plan.unit != "updates":
        raise ArgumentError(
            f"Keras counts updates and this plan counts {plan.unit}: write the plan over the run's number of updates."
        )
    if over is None and (plan.total > LONGEST or plan.after not in _PLACES):
        return worked_out(plan)
    if over is not None and not over <= LONGEST:
        raise ArgumentError(f"over={over:g} is too long for a table: Keras takes at most {LONGEST} values, so write over=100000.")
    count, place = _PLACES[plan.after] if over is None else _up_to(math.ceil(over))
    rate = "PlanSchedule(plan)"
    optimizer = made.keras(rate) if made else f"keras.optimizers.AdamW(learning_rate={rate})"
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


optimizer = {optimizer}
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
