"""Two schedules side by side: where they differ, and by how much."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fnmatch import fnmatchcase
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from annealing.core.checks import number
from annealing.core.difference import Difference, RecipeDifference
from annealing.core.errors import ArgumentError, KindError, LengthError
from annealing.core.horizon import Horizon
from annealing.core.plan import Plan
from annealing.core.recipe import Recipe, RecipePlan
from annealing.core.schedule import Schedule

SAME = 1e-12
"""The share of the peak within which two values are the same: the precision that plans promise in float64."""

_PLACES = 1 << 22  # runs up to this long are compared at every update, longer ones in as many even places
_PER_EPOCH = 128  # places in every epoch, where a plan counts epochs

Comparable = Schedule | Plan | Recipe | RecipePlan
Row = dict[tuple[str, str], Plan]


@overload
def diff(
    a: Schedule | Plan, b: Schedule | Plan, *, over: Horizon | float | None = None, tolerance: float = SAME
) -> Difference: ...
@overload
def diff(
    a: Recipe | RecipePlan, b: Comparable, *, over: Horizon | float | None = None, tolerance: float = SAME
) -> RecipeDifference: ...
@overload
def diff(
    a: Comparable, b: Recipe | RecipePlan, *, over: Horizon | float | None = None, tolerance: float = SAME
) -> RecipeDifference: ...
@overload
def diff(
    a: Comparable, b: Comparable, *, over: Horizon | float | None = None, tolerance: float = SAME
) -> Difference | RecipeDifference: ...
def diff(
    a: Comparable, b: Comparable, *, over: Horizon | float | None = None, tolerance: float = SAME
) -> Difference | RecipeDifference:
    """Lay two schedules, plans or recipes side by side and say where they differ.

    >>> import annealing as an
    >>> print(an.diff(an.cosine(), an.cosine(to=0.1), over=1_000))
    they differ from update 1 on, most at update 999: 2.4674e-6 and 0.100002 (10 % of the peak)
    >>> an.diff(an.wsd(), an.trapezoid(), over=1_000).same
    False

    Arguments: `a` and `b`, each a schedule, a plan, a recipe or a recipe over a run (a plan beside a recipe is its lr);
    `over`, how many updates are compared, past the end of a plan if need be: by default the longer of the two runs;
    `tolerance`, the share of the peak within which values are the same.
    Returns a `Difference`, or with a recipe a `RecipeDifference`, which holds one for each hyper-parameter.
    Raises `LengthError` where nothing says how long the run is, `KindError` for plans on different clocks.
    """
    for given in (a, b):
        if not isinstance(given, (Schedule, Plan, Recipe, RecipePlan)):
            raise KindError(f"diff({given!r}) compares schedules, plans and recipes: write parse(text) for text.")
    if not 0 <= number("tolerance", tolerance) < 1:
        raise ArgumentError(f"tolerance={tolerance!r} is a share of the peak: write a number from 0 up to 1, such as 1e-12.")
    first, second = _settled(a, b, over)
    if first.unit != second.unit:
        raise KindError(f"one plan counts {first.unit}, the other {second.unit}: write both over the same clock.")
    length = _length(first, second, over)
    if isinstance(first, Plan) and isinstance(second, Plan):
        return _side_by_side(first, second, length, tolerance)
    left, right = _rows(first, second), _rows(second, first)
    both = [key for key in left if key in right]
    return RecipeDifference(
        tuple((*key, _side_by_side(left[key], right[key], length, tolerance)) for key in both),
        tuple(key for key in left if key not in right),
        tuple(key for key in right if key not in left),
    )


def _settled(a: Comparable, b: Comparable, over: Horizon | float | None) -> tuple[Plan | RecipePlan, Plan | RecipePlan]:
    """Give what is open the run of the other, or the one that is asked for."""

    def settled(one: Comparable, other: Comparable) -> Plan | RecipePlan:
        if isinstance(one, (Plan, RecipePlan)):
            return one
        run: Any = _horizon(other) if over is None and isinstance(other, (Plan, RecipePlan)) else over
        unit = other.unit if isinstance(other, (Plan, RecipePlan)) else "updates"
        try:
            return one.over(run, unit=unit)
        except LengthError as error:
            if run is not None:
                raise
            raise LengthError(f"{one} says nothing about how long the run is: write over=1000.") from error

    return settled(a, b), settled(b, a)


def _horizon(plan: Plan | RecipePlan) -> Horizon | float:
    """The run that a plan was made for; its length in numbers once the plan was edited."""
    one = plan if isinstance(plan, Plan) else next(iter(_all(plan)))[1]
    return one.total if one.journal else one.horizon


def _length(a: Plan | RecipePlan, b: Plan | RecipePlan, over: Horizon | float | None) -> float:
    if over is None:
        ends = [plan.total for plan in (a, b) if math.isfinite(plan.total)]
        if not ends:
            raise LengthError("neither run has an end: say how many updates to compare, such as over=1000.")
        return max(ends)
    length = float(over.total(a.unit) if isinstance(over, Horizon) else number("over", over))
    if length <= 0 or (a.unit != "epochs" and length != int(length)):
        raise LengthError(f"over={over!r} is no number of {a.unit} to compare: write a whole number above 0, such as over=1000.")
    return int(length) if length == int(length) else length


def _rows(plan: Plan | RecipePlan, other: Plan | RecipePlan) -> Row:
    """What a recipe sets, under every pattern that it or the other one names."""
    if isinstance(plan, Plan):
        plan = RecipePlan((("lr", plan),))
    named = {("*", name) for name, _ in plan.everywhere}
    rows: Row = {("*", name): one for name, one in plan.everywhere}
    asked = [key for recipe in (plan, other) if isinstance(recipe, RecipePlan) for key in _keys(recipe) if key not in named]
    for pattern, name in dict.fromkeys(asked):
        chosen = dict(plan.everywhere) | {
            name: one for p, plans in plan.groups if p == pattern or fnmatchcase(pattern, p) for name, one in plans
        }
        if name in chosen:
            rows[pattern, name] = chosen[name]
    return rows


def _keys(recipe: RecipePlan) -> Iterator[tuple[str, str]]:
    return (key for key, _ in _all(recipe))


def _all(recipe: RecipePlan) -> Iterator[tuple[tuple[str, str], Plan]]:
    for pattern, plans in (("*", recipe.everywhere), *recipe.groups):
        yield from (((pattern, name), plan) for name, plan in plans)


def _side_by_side(a: Plan, b: Plan, over: float, tolerance: float) -> Difference:
    places, exact = _places(a, b, over)
    first, second = np.asarray(a(places), dtype=np.float64), np.asarray(b(places), dtype=np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.abs(first - second)
        apart[np.isnan(apart)] = np.inf  # one is a number and the other is not
        apart[(first == second) | (np.isnan(first) & np.isnan(second))] = 0.0
        sizes = np.abs(np.concatenate([first, second]))
        peak = float(np.max(sizes, where=np.isfinite(sizes), initial=0.0))
        widths = np.diff(places, append=over)
        areas = (float(np.sum(first * widths)), float(np.sum(second * widths)))
    most = int(np.argmax(apart))
    spans = tuple(_spans(places, apart > tolerance * peak, over))
    return Difference(
        a, b, over, exact, tolerance, peak,
        first=spans[0][0] if spans else None,
        largest=(_plain(float(places[most])), float(first[most]), float(second[most])),
        spans=spans,
        firsts=(float(first[0]), float(second[0])),
        lasts=(float(first[-1]), float(second[-1])),
        areas=areas,
    )  # fmt: skip


def _places(a: Plan, b: Plan, over: float) -> tuple[NDArray[np.float64], bool]:
    """Where both are looked at, and whether that is at every update."""
    if a.unit == "epochs" and over * _PER_EPOCH <= _PLACES:
        return np.arange(math.ceil(over * _PER_EPOCH)) / _PER_EPOCH, False
    if a.unit != "epochs" and over <= _PLACES:
        return np.arange(float(over)), True
    edges = np.array([math.ceil(t) for plan in (a, b) for t, _ in plan.keyframes() if math.isfinite(t)], dtype=np.float64)
    even = np.linspace(0, math.ceil(over) - 1, _PLACES).round()
    return np.unique(np.concatenate([even, np.clip(np.concatenate([edges - 1, edges]), 0, even[-1])])), False


def _spans(places: NDArray[np.float64], differ: NDArray[np.bool_], over: float) -> Iterator[tuple[float, float]]:
    """Begin and end of every row of places that differ."""
    turns = np.flatnonzero(np.diff(differ, prepend=False, append=False))
    edges = np.append(places, over)[turns].tolist()
    yield from ((_plain(begin), _plain(end)) for begin, end in zip(edges[::2], edges[1::2], strict=True))


def _plain(t: float) -> float:
    return int(t) if t == int(t) else t
