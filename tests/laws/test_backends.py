"""One plan, the same values on numbers, NumPy, torch and JAX, to the stated precision."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import annealing as an
from tests.conftest import require
from tests.laws.strategies import plans

FLOAT64, FLOAT32 = 1e-12, 2e-6
"""The promise: largest difference as a share of the largest value."""


def expected(plan: an.Plan, t: np.ndarray) -> tuple[np.ndarray, float]:
    """Values one by one, and the largest of them (at least 1: constants inside arithmetic are of that size)."""
    one_by_one = np.array([plan(int(x)) for x in t])
    return one_by_one, max(1.0, float(np.abs(one_by_one).max()))


def times(plan: an.Plan) -> np.ndarray:
    """Every update, the end, and a few updates past it."""
    return np.arange(int(plan.total) + 4)


@given(plans())
def test_numpy_agrees_with_single_numbers(plan: an.Plan) -> None:
    """In order, out of order, and in every shape."""
    t = times(plan)
    values, peak = expected(plan, t)
    order = np.random.default_rng(0).permutation(t.size)
    assert np.abs(plan(t) - values).max() <= FLOAT64 * peak
    assert np.abs(plan(t[order]) - values[order]).max() <= FLOAT64 * peak
    assert plan(t[:40].reshape(2, 20)).shape == (2, 20)
    assert plan(t).dtype == np.float64


@given(plans(), st.sampled_from([np.uint8, np.int16, np.uint32, np.int64, np.uint64, np.float32, np.float64]))
def test_whole_numbers_of_any_width_are_accepted(plan: an.Plan, dtype: Any) -> None:
    """A byte counts as well as a 64-bit word."""
    t = np.arange(40)
    assert np.array_equal(plan(t.astype(dtype)), plan(t))


@given(plans())
def test_torch_agrees_with_single_numbers(plan: an.Plan) -> None:
    """float64 for whole-number tensors, float32's promise for float32 tensors."""
    torch = require("torch")
    t = times(plan)
    values, peak = expected(plan, t)
    doubles, singles = plan(torch.as_tensor(t)), plan(torch.as_tensor(t, dtype=torch.float32))
    assert (doubles.dtype, singles.dtype) == (torch.float64, torch.float32)
    assert np.abs(doubles.numpy() - values).max() <= FLOAT64 * peak
    assert np.abs(singles.numpy() - values).max() <= FLOAT32 * peak
    assert float(plan(torch.tensor(7))) == pytest.approx(plan(7), abs=FLOAT64 * peak)


@given(plans())
@settings(max_examples=40)  # every example is compiled anew
def test_jax_agrees_with_single_numbers_under_jit(plan: an.Plan) -> None:
    """Traced whole numbers keep float32's promise."""
    jax = require("jax")
    t = times(plan)
    values, peak = expected(plan, t)
    traced = np.asarray(jax.jit(plan)(jax.numpy.asarray(t)))
    assert traced.dtype == np.float32
    assert np.abs(traced - values).max() <= FLOAT32 * peak
    assert abs(float(jax.jit(plan)(jax.numpy.int32(7))) - plan(7)) <= FLOAT32 * peak


@given(plans())
def test_a_plan_holds_its_first_value_before_and_its_last_value_after(plan: an.Plan) -> None:
    """Outside its run a plan is constant unless it was told otherwise."""
    total = int(plan.total)
    assert plan(-5) == plan(0)
    assert plan(total + 100) == plan(total)


@given(plans())
def test_what_happens_after_the_end_can_be_chosen(plan: an.Plan) -> None:
    """`repeat` starts over, `mirror` goes back the way it came."""
    n = int(plan.total)
    again = plan.schedule.over(n, after="repeat")
    back = plan.schedule.over(n, after="mirror")
    t = np.arange(n)
    np.testing.assert_array_equal(again(t + n), again(t))
    np.testing.assert_array_equal(back(2 * n - t[1:]), back(t[1:]))


def test_the_last_updates_of_a_long_run_keep_their_digits_in_float32() -> None:
    """A decay to zero is computed from what is left, so its last values are right to seven digits, not to one."""
    jax, torch = require("jax"), require("torch")
    plan = an.linear().over(10**6)
    t = np.arange(10**6 - 100, 10**6)
    assert (np.abs(np.asarray(jax.jit(plan)(jax.numpy.asarray(t))) - plan(t)) / plan(t)).max() < 1e-6
    last = an.cooldown().over(2**24)
    assert last(torch.tensor(2**24 - 1)).item() == pytest.approx(2.9802322831784536e-08, rel=1e-12)


def test_runs_beyond_what_a_device_can_count_stay_on_the_host() -> None:
    """A horizon of four thousand million updates still compiles for the updates that 32 bits can count."""
    jax = require("jax")
    plan = an.cosine().over(4_000_000_000)
    assert float(jax.jit(plan)(jax.numpy.int32(5))) == pytest.approx(1.0)
    assert float(jax.jit(plan)(jax.numpy.int32(2**31 - 1))) == pytest.approx(plan(2**31 - 1), abs=2e-6)
    assert plan(3_000_000_000) == pytest.approx(0.1464466, abs=1e-6)


@pytest.mark.parametrize("bad", [[1, 2], "3", None, True, np.array([True]), np.array([1j])])
def test_what_is_no_time_is_refused(bad: Any) -> None:
    """A list is not an array, a truth value is not an update."""
    with pytest.raises(an.AnnealingError, match="evaluated at"):
        an.cosine().over(10)(bad)


@pytest.mark.parametrize("steps", [2, 100, 10**6])
def test_a_curve_of_a_logarithm_keeps_the_promise_on_every_kind_of_array(steps: int) -> None:
    """Every function that a registered formula may use is there on each: this one was missing."""
    jax, torch = require("jax"), require("torch")
    plan = an.formula("deepspeed.log_warmup", steps=steps).over(steps)
    t = np.unique(np.geomspace(1, steps + 4, 200).astype(int)) - 1
    values, _ = expected(plan, t)

    assert np.abs(plan(t) - values).max() <= FLOAT64
    assert np.abs(plan(torch.as_tensor(t)).numpy() - values).max() <= FLOAT64
    assert np.abs(plan(torch.as_tensor(t, dtype=torch.float32)).numpy() - values).max() <= FLOAT32
    assert np.abs(np.asarray(jax.jit(plan)(jax.numpy.asarray(t))) - values).max() <= FLOAT32


def test_the_logarithm_of_nothing_is_minus_infinity_everywhere() -> None:
    jax, torch = require("jax"), require("torch")

    @an.register("tests.logarithm", arrays=True)
    def logarithm(xp: Any, t: Any) -> Any:
        return xp.log(xp.real(t))

    plan = an.formula("tests.logarithm").over(3)
    assert [plan(0), plan(2)] == [-np.inf, np.log(2)]
    for times in (np.arange(2), torch.arange(2), jax.numpy.arange(2)):
        assert np.asarray(plan(times)).tolist() == [-np.inf, 0.0]
