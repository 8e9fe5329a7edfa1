"""SGD, Adam and AdamW for a stack: torch's own formulas, with every number of a member's own.

Each is a `Rule`: what it keeps per parameter, which numbers it needs at an update, and the update itself. The numbers are
computed in float64 on the host, as torch computes them, and reach the device once per stretch of updates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, final

import numpy as np
from torch import Tensor
from torch.optim import SGD, Adam, AdamW, Optimizer

from annealing.lockstep import foreach
from annealing.lockstep.rates import Hyper, Numbers, table

Tensors = list[Tensor]
Row = Callable[[str], Numbers]
"""The values of a hyper-parameter: [updates, members]."""


@final
class Rule(NamedTuple):
    """How an optimizer updates one group of stacked parameters.

    `kept(flags)` says how many tensors a parameter needs; `numbers(row, updates, flags)` gives a list of [updates, members];
    `update(parameters, gradients, kept, numbers, flags)` changes parameters and what is kept in place, with each number a
    list of tensors that fit the parameters.
    """

    kept: Callable[[dict[str, Any]], int]
    numbers: Callable[[Row, Numbers, dict[str, Any]], list[Numbers]]
    update: Callable[[Tensors, Tensors, list[Tensors], list[Tensors], dict[str, Any]], None]
    flags: tuple[str, ...]
    name: str


def rule_for(optimizer: Optimizer, hypers: Sequence[Hyper]) -> Rule | None:
    """Return the rule that stands for this optimizer, or None where there is none."""
    rule = _RULES.get(type(optimizer))
    if rule is None:
        return None
    for row in range(len(optimizer.param_groups)):
        groups = [hyper.rest(row) for hyper in hypers]
        for flag in ("maximize", "differentiable", "capturable", "nesterov", "amsgrad", "decoupled_weight_decay"):
            values = {bool(group.get(flag, False)) for group in groups}
            if len(values) > 1 or (values == {True} and flag not in rule.flags):
                return None
    return rule


def family(optimizer: Optimizer, hyper: Hyper) -> tuple[Any, ...]:
    """Return what members must have in common to share a stack: ("fused", …) where own formulas serve, else ("shared", …)."""
    rule, groups = rule_for(optimizer, [hyper]), [len(group["params"]) for group in optimizer.param_groups]
    if rule is None:
        return "shared", type(optimizer), *groups, hyper.apart
    return "fused", type(optimizer), *groups, *(bool(hyper.rest(r).get(name)) for r in range(len(groups)) for name in rule.flags)


def numbers_for(rule: Rule, hypers: Sequence[Hyper], row: int, begin: int, end: int) -> Numbers:
    """Return every number that the rule needs for a group at these updates: [updates, numbers, members]."""
    updates = np.arange(begin, end, dtype=np.float64)[:, None]
    return np.stack(rule.numbers(lambda name: table(hypers, name, row, begin, end), updates, dict(hypers[0].rest(row))), axis=1)


def flags_for(rule: Rule, hypers: Sequence[Hyper], row: int) -> dict[str, Any]:
    """Return what of the rule a group needs: its switches, and whether any member ever has decay, momentum or dampening."""
    flags = {name: bool(hypers[0].rest(row).get(name, False)) for name in rule.flags}
    return flags | {name: any(hyper.ever(name, row) for hyper in hypers) for name in ("weight_decay", "momentum", "dampening")}


def _sgd_numbers(row: Row, updates: Numbers, flags: dict[str, Any]) -> list[Numbers]:
    momentum = row("momentum")
    fresh = np.where((updates == 0) | (momentum == 0), 1.0, 1 - row("dampening"))  # torch's first buffer is the gradient itself
    return [-row("lr"), row("weight_decay"), momentum, fresh]


def _sgd(parameters: Tensors, gradients: Tensors, kept: list[Tensors], numbers: list[Tensors], flags: dict[str, Any]) -> None:
    down, decay, momentum, fresh = numbers
    steps = gradients
    if flags["weight_decay"]:
        steps = gradients = foreach.addcmul(gradients, parameters, decay)
    if flags["momentum"]:
        (steps,) = kept
        foreach.mul_(steps, momentum)
        if flags["dampening"]:
            foreach.addcmul_(steps, gradients, fresh)
        else:
            foreach.add_(steps, gradients)
        if flags["nesterov"]:
            steps = foreach.addcmul(gradients, steps, momentum)
    foreach.addcmul_(parameters, steps, down)


def _adam_numbers(row: Row, updates: Numbers, flags: dict[str, Any]) -> list[Numbers]:
    lr, decay, beta1, beta2 = row("lr"), row("weight_decay"), row("betas[0]"), row("betas[1]")
    count = updates + 1
    decoupled = bool(flags.get("decoupled_weight_decay", False))
    return [
        1 - lr * decay if decoupled else decay,
        1 - beta1,
        beta2,
        1 - beta2,
        -lr / (1 - beta1**count),
        np.sqrt(1 - beta2**count),
        row("eps"),
    ]


def _adam(parameters: Tensors, gradients: Tensors, kept: list[Tensors], numbers: list[Tensors], flags: dict[str, Any]) -> None:
    decay, weight1, beta2, weight2, down, correction, eps = numbers
    first, second = kept[:2]
    if flags["decoupled_weight_decay"]:
        foreach.mul_(parameters, decay)
    elif flags["weight_decay"]:
        gradients = foreach.addcmul(gradients, parameters, decay)
    foreach.lerp_(first, gradients, weight1)
    foreach.mul_(second, beta2)
    squares = foreach.mul(gradients, gradients)
    foreach.addcmul_(second, squares, weight2)
    scale = second
    if flags["amsgrad"]:
        foreach.maximum_(kept[2], second)
        scale = kept[2]
    roots = foreach.sqrt(scale)
    foreach.div_(roots, correction)
    foreach.add_(roots, eps)
    steps = foreach.div(first, roots)
    foreach.addcmul_(parameters, steps, down)


def _adams(flags: dict[str, Any]) -> int:
    return 3 if flags["amsgrad"] else 2


_RULES: dict[type[Optimizer], Rule] = {
    SGD: Rule(lambda flags: int(flags["momentum"]), _sgd_numbers, _sgd, ("nesterov",), "sgd"),
    Adam: Rule(_adams, _adam_numbers, _adam, ("amsgrad", "decoupled_weight_decay"), "adam"),
    AdamW: Rule(_adams, _adam_numbers, _adam, ("amsgrad", "decoupled_weight_decay"), "adam"),
}
