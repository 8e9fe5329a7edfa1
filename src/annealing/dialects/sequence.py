"""One plan after another, each on a clock of its own: what SequentialLR and join_schedules do."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

from annealing.core.composition import chain, lasting, repeat
from annealing.core.errors import ArgumentError, KindError, LengthError
from annealing.core.length import REST, Length
from annealing.core.phases import hold, jump
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.core.schedule import (
    Chain,
    Clip,
    Constant,
    Every,
    Formula,
    Hold,
    Knots,
    Lasting,
    Pointwise,
    Ramp,
    Repeat,
    Rounded,
    Schedule,
    Table,
    Warmup,
)
from annealing.dialects.checks import count


def in_sequence(word: str, plans: Any, boundaries: Any) -> Plan | RecipePlan:
    """Follow plan k from update `boundaries[k - 1]` on, counting from there; the last one runs on as it would alone.

    Recipe plans are joined hyper-parameter by hyper-parameter, so each must move the same ones.
    """
    parts = checked_plans(word, plans)
    edges = [count(f"{word} boundary", edge) for edge in boundaries]
    if len(edges) != len(parts) - 1 or edges != sorted(edges):
        raise ArgumentError(
            f"{word} of {len(parts)} plans needs {len(parts) - 1} boundaries in rising order, not {list(boundaries)}: "
            "write the update at which each plan after the first begins."
        )
    if all(isinstance(part, Plan) for part in parts):
        return _joined([part for part in parts if isinstance(part, Plan)], edges)
    return RecipePlan(
        tuple((name, _joined(line, edges)) for name, line in _by_name(word, parts).items()),
    )


def checked_plans(word: str, plans: Any) -> list[Plan | RecipePlan]:
    """Return what was given as a list of plans that start from their own beginning."""
    listed = list(cast("Iterable[Any]", plans)) if isinstance(plans, (list, tuple)) else [plans]
    for i, plan in enumerate(listed):
        if not isinstance(plan, (Plan, RecipePlan)):
            raise KindError(f"{word}: item {i} is {plan!r}, not a plan: write a schedule of this library, or ….over(total).")
    if not listed:
        raise ArgumentError(f"{word} is empty: give it at least one plan.")
    return listed


def _by_name(word: str, parts: Sequence[Plan | RecipePlan]) -> dict[str, list[Plan]]:
    lines: dict[str, list[Plan]] = {}
    for part in parts:
        for name, plan in part.plans_for("*").items() if isinstance(part, RecipePlan) else [("lr", part)]:
            lines.setdefault(name, []).append(plan)
    short = {name for name, line in lines.items() if len(line) != len(parts)}
    if short:
        raise KindError(
            f"{word}: only some of its plans move {', '.join(sorted(short))}: let all or none of them (cycle_momentum=False)."
        )
    return lines


def _joined(plans: Sequence[Plan], edges: Sequence[int]) -> Plan:
    phases: list[Schedule] = []
    reached: float | None = None
    for plan, begin, end in zip(plans, [0, *edges], [*edges, math.inf], strict=True):
        if begin == end:
            continue
        if reached is not None and reached != plan(0):
            phases.append(jump(plan(0)))
        if math.isinf(end):
            if plan.after in ("hold", "continue") and math.isfinite(plan.total):
                phase = sized(unedited(plan).schedule, int(plan.total))
                return chain(*phases, alone(phase) if phases else phase).over(begin + plan.total, after=plan.after)
            phase = endless(plan)
            return chain(*phases, alone(phase) if phases else phase).over(math.inf)
        phase = opening(plan, int(end - begin))
        phases.append(alone(phase) if phases else phase)
        reached = phases[-1].over(end - begin)(end - begin)
    raise AssertionError("the last plan never ends")


def opening(plan: Plan, length: int) -> Schedule:
    """Return the first `length` updates of a plan as a schedule of that length, whatever it does after its own end."""
    total, schedule = plan.total, unedited(plan).schedule
    if math.isinf(total):
        try:
            whole = sized(schedule, length)
            whole.over(length)
        except LengthError:  # what it writes down goes beyond these updates: cut it there
            beyond = max(length, math.ceil(plan.keyframes()[-1][0]) + 1)
            return repeat(lasting(schedule, beyond), length=length)
        return whole
    if length == total:
        return sized(schedule, length)
    if length < total:
        return repeat(lasting(schedule, int(total)), length=length)
    if plan.after == "hold":
        return chain(sized(schedule, int(total)), hold(int(length - total)))
    return lasting(_cycle(plan), length)


def endless(plan: Plan) -> Schedule:
    """Return a plan and what it does past its end as one schedule without an end."""
    if math.isinf(plan.total):
        return unedited(plan).schedule
    if plan.after == "hold":
        return chain(sized(unedited(plan).schedule, int(plan.total)), hold())
    return _cycle(plan)


def _cycle(plan: Plan) -> Schedule:
    """What a plan that does not hold its last value repeats for ever."""
    schedule, total = unedited(plan).schedule, int(plan.total)
    if plan.after == "repeat":
        return repeat(lasting(schedule, total))
    there = schedule.right if isinstance(schedule, Pointwise) and isinstance(schedule.left, Constant) else schedule
    if plan.after != "mirror" or not isinstance(there, Ramp) or there.ease not in ("cosine", "linear"):
        raise KindError(
            f"{plan} goes on past its end (after={plan.after!r}), which inside a sequence only a mirrored cosine or line can do: "
            'give it after="hold".'
        )
    top, bottom = plan(0), plan(total)
    return repeat(chain(Ramp(bottom, Length(total), top, there.ease), Ramp(top, Length(total), None, there.ease)))


def unedited(plan: Plan) -> Plan:
    """Refuse a plan that cannot be a part: an edited one, or one on another clock than updates."""
    if plan.journal or plan.endpoint or plan.unit != "updates":
        raise KindError(f"{plan} cannot be a part of another plan: join plans that count updates first, and edit the result.")
    return plan


def sized(schedule: Schedule, length: int) -> Schedule:
    """Give a schedule its length: inside the phase where it is a single one, as a window around it elsewhere."""
    if isinstance(schedule, Pointwise) and isinstance(schedule.left, Constant):
        return replace(schedule, right=sized(schedule.right, length))
    if isinstance(schedule, (Hold, Ramp, Formula, Knots)) and schedule.length == REST:
        return replace(schedule, length=Length(length))
    return lasting(schedule, length)


def alone(schedule: Schedule) -> Schedule:
    """Let a schedule open as it does with nothing before it, where that is not what it makes of its own first value.

    The sides of an arithmetic between two schedules inherit nothing, and `hold()` is 1.
    """
    return schedule if _opens_alike(schedule) else schedule * hold()


def _opens_alike(node: Schedule) -> bool:
    match node:
        case Warmup():
            return node.start is not None
        case Clip() | Rounded():
            return False
        case Table():
            return node.marks[0].unit != "%"  # a share may be rounded to 0, and the value before it is never seen
        case Pointwise(left=Constant() as number, right=body) | Pointwise(left=body, right=Constant() as number):
            return node.op in ("+", "-", "*", "/") and number.value != 0 and _opens_alike(body)
        case Chain():  # of a product that lasts no time only the end is left, which nobody wrote
            return all(_opens_alike(phase) and not _of_two(phase) for phase in node.phases)
        case Repeat() | Lasting() | Every():
            return _opens_alike(node.body)
        case _:
            return True


def _of_two(node: Schedule) -> bool:
    return isinstance(node, Pointwise) and not isinstance(node.left, Constant) and not isinstance(node.right, Constant)
