"""What a recipe's names are called by an optax optimizer: `lr` is `learning_rate`, `betas[0]` is `b1`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable
from typing import Any

from annealing.core.errors import ArgumentError, KindError

_OPTAX = {"lr": "learning_rate", "betas[0]": "b1", "betas[1]": "b2"}


def optax_names(factory: Callable[..., Any], names: Iterable[str]) -> dict[str, str]:
    """Return the factory's own name of each hyper-parameter.

    >>> import optax
    >>> optax_names(optax.adamw, ["lr", "betas[0]", "weight_decay"])
    {'lr': 'learning_rate', 'betas[0]': 'b1', 'weight_decay': 'weight_decay'}

    Raises `KindError` for a factory that is none, `ArgumentError` for names that it does not have, or has twice.
    """
    called = getattr(factory, "__name__", repr(factory))
    if not callable(factory):
        raise KindError(f"{called} is not an optimizer to call: write scheduled(optax.adamw, recipe), without brackets.")
    own = inspect.signature(factory).parameters
    found: dict[str, str] = {}
    for name in names:
        there = name if name in own else _OPTAX.get(name, name)
        if there not in own:
            raise ArgumentError(f"{called} has no hyper-parameter {name!r}: it has {', '.join(own)}.")
        if there in found.values():
            raise ArgumentError(f"{name!r} is scheduled twice for {called}, where it is called {there!r}: leave one of them out.")
        found[name] = there
    return found
