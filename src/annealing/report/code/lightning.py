"""Code for Lightning's Trainer."""

from __future__ import annotations

import math

from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.report.code.names import assigned, imports
from annealing.report.code.optimizers import Made


def lightning(plan: Plan | RecipePlan, made: Made | None = None) -> str:
    """Write the Trainer with a callback that follows the plan, and the method that makes the optimizer."""
    rate = f"{float(plan(0)):.3g}" if isinstance(plan, Plan) else "1e-3"
    made = made or Made("adamw", {})
    steps = f"max_steps={int(plan.total)}, " if math.isfinite(plan.total) and plan.unit == "updates" else ""
    return f"""import {made.package}
from lightning.pytorch import Trainer

{imports(str(plan))}
from annealing.lightning import ScheduleCallback

{assigned(plan)}


def configure_optimizers(self):  # a method of your LightningModule
    return {made.torch(rate, "self.parameters()")}


trainer = Trainer({steps}callbacks=[ScheduleCallback(plan)])
"""
