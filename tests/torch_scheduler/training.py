"""Small trainings whose weights tell which rate each update really used."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.optim import Optimizer

import annealing as an

UPDATES = 24
# No two updates share a value: an off-by-one could hide in a flat stretch.
PLAN = (0.5 * an.chain(an.warmup(5), an.cosine(to=0.1))).over(UPDATES)
SHAPE = an.chain(an.warmup(5), an.cosine(to=0.1)).over(UPDATES)
USED = [PLAN(t) for t in range(UPDATES)]
assert len(set(USED)) == UPDATES


def parameter() -> torch.nn.Parameter:
    return torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))


def sgd(*rates: float | torch.Tensor, names: Iterable[str] | None = None, **kwargs: Any) -> torch.optim.SGD:
    """SGD with one group per rate (by default a single one with rate 0.1)."""
    groups: list[dict[str, Any]] = [{"params": [parameter()], "lr": rate} for rate in rates or (0.1,)]
    for group, name in zip(groups, names or (), strict=False):
        group["name"] = name
    return torch.optim.SGD(groups, **kwargs)


def weights(optimizer: Optimizer) -> list[torch.nn.Parameter]:
    return [weight for group in optimizer.param_groups for weight in group["params"]]


def prepare(optimizer: Optimizer) -> None:
    """Put every weight at 0 with a gradient of 1, so that plain SGD moves it by exactly the rate it used."""
    for weight in weights(optimizer):
        weight.data.zero_()
        weight.grad = torch.ones_like(weight)


def rates_used(optimizer: Optimizer, step: Callable[[], object] | None = None) -> list[float]:
    """Make one update and return the rate that moved each weight."""
    prepare(optimizer)
    (step or optimizer.step)()
    return [-weight.item() for weight in weights(optimizer)]


def rate_used(optimizer: Optimizer, step: Callable[[], object] | None = None) -> float:
    """Make one update and return the rate that moved the first weight."""
    return rates_used(optimizer, step)[0]


def train(optimizer: Optimizer, updates: int, after: Callable[[], object] = lambda: None) -> list[float]:
    """Make some updates, calling `after` after each; return the rate that each used."""
    used: list[float] = []
    for _ in range(updates):
        used.append(rate_used(optimizer))
        after()
    return used
