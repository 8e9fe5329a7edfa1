"""Optimizers by name, each with the rate people usually start from: torch.optim's, and some from packages of their own."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from importlib import import_module
from typing import Any, final

import torch
from torch.optim import Optimizer

from annealing.core.errors import TaskError

Maker = Callable[[Iterable[torch.nn.Parameter], float], Optimizer]
"""What makes an optimizer: `maker(parameters, lr)`."""


@final
@dataclass(frozen=True)
class NamedOptimizer:
    """An optimizer that goes by a name, with its usual learning rate.

    Everything else is its library's default, save `foreach=True` where it is known: one call for all tensors instead of
    one for each, which makes an update of a small model a sixth cheaper. A `constant` one was made for a rate that does
    not decay.
    """

    name: str
    usual: float
    make: Callable[..., Optimizer]
    constant: bool = False

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
"""torch.optim's, which are always there."""


def _packaged(package: str, name: str, parameters: Iterable[torch.nn.Parameter], *, lr: float, foreach: bool) -> Optimizer:
    try:
        make = getattr(import_module(package), name)
    except ModuleNotFoundError as missing:
        if missing.name != package:
            raise
        raise TaskError(f"{name} lives in a package of its own, which is not installed: pip install {package}.") from None
    return make(parameters, lr=lr) if package == "prodigyopt" else make(parameters, lr=lr, foreach=foreach)


_FREE = partial(partial, _packaged, "schedulefree")
PACKAGED = {
    "schedulefree_sgd": NamedOptimizer("schedulefree_sgd", 1.0, _FREE("SGDScheduleFree"), constant=True),
    "schedulefree_adamw": NamedOptimizer("schedulefree_adamw", 2.5e-3, _FREE("AdamWScheduleFree"), constant=True),
    "schedulefree_radam": NamedOptimizer("schedulefree_radam", 2.5e-3, _FREE("RAdamScheduleFree"), constant=True),
    "prodigy": NamedOptimizer("prodigy", 1.0, partial(_packaged, "prodigyopt", "Prodigy")),
}
"""Those of the packages schedulefree and prodigyopt, by Defazio et al. 2024, arXiv:2405.15682, and Mishchenko and Defazio
2023, arXiv:2306.06101. Prodigy finds the rate by itself; what it is given multiplies that, so 1 is usual."""


def optimizer_named(name: str) -> NamedOptimizer:
    """Look up an optimizer by name.

    >>> optimizer_named("nesterov").usual
    0.04

    Raises `TaskError` for a name that is none of torch.optim's eleven that are offered, nor one of the four with packages
    of their own.
    """
    known = OPTIMIZERS | PACKAGED
    if name not in known:
        close = difflib.get_close_matches(str(name).lower(), known, n=1)
        meant = f"; did you mean {close[0]}?" if close else "."
        raise TaskError(
            f"optimizer={name!r} is unknown: write one of {', '.join(known)}, or a function of (parameters, lr){meant}"
        )
    return known[name]


def maker_name(maker: str | Maker) -> str:
    """Return the optimizer as a word: its name, or that of the function that makes it.

    >>> maker_name("sgd"), maker_name(torch.optim.Adam)
    ('sgd', 'Adam')
    """
    return maker if isinstance(maker, str) else getattr(maker, "__name__", "own optimizer")
