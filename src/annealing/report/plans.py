"""What there is to see of one plan: its curve, and the few numbers people ask for."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.report.figures import Axis, Line, Lines

_EVERY = 1 << 22  # runs up to this long are searched update by update for their peak, longer ones at as many even places


@final
@dataclass(frozen=True)
class Facts:
    """First, peak and last value of a plan with their updates, the area below it, and where its phases meet.

    `last` is the value that the last update uses, in a run without an end the last one that is shown; it and `area` are
    None where nothing says how much that is. In a run of more than four million updates `area` is a sum over as many
    places. `over` is how far the plan was looked at.
    """

    total: float | None
    unit: str
    first: float
    peak: tuple[float, float]
    last: float | None
    area: float | None
    keyframes: tuple[tuple[float, float], ...]
    over: float


def facts(plan: Plan, over: float | None = None) -> Facts:
    """Say what there is to say about a plan in numbers, over its run or over as many updates as are asked for.

    >>> import annealing as an
    >>> found = facts((0.1 * an.chain(an.warmup(4), an.linear())).over(10))
    >>> round(found.first, 6), found.peak, round(found.area, 6)
    (0.02, (4.0, 0.1), 0.55)
    """
    end = plan.total if over is None else over
    known = math.isfinite(end)
    times = _times(plan, _EVERY, over)
    values = plan(times)
    top = int(np.nanargmax(values)) if np.isfinite(values).any() else 0
    return Facts(
        total=plan.total if math.isfinite(plan.total) else None,
        unit=plan.unit,
        first=float(plan(0)),
        peak=(float(times[top]), float(values[top])),
        last=float(plan(math.ceil(end) - 1)) if known else None,
        area=_area(plan, end, times, values) if known else None,
        keyframes=tuple((float(t), float(value)) for t, value in plan.keyframes() if over is None or t <= over),
        over=span(plan, over),
    )


def plan_line(plan: Plan, name: str = "", points: int = 400, over: float | None = None) -> Line:
    """Sample a plan for drawing: at even updates, and on both sides of every keyframe."""
    times = _times(plan, points, over)
    return Line(name, tuple(times.tolist()), tuple(float(value) for value in plan(times)))


def plan_figure(plan: Plan, name: str, points: int = 400, over: float | None = None) -> Lines:
    """Draw one plan: from zero, unless it stays far above it, as a momentum does."""
    line = plan_line(plan, name, points, over)
    return Lines(name, str(plan), Axis(plan.unit, 0.0, span(plan, over)), heights(name, line.y), (line,))


def heights(name: str, values: Iterable[float]) -> Axis:
    """Return the axis that holds some values: from zero, unless they stay far above it or go below."""
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=1.0)
    return Axis(name, low if low < 0 or high / 2 < low < high else 0.0, high or (0.0 if low < 0 else 1.0))


def named_plans(plan: Plan | RecipePlan) -> tuple[tuple[str, str, Plan], ...]:
    """List the plans behind a plan or a recipe, each with the pattern of its groups and its hyper-parameter.

    >>> import annealing as an
    >>> named_plans(an.cosine().over(10))
    (('*', 'learning rate', cosine().over(10)),)
    """
    if isinstance(plan, Plan):
        return (("*", "learning rate", plan),)
    rows = (("*", plan.everywhere), *plan.groups)
    return tuple((pattern, name, one) for pattern, plans in rows for name, one in plans)


def to_dict(plan: Plan | RecipePlan, points: int = 1000, over: float | None = None) -> dict[str, Any]:
    """Return what `anneal show --json` prints: every number of what it draws, with null where there is none.

    >>> import annealing as an
    >>> sorted(to_dict(an.cosine().over(10)))
    ['area', 'curve', 'first', 'keyframes', 'last', 'over', 'peak', 'text', 'total', 'unit']
    """
    if isinstance(plan, RecipePlan):
        plans = [{"groups": pattern, "name": name, **to_dict(one, points, over)} for pattern, name, one in named_plans(plan)]
        return {"text": str(plan), "total": plan.total if math.isfinite(plan.total) else None, "unit": plan.unit, "plans": plans}
    line = plan_line(plan, points=points, over=over)
    return {"text": str(plan), **asdict(facts(plan, over)), "curve": list(zip(line.x, line.y, strict=True))}


def _area(plan: Plan, end: float, times: NDArray[np.float64], values: NDArray[np.float64]) -> float:
    """Sum the values of all updates; of a longer run those looked at, with straight lines between them."""
    if end <= _EVERY:
        return plan.area(end)
    gaps = np.diff(times)  # a gap of n holds n updates: the first of its two ends, and n - 1 on the way to the other one
    return float(np.sum(gaps * (values[:-1] + values[1:]) + values[:-1] - values[1:]) / 2 + values[-1])


def span(plan: Plan, over: float | None = None) -> float:
    """Return how far a plan is drawn: as asked, its run, or well past the last thing that happens in one without an end."""
    return plan.telling if over is None else over


def _times(plan: Plan, count: int, over: float | None) -> NDArray[np.float64]:
    """Whole updates to look at: evenly spread over the run, and both sides of every keyframe."""
    last = math.ceil(span(plan, over)) - 1
    even = np.arange(last + 1.0) if last < count else np.unique(np.linspace(0, last, count).round())
    edges = np.array([math.ceil(t) for t, _ in plan.keyframes()], dtype=np.float64)
    return np.unique(np.concatenate([even, np.clip(np.concatenate([edges - 1, edges]), 0, last)]))
