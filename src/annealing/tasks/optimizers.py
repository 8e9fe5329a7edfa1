"""torch.optim's optimizers by name, each with the rate people usually start from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, final

import torch
from torch.optim import Optimizer

from annealing.core.errors import TaskError

Maker = Callable[[Iterable[torch.nn.Parameter], float], Optimizer]
"""What makes an optimizer: `maker(parameters, lr)`."""


@final
@dataclass(frozen=True)
class NamedOptimizer:
    """An optimizer of torch.optim with its usual learning rate.

    Everything else is torch's default, save `foreach=True`: one call for all tensors instead of one for
    each, which makes an update of a small model a sixth cheaper.
    """

    name: str
    usual: float
    make: Callable[..., Optimizer]

    def __call__(self, parameters: Iterable[torch.nn.Parameter], lr: float) -> Optimizer:
        return self.make(parameters, lr=lr, foreach=True)

    @property
    def grid(self) -> tuple[float, ...]:
        """The first rates to try: the usual one, half of it and twice it.

        >>> optimizer_named("adamw").grid
        (0.0005, 0.001, 0.002)
        """
        return self.usual / 2, self.usual, self.usual * 2


def _table() -> dict[str, NamedOptimizer]:
    sgd: Any = torch.optim.SGD
    makers: dict[str, tuple[float, Callable[..., Optimizer]]] = {
        "sgd": (0.1, sgd),
        "momentum": (0.04, partial(sgd, momentum=0.9)),
        "nesterov": (0.04, partial(sgd, momentum=0.9, nesterov=True)),
        "adam": (1e-3, torch.optim.Adam),
        "adamw": (1e-3, torch.optim.AdamW),
        "rmsprop": (1e-3, torch.optim.RMSprop),
        "adagrad": (0.01, torch.optim.Adagrad),
        "adadelta": (1.0, torch.optim.Adadelta),
        "nadam": (2e-3, torch.optim.NAdam),
        "radam": (1e-3, torch.optim.RAdam),
        "adamax": (2e-3, torch.optim.Adamax),
    }
    return {name: NamedOptimizer(name, usual, make) for name, (usual, make) in makers.items()}


OPTIMIZERS = _table()


def optimizer_named(name: str) -> NamedOptimizer:
    """Look up an optimizer by name.

    >>> optimizer_named("nesterov").usual
    0.04

    Raises `TaskError` for a name that is none of torch.optim's eleven that are offered.
    """
    if name not in OPTIMIZERS:
        raise TaskError(
            f"optimizer={name!r} is unknown: write one of {', '.join(OPTIMIZERS)}, or a function of (parameters, lr)."
        )
    return OPTIMIZERS[name]
