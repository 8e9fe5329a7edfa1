"""torch's schedules that call a user's function: LambdaLR and MultiplicativeLR."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from annealing.core.errors import ArgumentError, KindError
from annealing.core.marks import formula
from annealing.core.plan import Plan
from annealing.core.registry import register, registered
from annealing.core.schedule import Formula
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import named, rate, whole_curve
from annealing.dialects.decays import decay


@dialect(
    "torch.LambdaLR", odd="in a ChainedScheduler it discards what ran before it", example="lr=0.1, lr_lambda=geometric(0.95)"
)
def LambdaLR(lr: float, lr_lambda: Any, last_epoch: int = -1) -> Plan:
    """Multiply `lr` by a function of the update.

    >>> import annealing as an
    >>> from annealing.dialects import torch
    >>> @an.register("docs.thirds")
    ... def thirds(t: float) -> float:
    ...     return 3.0 ** -(t // 30)
    >>> torch.LambdaLR(lr=0.1, lr_lambda="docs.thirds")
    (0.1 * formula("docs.thirds")).over(inf)

    Arguments: `lr_lambda`, the name of a registered function, the function itself, or a schedule of ours. Raises
    `KindError` for a bare function, which no text or checkpoint could hold.
    Ours: `lr * formula("mine")`, or no function at all: most are a chain of phases.
    """
    whole_curve(last_epoch)
    return (rate("lr", lr) * named("lr_lambda", lr_lambda)).over(math.inf)


@dialect(
    "torch.MultiplicativeLR",
    odd="λ(0) is never called; inside a SequentialLR it goes on from the previous rate instead of its own",
    example="lr=0.1, lr_lambda=0.95",
)
def MultiplicativeLR(lr: float, lr_lambda: Any, last_epoch: int = -1) -> Plan:
    """Multiply by a function's value at every update: lr·λ(1)·…·λ(t).

    >>> from annealing.dialects import torch
    >>> torch.MultiplicativeLR(lr=0.1, lr_lambda=0.95)
    (0.1 * geometric(0.95, per=1)).over(inf)

    Arguments: `lr_lambda`, a number, the name of a registered function, or the function itself. Its running product is
    registered as "torch.product:" and that name, so text that holds it is read where this was called before. Raises
    `KindError` for a bare function.
    Odd: theirs never calls λ(0), nor does this. Ours: `lr * geometric(0.95)`, or a formula of the product.
    """
    whole_curve(last_epoch)
    if isinstance(lr_lambda, (int, float)) and not isinstance(lr_lambda, bool):
        return (rate("lr", lr) * decay(lr_lambda, 1, staircase=False)).over(math.inf)
    factor = named("lr_lambda", lr_lambda)
    if not isinstance(factor, Formula) or factor.arguments:
        raise KindError(f"lr_lambda={lr_lambda} must be a function of the update alone: write the name it is registered under.")
    return (rate("lr", lr) * formula(_product(factor.name))).over(math.inf)


def _product(name: str) -> str:
    """Register the running product of a registered function, and return the name of that."""
    product = f"torch.product:{name}"
    try:
        registered(product)
    except ArgumentError:
        register(product)(_running_product(registered(name)))
    return product


def _running_product(factor: Callable[[int], float]) -> Callable[[float], float]:
    products = [1.0]  # products[t] is the product of the first t factors, which are those of updates 1 … t

    def product(t: float) -> float:
        while len(products) <= t:
            products.append(products[-1] * factor(len(products)))
        return products[math.floor(t)]

    return product
