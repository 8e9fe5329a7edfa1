"""Editing a run that is under way: the past stays, the future continues."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

import annealing as an
from annealing.core.schedule import Schedule
from tests.laws.strategies import plans, schedules, values


@given(plans(), schedules, st.floats(0, 1), st.booleans())
def test_the_past_is_never_rewritten(plan: an.Plan, tail: Schedule, where: float, absolute: bool) -> None:
    """Up to the branch every value is the very same number, whatever comes after it."""
    at = int(where * (plan.total - 1))
    try:
        branched = plan.branch(at, an.chain(an.jump(1), tail, an.hold()), total=int(plan.total) + 200, absolute=absolute)
    except an.AnnealingError:  # a random tail may not fit, or count from a value of zero
        branched = plan.branch(at, an.chain(an.jump(1), an.hold()), absolute=True)
    t = np.arange(at)
    np.testing.assert_array_equal(branched(t), plan(t))


@given(plans(), st.floats(0.1, 0.9), values)
def test_a_branch_starts_at_the_value_reached(plan: an.Plan, where: float, to: float) -> None:
    """A tail that counts from the value reached opens exactly there."""
    at = int(where * plan.total)
    assume(plan(at) != 0)
    branched = plan.branch(at, an.linear(to=to))
    assert abs(branched(at) - plan(at)) <= 1e-12 * abs(plan(at))
    assert abs(branched(int(plan.total)) - to * plan(at)) <= 1e-12 * abs(to * plan(at))


@given(plans(), st.floats(0.1, 0.9), values, values)
def test_arithmetic_reaches_the_tails_of_a_journal(plan: an.Plan, where: float, k: float, c: float) -> None:
    """k * plan + c scales and shifts what follows a branch as well as what comes before it."""
    assume(plan(int(where * plan.total)) != 0)
    branched = plan.branch(int(where * plan.total), an.linear(to=0.5))
    t = np.arange(plan.total + 2)
    expected = k * branched(t) + c
    np.testing.assert_allclose((k * branched + c)(t), expected, rtol=1e-9, atol=1e-9)


@given(plans(), st.integers(1, 5))
def test_stretching_keeps_the_value_at_every_fraction_of_the_way(plan: an.Plan, factor: int) -> None:
    """plan.stretch(k·n)(k·t) is plan(t), jumps included."""
    total = int(plan.total)
    t = np.arange(total + 1)
    stretched = plan.stretch(factor * total)
    np.testing.assert_allclose(stretched(factor * t), plan(t), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(stretched.stretch(total)(t), plan(t), rtol=1e-9, atol=1e-12)


@given(plans(), st.floats(0.1, 0.9), st.integers(2, 4))
def test_stretching_what_is_left_rewrites_nothing_and_keeps_its_shape(plan: an.Plan, where: float, factor: int) -> None:
    """Before `at` the very same numbers; from there on the same value at the same share of what is left."""
    total = int(plan.total)
    at = int(where * total)
    assume(0 < at < total)
    stretched = plan.stretch(at + factor * (total - at), at=at)
    np.testing.assert_array_equal(stretched(np.arange(at)), plan(np.arange(at)))
    left = np.arange(total - at + 1)
    np.testing.assert_allclose(stretched(at + factor * left), plan(at + left), rtol=1e-9, atol=1e-12)


@given(plans(), st.floats(0, 0.9))
def test_branching_into_the_plan_itself_changes_nothing(plan: an.Plan, where: float) -> None:
    at = int(where * plan.total)
    t = np.arange(plan.total + 2)
    np.testing.assert_array_equal(plan.branch(at, plan)(t), plan(t))


@given(plans())
def test_with_endpoint_the_last_update_uses_the_end_value(plan: an.Plan) -> None:
    """over(n, endpoint=True) puts on update n − 1 what over(n) would reach at n."""
    total = int(plan.total)
    try:
        ending = plan.schedule.over(total, endpoint=True)
    except an.AnnealingError:  # a window one update shorter may no longer hold its phases
        ending = an.chain(an.jump(0.5), an.linear(to=0.1)).over(total, endpoint=True)
    assert ending(total - 1) == ending(total) == ending(total + 9)
