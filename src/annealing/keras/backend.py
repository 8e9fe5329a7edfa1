"""What differs between Keras' backends: JAX traces an update once, torch runs it every time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

import keras

from annealing.core.errors import KindError
from annealing.core.plan import Plan

BACKENDS = ("jax", "torch")


def check_backend() -> None:
    """Refuse a backend on which nothing here was ever tried."""
    if keras.backend.backend() not in BACKENDS:
        raise KindError(
            f"annealing.keras runs on the backends {' and '.join(BACKENDS)}, not on {keras.backend.backend()}: "
            'set KERAS_BACKEND="jax" before keras is imported.'
        )


def count_of(iterations: Any) -> Any:
    """Return a count as what a plan is evaluated at: a traced whole number on JAX, a Python one on torch."""
    return int(iterations) if keras.backend.backend() == "torch" else keras.ops.convert_to_tensor(iterations)


def number_of(variable: Any) -> Any:
    """Return what a variable holds now, which is not changed when the variable is."""
    return float(variable) if keras.backend.backend() == "torch" else keras.ops.convert_to_tensor(variable)


def value_of(plan: Plan, count: Any) -> Any:
    """Return a plan's value at a count, in float32."""
    return keras.ops.convert_to_tensor(plan(count), dtype="float32")


@final
class Moving:
    """A traced value in the place of a hyper-parameter that Keras keeps as a Python number.

    Arithmetic uses the value. Questions of control flow, such as whether momentum is 0, are answered by the number that
    the optimizer was built with: that decided which variables it has.
    """

    __slots__ = ("built", "value")

    def __init__(self, value: Any, built: Any) -> None:
        self.value, self.built = value, built

    def __jax_array__(self) -> Any:
        return self.value

    @property
    def dtype(self) -> Any:
        return self.value.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        return ()

    def __bool__(self) -> bool:
        return bool(self.built)

    def __hash__(self) -> int:
        return id(self)


def _arithmetic(name: str) -> Callable[..., Any]:
    def method(self: Moving, *others: Any) -> Any:
        return getattr(self.value, name)(*others)

    return method


def _comparison(name: str) -> Callable[..., Any]:
    def method(self: Moving, other: Any) -> Any:
        return getattr(float(self.built), name)(float(other))

    return method


for _name in ("add", "sub", "mul", "truediv", "pow", "radd", "rsub", "rmul", "rtruediv", "rpow", "neg", "pos", "abs"):
    setattr(Moving, f"__{_name}__", _arithmetic(f"__{_name}__"))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Moving, f"__{_name}__", _comparison(f"__{_name}__"))


def held_as(value: Any, built: Any) -> Any:
    """Return a float32 value as what may stand in an optimizer's attribute."""
    return float(value) if keras.backend.backend() == "torch" else Moving(value, built)
