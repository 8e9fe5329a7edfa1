"""The laws of composition, on random nested schedules."""

from __future__ import annotations

import pickle
from copy import deepcopy

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

import annealing as an
from annealing.core.schedule import Schedule
from tests.laws.strategies import accepted, plans, schedules, totals, values


def same(a: Schedule, b: Schedule, total: int) -> None:
    """Both schedules are refused, or both have the same values over the whole run and past its end."""
    first, second = accepted(a, total), accepted(b, total)
    assert (first is None) == (second is None), (a, b)
    if first is None or second is None:
        return
    t = np.arange(total + 5)
    x, y = first(t), second(t)
    np.testing.assert_allclose(x, y, rtol=1e-9, atol=1e-12 * max(1.0, float(np.abs(x).max())))


@given(schedules, schedules, schedules)
def test_chaining_is_associative(a: Schedule, b: Schedule, c: Schedule) -> None:
    """However phases are grouped, the chain is the same value."""
    assert an.chain(an.chain(a, b), c) == an.chain(a, an.chain(b, c)) == an.chain(a, b, c)


@given(schedules, schedules, values, totals)
def test_scaling_distributes_over_a_chain(a: Schedule, b: Schedule, k: float, total: int) -> None:
    """k * chain(a, b) is chain(k * a, k * b), at any nesting."""
    same(k * an.chain(a, b, an.hold()), an.chain(k * a, k * b, k * an.hold()), total)


@given(schedules, schedules, values, totals)
def test_shifting_distributes_over_a_chain(a: Schedule, b: Schedule, c: float, total: int) -> None:
    """chain(a, b) + c is chain(a + c, b + c)."""
    same(an.chain(a, b, an.hold()) + c, an.chain(a + c, b + c, an.hold() + c), total)


@given(schedules, schedules, schedules, totals)
def test_a_chain_inside_arithmetic_divides_the_run_like_a_flat_one(a: Schedule, b: Schedule, c: Schedule, total: int) -> None:
    """Nesting behind `1 *` changes nothing: lengths are settled over all phases at once."""
    same(an.chain(1 * an.chain(a, b), c, an.hold()), an.chain(a, b, c, an.hold()), total)


@given(schedules, schedules, totals)
def test_joining_is_commutative(a: Schedule, b: Schedule, total: int) -> None:
    """a * b is b * a, a + b is b + a, or both are refused."""
    same(a * b, b * a, total)
    same(a + b, b + a, total)


@given(plans(), values)
def test_arithmetic_on_plans_is_arithmetic_on_their_schedules(plan: an.Plan, k: float) -> None:
    """(k * s).over(n) is k * s.over(n), and so on."""
    t = np.arange(plan.total + 3)
    for scaled, expected in (
        (k * plan, k * plan(t)),
        (plan + k, plan(t) + k),
        (k - plan, k - plan(t)),
        (plan.clip(0.2, 2.0), plan(t).clip(0.2, 2.0)),
        (plan * plan, plan(t) ** 2),
    ):
        np.testing.assert_allclose(scaled(t), expected, rtol=1e-9, atol=1e-12 * max(1.0, float(np.abs(expected).max())))


@given(plans())
def test_values_hash_pickle_and_copy(plan: an.Plan) -> None:
    """Equal values are interchangeable, before and after they were evaluated."""
    plan(3)
    for copy in (pickle.loads(pickle.dumps(plan)), deepcopy(plan), eval(repr(plan), vars(an))):
        assert copy == plan
        assert hash(copy) == hash(plan)
        assert copy(7) == plan(7)


@given(
    st.lists(
        st.one_of(st.integers(0, 30), st.just("rest"), st.just("2fr"), st.integers(0, 25).map(lambda n: f"{n}%")), max_size=5
    ),
    totals,
)
def test_the_parts_of_a_run_add_up_to_it(parts: list[int | str], total: int) -> None:
    """Counts are exact and the sum is the whole, or the division is refused."""
    try:
        sizes = an.split(total, parts)
    except an.AnnealingError:
        assume(False)
        return
    assert sum(sizes) == total
    assert all(size >= 0 and size == int(size) for size in sizes)
    assert [size for size, part in zip(sizes, parts, strict=True) if isinstance(part, int)] == [
        p for p in parts if isinstance(p, int)
    ]
