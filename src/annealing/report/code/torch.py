"""Code for a PyTorch training loop."""

from __future__ import annotations

from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.report.code.names import assigned, imports


def torch(plan: Plan | RecipePlan) -> str:
    """Write the scheduler that drives an existing optimizer."""
    argument, says = (
        ("lr=plan", "the plan sets its rate") if isinstance(plan, Plan) else ("plan", "the recipe sets what it names")
    )
    return f"""{imports(str(plan))}
from annealing.torch import Scheduler

{assigned(plan)}
scheduler = Scheduler(optimizer, {argument})  # your optimizer: {says} from now on

# in the training loop, after each optimizer.step():
# scheduler.step()
"""
