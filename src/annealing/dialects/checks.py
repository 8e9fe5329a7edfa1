"""Reading what other libraries' arguments look like, with errors in this house's words."""

from __future__ import annotations

from numbers import Real
from typing import Any

from annealing.core.checks import number, positive
from annealing.core.errors import ArgumentError, KindError
from annealing.core.marks import formula
from annealing.core.registry import name_of
from annealing.core.schedule import Schedule


def rate(name: str, value: Any) -> float:
    """Return a learning rate: a finite number that is not below 0.

    >>> rate("lr", 1)
    1.0
    """
    result = number(name, value)
    if result < 0:
        raise ArgumentError(f"{name}={value!r} is below 0: write a learning rate such as {name}=0.1.")
    return result


def count(name: str, value: Any, least: int = 0) -> int:
    """Return a number of updates, given as a whole number (2000, or 2e3) of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, Real) or float(value) != float(value) // 1:
        raise KindError(f"{name}={value!r} is not a number of updates: write a whole number such as {name}=1000.")
    if float(value) < least:
        raise ArgumentError(f"{name}={value!r} is too small: write a whole number of updates from {least}.")
    return int(float(value))


def fraction(name: str, value: Any) -> float:
    """Return a share of the run, between 0 and 1."""
    result = number(name, value)
    if not 0 <= result <= 1:
        raise ArgumentError(f"{name}={value!r} is a share of the run: write a number between 0 and 1, such as {name}=0.3.")
    return result


def divisor(name: str, value: Any) -> float:
    """Return what a peak is divided by, a number above 0."""
    return positive(name, value)


def one_of(name: str, value: Any, *choices: str) -> str:
    """Return one of a few words, or refuse any other by naming them."""
    if value not in choices:
        raise ArgumentError(f"{name}={value!r} is unknown: write one of {', '.join(map(repr, choices))}.")
    return value


def whole_curve(last_epoch: Any) -> None:
    """Refuse a place to resume from: a plan has none, it is asked at whichever update comes next."""
    if last_epoch != -1:
        raise ArgumentError(
            f"last_epoch={last_epoch!r} has no meaning here: a plan is the whole curve and keeps no place in it; "
            "leave it out, and ask the plan at the update that comes next."
        )


def named(role: str, function: Any) -> Schedule:
    """Return a user's own function of the update as a schedule: one that text and checkpoints can hold.

    Accepted are a schedule (`formula("mine", rate=2)`), the name under which a function is registered, and a
    function that is registered. A bare function is refused: nothing names it.
    """
    if isinstance(function, Schedule):
        return function
    if isinstance(function, str):
        return formula(function)
    name = name_of(function)
    if name is not None:
        return formula(name)
    own = getattr(function, "__name__", "")
    raise KindError(
        f"{role}={own or repr(function)} has no name that text can hold: put @annealing.register('mine') above the function "
        f"and write {role}='mine'."
    )
