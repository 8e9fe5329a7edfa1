"""Reading a peer's arguments under the peer's names, so that an error speaks of what was written."""

from __future__ import annotations

import operator
from typing import Any, SupportsIndex, TypedDict

from annealing.control.better import Margin
from annealing.core.checks import number
from annealing.core.errors import ArgumentError, KindError


class Threshold(TypedDict):
    """The options of ours that a threshold becomes."""

    rtol: float
    atol: float
    margin: Margin


def whole(name: str, value: Any, least: int = 0) -> int:
    """Return a number of observations."""
    if isinstance(value, bool) or not isinstance(value, SupportsIndex):
        raise KindError(f"{name}={value!r} counts observations: write a whole number such as {name}=5.")
    result = operator.index(value)
    if result < least:
        raise ArgumentError(f"{name}={result} must be {least} or more.")
    return result


def single(name: str, value: Any) -> float:
    """Return a bound for one parameter group: a gain is one number, so there is no list of them."""
    if isinstance(value, (list, tuple)):
        raise KindError(f"{name}={value!r} gives each group its own rate: make one controller for each, with its lr and {name}.")
    result = number(name, value)
    if result < 0:
        raise ArgumentError(f"{name}={result:g} must be 0 or more: rates are not negative.")
    return result


def threshold_of(mode: str, threshold: Any, threshold_mode: str) -> Threshold:
    """Return the margin of torch and its descendants."""
    if threshold_mode not in ("rel", "abs"):
        raise ArgumentError(f'threshold_mode={threshold_mode!r} is unknown: write "rel" or "abs".')
    size = number("threshold", threshold)
    relative = threshold_mode == "rel"
    if size < 0 or (relative and mode == "min" and size >= 1):
        raise ArgumentError(f"threshold={size:g} never tells better from worse: write a small share such as threshold=1e-4.")
    return {"rtol": size if relative else 0.0, "atol": 0.0 if relative else size, "margin": "signed"}
