"""Where a hyper-parameter lives in a Keras optimizer, and how a value is put there for the time of an update."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any

import keras

from annealing.core.errors import ArgumentError, ConflictError
from annealing.keras.backend import held_as

RATE = "learning_rate"
_KERAS = {"lr": RATE, "betas[0]": "beta_1", "betas[1]": "beta_2", "b1": "beta_1", "b2": "beta_2", "eps": "epsilon"}


def keras_names(optimizer: Any, names: Iterable[str]) -> dict[str, str]:
    """Return the optimizer's own name of each hyper-parameter: `lr` is `learning_rate`, `betas[0]` is `beta_1`.

    Raises `ArgumentError` for one that it does not have, or cannot begin to use, `ConflictError` where a schedule of its
    own holds the rate.
    """
    kind, found = type(optimizer).__name__, dict[str, str]()
    for name in names:
        there = name if _is_number(getattr(optimizer, name, None)) else _KERAS.get(name, name)
        if there == RATE:
            _check_rate_is_free(optimizer, kind)
        elif there == "weight_decay" and hasattr(optimizer, there):
            pass  # None is none so far
        elif not _is_number(getattr(optimizer, there, None)):
            raise ArgumentError(f"{kind} has no number {name!r} to schedule: it has {', '.join(_numbers(optimizer))}.")
        elif there == "momentum" and getattr(optimizer, there) == 0:
            raise ArgumentError(f"this {kind} was built with momentum=0 and keeps no velocity: write {kind}(momentum=0.9).")
        if there in found.values():
            raise ArgumentError(f"{name!r} is scheduled twice for {kind}, where it is called {there!r}: leave one of them out.")
        found[name] = there
    return found


def write(optimizer: Any, values: Mapping[str, Any], built: Mapping[str, Any]) -> None:
    """Put values into an optimizer, the rate into its variable, the others in the place of its numbers.

    Those of `built`, which other groups have values for, become what they were.
    """
    if RATE in values:
        optimizer.learning_rate.assign(values[RATE])
    for name, own in built.items():
        setattr(optimizer, name, held_as(values[name], own) if name in values else own)


@contextmanager
def borrowed(optimizer: Any, names: Iterable[str]) -> Generator[dict[str, Any]]:
    """Give an optimizer its own numbers back at the end: a traced value must not outlive its trace."""
    own = {name: getattr(optimizer, name) for name in names if name != RATE}
    try:
        yield own
    finally:
        for name, value in own.items():
            setattr(optimizer, name, value)


def matches(pattern: str, variable: Any) -> bool:
    """Whether a pattern matches a variable's path, "dense/kernel", also as PyTorch would write it."""
    return fnmatchcase(variable.path, pattern) or fnmatchcase(variable.path.replace("/", "."), pattern)


def _check_rate_is_free(optimizer: Any, kind: str) -> None:
    held = optimizer._learning_rate  # noqa: SLF001 - the property of that name would call a schedule
    if not isinstance(held, keras.Variable):
        raise ConflictError(f"this {kind} has a schedule of its own, {held!r}: build it with a number, such as {kind}(1e-3).")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _numbers(optimizer: Any) -> list[str]:
    return [RATE, *(name for name, value in vars(optimizer).items() if _is_number(value) and not name.startswith("_"))]
