"""A plan as code to paste, for the framework somebody already uses."""

from __future__ import annotations

from annealing.core.errors import ArgumentError
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.report.code.keras import keras
from annealing.report.code.lightning import lightning
from annealing.report.code.optax import optax
from annealing.report.code.optimizers import Made
from annealing.report.code.python import python, recipe
from annealing.report.code.torch import torch
from annealing.report.code.transformers import transformers

TARGETS = {
    "torch": "PyTorch", "transformers": "Hugging Face", "lightning": "Lightning", "optax": "optax", "keras": "Keras",
    "python": "plain Python",
}  # fmt: skip
"""The frameworks there is code for, and how they are called."""

_WRITERS = {"torch": torch, "transformers": transformers, "lightning": lightning, "optax": optax}


def code(plan: Plan | RecipePlan, target: str, over: float | None = None, *, made: Made | None = None) -> str:
    """Write code to paste whose values are those of the plan.

    >>> import annealing as an
    >>> print(code((0.1 * an.cosine()).over(1_000), "torch"))
    from annealing import cosine
    from annealing.torch import Scheduler
    <BLANKLINE>
    plan = (0.1 * cosine()).over(1000)
    scheduler = Scheduler(optimizer, lr=plan)  # your optimizer: the plan sets its rate from now on
    <BLANKLINE>
    # in the training loop, after each optimizer.step():
    # scheduler.step()
    <BLANKLINE>

    Arguments: `plan`, a plan or a recipe over a run; `target`, one of "torch", "transformers", "lightning", "optax",
    "keras" and "python"; `over`, how many updates Keras looks up in a table, where a run has no end and its curve no formula;
    `made`, the optimizer to make with it, where that is known.
    Raises `ArgumentError` for another target, and for a plan that a target cannot hold.
    """
    if target == "python":
        return python(plan) if isinstance(plan, Plan) else recipe(plan)
    if target not in TARGETS:
        raise ArgumentError(f"there is no code for {target!r}: write one of {', '.join(TARGETS)}.")
    return keras(plan, over, made) if target == "keras" else _WRITERS[target](plan, made)
