"""Arithmetic on plans: done to the schedule they hold, or, once a plan was edited, noted in its journal."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from annealing.core.errors import ArgumentError, KindError, LengthError
from annealing.core.journal import Change
from annealing.core.length import Length
from annealing.core.plan import Plan
from annealing.core.schedule import Clip, Constant, Hold, Lasting, Pointwise, Rounded, Schedule


def combine_plans(op: str, left: Plan | float, right: Plan | float) -> Plan:
    """Join a plan with a number, or with another plan over the same run."""
    if isinstance(left, Plan) and isinstance(right, Plan):
        return _combine_two(op, left, right)
    if isinstance(left, Plan):
        if op == "/" and right == 0:
            raise ArgumentError("a plan cannot be divided by 0.")
        number = Constant(float(right))  # pyright: ignore[reportArgumentType] - two plans were joined above
        return _changed(left, lambda schedule: Pointwise(op, schedule, number))
    number = Constant(float(left))
    assert isinstance(right, Plan)
    return _changed(right, lambda schedule: Pointwise(op, number, schedule))


def clip_plan(plan: Plan, low: float, high: float) -> Plan:
    """Keep a plan's values between two others."""
    return _changed(plan, lambda schedule: Clip(schedule, low, high))


def round_plan(plan: Plan, multiple: float, minimum: float) -> Plan:
    """Round a plan's values to whole multiples."""
    return _changed(plan, lambda schedule: Rounded(schedule, multiple, minimum))


def _changed(plan: Plan, change: Callable[[Schedule], Schedule]) -> Plan:
    if plan.journal:  # its tails count from values reached before this change, so they must be settled first
        return replace(plan, journal=(*plan.journal, Change(change(Hold())))).checked()
    return replace(plan, schedule=change(plan.schedule)).checked()


def _combine_two(op: str, left: Plan, right: Plan) -> Plan:
    for name in ("horizon", "unit", "endpoint", "after"):
        a, b = getattr(left, name), getattr(right, name)
        if a != b:
            raise LengthError(f"two plans are joined over the same run: one has {name}={a}, the other {name}={b}.")
    if left.journal or right.journal:
        raise KindError("two plans of which one was edited cannot be joined: join them first, and branch the result.")
    a, b = left.schedule, right.schedule
    try:
        return replace(left, schedule=Pointwise(op, a, b)).checked()
    except LengthError:  # the same run, written in different lengths: each in a window of the whole run
        whole = Length(100.0, "%")
        return replace(left, schedule=Pointwise(op, Lasting(a, whole), Lasting(b, whole))).checked()
