"""Arithmetic on plans: done on the schedule they hold and on every tail of their journal."""

from __future__ import annotations

from dataclasses import replace

from annealing.core.errors import KindError, LengthError
from annealing.core.journal import Branch, Edit
from annealing.core.length import Length
from annealing.core.plan import Plan
from annealing.core.schedule import Clip, Constant, Lasting, Pointwise, Rounded, Schedule


def combine_plans(op: str, left: Plan | float, right: Plan | float) -> Plan:
    """Join a plan with a number, or with another plan over the same run."""
    if isinstance(left, Plan) and isinstance(right, Plan):
        return _combine_two(op, left, right)
    plan = left if isinstance(left, Plan) else right
    assert isinstance(plan, Plan)

    def change(schedule: Schedule) -> Schedule:
        first = schedule if isinstance(left, Plan) else Constant(float(left))
        second = schedule if isinstance(right, Plan) else Constant(float(right))
        return Pointwise(op, first, second)

    edits: list[Edit] = []
    done = plan.base
    for edit in plan.journal:
        if isinstance(edit, Branch):  # a tail that counts from the value reached is written out in the plan's units first
            tail = edit.tail if edit.absolute else Pointwise("*", Constant(float(done(float(edit.at)))), edit.tail)
            edits.append(Branch(edit.at, change(tail), edit.total, True, edit.why))
        else:
            edits.append(edit)
        done = replace(done, journal=(*done.journal, edit))
    return replace(plan, schedule=change(plan.schedule), journal=tuple(edits)).checked()


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


def clip_plan(plan: Plan, low: float, high: float) -> Plan:
    """Clip a plan that was not edited."""
    return replace(_unedited(plan, "clipped"), schedule=Clip(plan.schedule, low, high)).checked()


def round_plan(plan: Plan, multiple: float, minimum: float) -> Plan:
    """Round a plan that was not edited."""
    return replace(_unedited(plan, "rounded"), schedule=Rounded(plan.schedule, multiple, minimum)).checked()


def _unedited(plan: Plan, done: str) -> Plan:
    if plan.journal:
        raise KindError(f"an edited plan cannot be {done}: do that first, and branch the result.")
    return plan
