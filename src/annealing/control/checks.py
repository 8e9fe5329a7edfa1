"""Options read once, when a controller is made: checked, and kept as plain Python numbers."""

from __future__ import annotations

import math
import operator
from typing import Any, SupportsIndex

from annealing.core.checks import number
from annealing.core.errors import ArgumentError, KindError


def share(owner: Any, name: str) -> None:
    """A factor strictly between 0 and 1."""
    value = _kept(owner, name, number(name, getattr(owner, name)))
    if not 0 < value < 1:
        hint = f"to divide by {value:g} write {name}={1 / value:g}" if value > 1 else f"write {name}=0.5 to halve"
        raise ArgumentError(f"{name}={value:g} is not between 0 and 1: {hint}.")


def amount(owner: Any, name: str, *, above: bool = False, infinite: bool = False) -> None:
    """A number that is not negative; `above` zero or possibly `infinite` where that is asked for."""
    given = getattr(owner, name)
    value = _kept(owner, name, math.inf if infinite and given == math.inf else number(name, given))
    if value < 0 or (above and value == 0):
        raise ArgumentError(f"{name}={value:g} must be {'above 0' if above else '0 or more'}.")


def count(owner: Any, name: str, *, least: int = 0, hint: str = "") -> None:
    """A whole number of observations."""
    value = getattr(owner, name)
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        raise KindError(f"{name}={value!r} counts observations: write a whole number such as {name}={max(least, 5)}.")
    value = operator.index(value)
    object.__setattr__(owner, name, value)
    if value < least:
        raise ArgumentError(f"{name}={value} must be {least} or more{hint and ': ' + hint}.")


def choice(owner: Any, name: str, choices: tuple[str, ...]) -> None:
    """One word out of a few."""
    value = getattr(owner, name)
    if value not in choices:
        raise ArgumentError(f"{name}={value!r} is unknown: write one of {', '.join(map(_quoted, choices))}.")


def truth(owner: Any, name: str) -> None:
    """True or False."""
    value = getattr(owner, name)
    if not isinstance(value, bool):
        raise KindError(f"{name}={value!r} is neither True nor False.")


def _kept(owner: Any, name: str, value: float) -> float:
    value = math.fabs(value) if value == 0 else value  # -0.0 and 0.0 are the same option
    object.__setattr__(owner, name, value)
    return value


def _quoted(word: str) -> str:
    return f'"{word}"'
