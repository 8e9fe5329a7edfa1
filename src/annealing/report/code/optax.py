"""Code for optax, where a plan is a schedule already."""

from __future__ import annotations

from annealing.core.errors import ArgumentError
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.report.code.names import assigned, imports
from annealing.report.code.optimizers import Made

_NAMES = {"lr": "learning_rate", "betas[0]": "b1", "betas[1]": "b2"}


def optax(plan: Plan | RecipePlan, made: Made | None = None) -> str:
    """Write the optimizer with the plan as its learning rate.

    Raises `ArgumentError` for a plan that does not count updates, and for a recipe with groups.
    """
    if plan.unit != "updates":
        raise ArgumentError(
            f"optax counts updates and this plan counts {plan.unit}: write the plan over the run's number of updates."
        )
    head = f"import optax\n\n{imports(str(plan))}\n\n{assigned(plan)}\n"
    if isinstance(plan, Plan):
        return f"{head}optimizer = {made.optax('plan') if made else 'optax.adamw(learning_rate=plan)'}\n"
    if plan.groups:
        raise ArgumentError(
            "optax has no groups with names: write a recipe without groups for each part, and join them by optax.partition."
        )
    names = [name for name, _ in plan.everywhere]
    optimizer = "sgd" if "momentum" in names else "adamw"
    hyper = ", ".join(f'{_NAMES.get(name, name)}=plans["{name}"]' for name in names)
    return f'{head}plans = plan.plans_for("")\noptimizer = optax.inject_hyperparams(optax.{optimizer})({hyper})\n'
