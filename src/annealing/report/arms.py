"""Each arm's own plan: its schedule at the rate chosen for it, over the run of the comparison."""

from __future__ import annotations

import math

from annealing.core.errors import LengthError
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule
from annealing.core.text import parse
from annealing.report.curves import evaluation_runs
from annealing.report.figures import Axis, Line, Lines
from annealing.report.plans import plan_line
from annealing.report.words import number
from annealing.study.result import Comparison, Row


def plan_of(row: Row, updates: int) -> Plan | None:
    """Return the plan that an arm was trained with; None if it counts in epochs, whose length a comparison does not hold.

    >>> from annealing.study.result import Row
    >>> plan_of(Row("cosine", "cosine()", 0.1, None, None, None, None, 8, 0, 1, "reference", {}, False), 100)
    (0.1 * cosine()).over(100)
    """
    schedule = parse(row.schedule)
    assert isinstance(schedule, Schedule)  # what a comparison trains
    try:
        return (schedule if row.lr == 1 else row.lr * schedule).over(updates)
    except LengthError:
        return None


def schedule_cards(comparison: Comparison) -> tuple[Lines, ...]:
    """Draw every arm's learning rate in a frame of its own, in the order of the table."""
    return tuple(_card(comparison, row) for row in comparison.rows)


def rate(comparison: Comparison, row: Row) -> str:
    """Write the rate chosen for an arm; one that was written in absolute values was not chosen but trained as it is."""
    plan = plan_of(row, comparison.updates) if row.lr == 1 else None
    top = 1.0 if plan is None else max(value for _, value in plan.keyframes())
    written = not math.isclose(top, 1.0, rel_tol=1e-9)
    return "as written" if written else number(row.lr) + (" (edge)" if row.edge else "")


def _card(comparison: Comparison, row: Row) -> Lines:
    plan = plan_of(row, comparison.updates)
    line = plan_line(plan, row.name) if plan is not None else _as_trained(comparison, row)
    top = max(line.y, default=0.0) or 1.0
    caption = f"peak {number(top)}"
    return Lines(row.name, caption, Axis("updates", 0, comparison.updates), Axis("learning rate", 0.0, 1.08 * top), (line,))


def _as_trained(comparison: Comparison, row: Row) -> Line:
    """The rates that a run wrote down, at the points of its curve."""
    run = next(iter(evaluation_runs(comparison, row)), None)
    if run is None:
        return Line(row.name, (), ())
    return Line(row.name, tuple(map(float, run.curve.update)), tuple(map(float, run.curve.rate)))
