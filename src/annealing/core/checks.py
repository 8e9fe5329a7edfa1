"""Reading the numbers people give, once, at the edge."""

from __future__ import annotations

import math
import operator
from numbers import Real
from typing import Any, SupportsIndex

from annealing.core.errors import ArgumentError, KindError


def number(name: str, value: Any) -> float:
    """Return `value` as a float, or refuse what is not a finite number.

    >>> number("to", 1)
    1.0
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        if isinstance(value, str) and value.strip().endswith("%"):
            share = value.strip()[:-1]
            raise KindError(f"{name}={value!r} is a value, not a length: write a number such as {name}={_share(share)}.")
        raise KindError(f"{name}={value!r} is not a number: write a float such as {name}=0.1.")
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        given = repr(value) if name == "number" else f"{name}={value!r}"
        raise ArgumentError(f"{given} is not a finite number: schedules hold finite values only.")
    return result


def positive(name: str, value: Any) -> float:
    """Return `value` as a float above zero, or refuse it."""
    result = number(name, value)
    if result <= 0:
        raise ArgumentError(f"{name}={value!r} must be above 0.")
    return result


def whole(name: str, value: Any, at_least: int = 1) -> int:
    """Return `value` as a whole number, whatever integer type it has, or refuse it.

    >>> whole("times", 3)
    3
    """
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        raise ArgumentError(f"{name}={value!r} is not one: write a whole number from {at_least}.")
    result = operator.index(value)
    if result < at_least:
        raise ArgumentError(f"{name}={value!r} is too small: write a whole number from {at_least}.")
    return result


def bound(name: str, value: Any) -> float:
    """Return one side of a clip: a finite number, or the infinity that leaves this side open."""
    open_side = math.inf if name == "high" else -math.inf
    if isinstance(value, Real) and not isinstance(value, bool) and float(value) == open_side:
        return open_side
    return number(name, value)


def _share(text: str) -> str:
    try:
        return repr(float(text) / 100)
    except ValueError:
        return "0.1"
