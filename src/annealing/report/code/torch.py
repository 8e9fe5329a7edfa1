"""Code for a PyTorch training loop."""

from __future__ import annotations

from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.report.code.names import assigned, imports
from annealing.report.code.optimizers import Made


def torch(plan: Plan | RecipePlan, made: Made | None = None) -> str:
    """Write the scheduler that drives an existing optimizer, or the one that is to be made."""
    argument, says = (
        ("lr=plan", "the plan sets its rate") if isinstance(plan, Plan) else ("plan", "the recipe sets what it names")
    )
    first = f"import {made.package}\n\n" if made else ""
    rate = "plan(0)" if isinstance(plan, Plan) else "1e-3"
    optimizer = f"optimizer = {made.torch(rate)}\n" if made else ""
    whose = "" if made else "your optimizer: "
    return f"""{first}{imports(str(plan))}
from annealing.torch import Scheduler

{assigned(plan)}
{optimizer}scheduler = Scheduler(optimizer, {argument})  # {whose}{says} from now on

# in the training loop, after each optimizer.step():
# scheduler.step()
"""
