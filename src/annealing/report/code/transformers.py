"""Code for Hugging Face's Trainer."""

from __future__ import annotations

from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.report.code.names import assigned, imports
from annealing.report.code.optimizers import Made


def transformers(plan: Plan | RecipePlan, made: Made | None = None) -> str:
    """Write the pair of optimizer and scheduler that a Trainer takes."""
    rate, argument = ("plan(0)", "lr=plan") if isinstance(plan, Plan) else ("1e-3", "plan")
    made = made or Made("adamw", {})
    return f"""import {made.package}
from transformers import Trainer

{imports(str(plan))}
from annealing.torch import Scheduler

{assigned(plan)}
optimizer = {made.torch(rate)}
trainer = Trainer(
    model=model,  # your model, arguments and data set
    args=arguments,
    train_dataset=dataset,
    optimizers=(optimizer, Scheduler(optimizer, {argument})),
)
"""
