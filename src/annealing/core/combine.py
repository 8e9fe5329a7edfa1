"""Arithmetic as data: what `a * b`, `minimum(a, b)` and `a.clip(…)` build."""

from __future__ import annotations

from numbers import Real
from typing import Any

from annealing.core.checks import bound, number, positive
from annealing.core.errors import ArgumentError, KindError
from annealing.core.plan import Plan
from annealing.core.plan_arithmetic import clip_plan, combine_plans, round_plan
from annealing.core.schedule import Clip, Constant, Pointwise, Rounded, Schedule

OPERATIONS = ("+", "-", "*", "/", "**", "min", "max")


def combine(op: str, left: Any, right: Any) -> Any:
    """Join two schedules, two plans, or either with a number; anything else is left to the other operand."""
    if isinstance(left, Plan) or isinstance(right, Plan):
        if isinstance(left, Schedule) or isinstance(right, Schedule):
            raise KindError(f"a plan and a schedule cannot be joined by {op!r}: call .over(total) on the schedule first.")
        sides = [_side(side, Plan) for side in (left, right)]
        if NotImplemented in sides:
            return NotImplemented
        return combine_plans(op, *sides)
    sides = [_side(side, Schedule) for side in (left, right)]
    if NotImplemented in sides:
        return NotImplemented
    first, second = (side if isinstance(side, Schedule) else Constant(side) for side in sides)
    if op == "/" and second == Constant(0.0):
        raise ArgumentError("a schedule cannot be divided by 0.")
    return Pointwise(op, first, second)


def _side(value: Any, kind: type) -> Any:
    if isinstance(value, kind):
        return value
    return number("number", value) if isinstance(value, Real) and not isinstance(value, bool) else NotImplemented


def minimum(left: Any, right: Any) -> Any:
    """Take the smaller of two schedules, plans or numbers at every update.

    >>> import annealing as an
    >>> an.minimum(an.linear(), 0.6).over(4).values()
    array([0.6 , 0.6 , 0.5 , 0.25])
    """
    return _extreme("min", left, right)


def maximum(left: Any, right: Any) -> Any:
    """Take the larger of two schedules, plans or numbers at every update.

    >>> import annealing as an
    >>> an.maximum(an.linear(), 0.6).over(4).values()
    array([1.  , 0.75, 0.6 , 0.6 ])
    """
    return _extreme("max", left, right)


def _extreme(op: str, left: Any, right: Any) -> Any:
    if not isinstance(left, (Schedule, Plan)) and not isinstance(right, (Schedule, Plan)):
        raise KindError(f"{op}imum({left!r}, {right!r}) needs a schedule or a plan on one side.")
    result = combine(op, left, right)
    if result is NotImplemented:
        raise KindError(f"{op}imum({left!r}, {right!r}) needs schedules, plans or numbers.")
    return result


def clip(body: Any, low: Any, high: Any) -> Any:
    """Build a clip of a schedule or a plan."""
    low, high = bound("low", low), bound("high", high)
    if low > high:
        raise ArgumentError(f"clip(low={low:g}, high={high:g}) is empty: low must not be above high.")
    return Clip(body, low, high) if isinstance(body, Schedule) else clip_plan(body, low, high)


def rounded(body: Any, multiple: Any, minimum: Any) -> Any:
    """Build a rounding of a schedule or a plan."""
    multiple, minimum = positive("multiple", multiple), bound("minimum", minimum)
    return Rounded(body, multiple, minimum) if isinstance(body, Schedule) else round_plan(body, multiple, minimum)
