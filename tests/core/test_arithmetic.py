"""`+ - * / **`, clip, rounded, minimum and maximum, the same on schedules and on plans."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from math import inf, nan
from typing import Any

import numpy as np
import pytest

import annealing as an
from annealing.core.errors import ArgumentError, KindError, LengthError
from tests.conftest import require
from tests.core.refusals import refused

BODY = an.chain(an.warmup(3), an.hold(), an.linear("50%", to=0.2))
VALUES = np.array([0.25, 0.5, 0.75, 1, 1, 1, 13 / 15, 11 / 15, 0.6, 7 / 15, 1 / 3, 0.2])
T = np.arange(12)  # over(11) rounds 50 % up to 6; the last value is the end

Operation = Callable[[Any], Any]
OPERATIONS: dict[str, Operation] = {
    "2 * x": lambda x: 2 * x,
    "x * -2": lambda x: x * -2,
    "x / 4": lambda x: x / 4,
    "1 / x": lambda x: 1 / x,
    "x + 0.5": lambda x: x + 0.5,
    "0.5 + x": lambda x: 0.5 + x,
    "x - 0.5": lambda x: x - 0.5,
    "0.95 - 0.1 * x": lambda x: 0.95 - 0.1 * x,
    "x ** 2": lambda x: x**2,
    "x ** 0.5": lambda x: x**0.5,
    "x ** -1": lambda x: x**-1,
    "2 ** x": lambda x: 2**x,
    "-x": lambda x: -x,
    "x + x": lambda x: x + x,
    "x * x": lambda x: x * x,
    "x - x / 2": lambda x: x - x / 2,
    "(x + 1) / (2 - x)": lambda x: (x + 1) / (2 - x),
    "-(x - 1) ** 2": lambda x: -((x - 1) ** 2),
}


def test_the_body_of_these_tests_has_the_values_written_here() -> None:
    np.testing.assert_allclose(BODY.over(11)(T), VALUES, rtol=1e-14)


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
def test_a_schedule_and_a_plan_compute_what_their_values_compute(operation: Operation) -> None:
    expected = operation(VALUES)

    for plan in (operation(BODY).over(11), operation(BODY.over(11))):
        np.testing.assert_allclose(plan(T), expected, rtol=1e-13, atol=1e-15)
        np.testing.assert_allclose([plan(int(t)) for t in T], expected, rtol=1e-13, atol=1e-15)
        assert all(type(plan(int(t))) is float for t in T)
        assert an.parse(str(plan)) == plan


@pytest.mark.parametrize(
    "number", [np.float64(0.25), np.float32(0.25), np.int64(2), np.uint8(2), 2], ids=lambda n: f"{type(n).__name__}"
)
def test_numbers_of_numpy_are_numbers(number: Any) -> None:
    """On both sides, and without making an array of objects."""
    k = float(number)
    for result, expected in (
        (number * an.cosine(), k * an.cosine()),
        (an.cosine() * number, an.cosine() * k),
        (number - an.cosine(), k - an.cosine()),
        (number / an.cosine(), k / an.cosine()),
        (number ** an.cosine(), k ** an.cosine()),
        (an.cosine().clip(high=number), an.cosine().clip(high=k)),
        (an.minimum(number, an.cosine()), an.minimum(k, an.cosine())),
        (an.cosine(to=number), an.cosine(to=k)),
    ):
        assert result == expected
    assert number * an.cosine().over(4) == (k * an.cosine()).over(4)


def test_clip_keeps_between_two_values() -> None:
    for plan in (BODY.clip(0.4, 0.8).over(11), BODY.over(11).clip(0.4, 0.8)):
        np.testing.assert_allclose(plan(T), VALUES.clip(0.4, 0.8), rtol=1e-14)
    np.testing.assert_allclose(BODY.clip(low=0.4).over(11)(T), VALUES.clip(min=0.4), rtol=1e-14)
    np.testing.assert_allclose(BODY.clip(high=0.4).over(11)(T), VALUES.clip(max=0.4), rtol=1e-14)
    with refused(ArgumentError, "low=2", "high=1", "must not be above"):
        BODY.clip(2, 1)
    with refused(ArgumentError, "low=nan"):
        BODY.clip(low=nan)


def test_minimum_and_maximum_take_schedules_plans_and_numbers() -> None:
    slope = an.linear()
    other = 1 - T[:11] / 11

    np.testing.assert_allclose(an.minimum(BODY, slope).over(11).values(), np.minimum(VALUES[:11], other))
    np.testing.assert_allclose(an.maximum(BODY.over(11), slope.over(11)).values(), np.maximum(VALUES[:11], other))
    np.testing.assert_allclose(an.maximum(0.6, BODY).over(11)(T), np.maximum(0.6, VALUES))
    np.testing.assert_allclose(an.minimum(BODY.over(11), 0.6)(T), np.minimum(0.6, VALUES))
    with refused(KindError, "maximum(1, 2)", "needs a schedule or a plan"):
        an.maximum(1, 2)
    with refused(KindError, "needs schedules, plans or numbers"):
        an.minimum(BODY, "cosine")


def test_rounded_goes_to_whole_multiples_half_to_even() -> None:
    plan = an.linear(to=8, start=0).over(16).rounded()

    assert plan.values().tolist() == [0, 0, 1, 2, 2, 2, 3, 4, 4, 4, 5, 6, 6, 6, 7, 8]
    assert (4096 / (1 + 3 * an.linear())).rounded(64).over(4).values().tolist() == [1024, 1280, 1664, 2368]


def test_rounded_never_goes_below_a_minimum() -> None:
    assert (256 * an.linear()).rounded(64, minimum=64).over(8).values().tolist() == [256, 256, 192, 128, 128, 128, 64, 64]
    assert (256 * an.linear()).rounded(64, minimum=100).over(8)(7) == 100
    assert (256 * an.linear()).rounded(64).over(8)(7) == 0


def test_rounded_is_a_float_on_every_kind_of_input() -> None:
    jax, torch = require("jax"), require("torch")
    plan = (256 * an.linear()).rounded(64, minimum=64).over(8)
    expected = [256, 256, 192, 128, 128, 128, 64, 64]

    assert [plan(t) for t in range(8)] == expected
    assert {type(plan(t)) for t in range(12)} == {float}
    assert type(plan(3.5)) is float
    for values, dtype in (
        (plan(np.arange(8)), np.float64),
        (plan(torch.arange(8)), torch.float64),
        (plan(torch.arange(8.0)), torch.float32),
        (jax.jit(plan)(jax.numpy.arange(8)), np.float32),
    ):
        assert values.dtype == dtype
        assert values.tolist() == expected


@pytest.mark.parametrize("multiple", [0, -64, inf, nan])
def test_a_multiple_of_nothing_is_refused(multiple: float) -> None:
    with refused(ArgumentError, "multiple"):
        an.cosine().rounded(multiple)


def test_rate_and_batch_stay_coupled_also_past_the_cap() -> None:
    """The sixth use of the design: rate / batch follows the noise by construction."""
    noise = an.chain(an.hold("60%"), an.jump(1 / 5), an.hold("20%"), an.jump(1 / 25), an.hold())
    batch = (256 / noise).clip(high=4096).rounded(64)
    rate = 0.1 * noise * batch / 256

    assert batch.over(10).values().tolist() == [256] * 6 + [1280] * 2 + [4096] * 2
    np.testing.assert_allclose(rate.over(10).values(), [0.1] * 6 + [0.1] * 2 + [0.1 * 4096 / 6400] * 2)


def test_dividing_by_zero_is_refused_where_it_is_written() -> None:
    with refused(ArgumentError, "divided by 0"):
        an.cosine() / 0


def test_a_plan_is_not_divided_by_zero_either() -> None:
    """Arithmetic is the same on schedules and on plans."""
    with refused(ArgumentError, "divided by 0"):
        an.cosine().over(10) / 0


def test_numbers_that_are_not_finite_are_refused() -> None:
    for bad in (inf, -inf, nan, np.float64(nan)):
        with refused(ArgumentError, "not a finite number"):
            bad * an.cosine()
        with refused(ArgumentError, "not a finite number"):
            an.cosine().over(10) + bad


@pytest.mark.parametrize("side", [{"low": inf}, {"high": -inf}])
def test_a_clip_cannot_bring_infinity_in(side: dict[str, float]) -> None:
    """Schedules hold finite values only; an open side is -inf below and inf above."""
    with refused(ArgumentError, "finite"):
        an.cosine().clip(**side)


def test_a_schedule_and_a_plan_are_not_joined() -> None:
    with refused(KindError, "a plan and a schedule", ".over(total) on the schedule first"):
        an.cosine() * an.cosine().over(10)


def test_plans_over_different_runs_are_not_joined() -> None:
    with refused(LengthError, "horizon=10", "horizon=20"):
        an.cosine().over(10) + an.cosine().over(20)
    with refused(LengthError, "unit=updates", "unit=samples"):
        an.cosine().over(10) + an.cosine().over(10, unit="samples")


def test_plans_whose_lengths_are_written_differently_are_joined() -> None:
    """Two runs of 100 are the same run, whether 100 is a count, a percentage or the rest."""
    joined = an.linear("100%").over(100) * an.linear(100).over(100)

    np.testing.assert_allclose(joined.values(), (1 - np.arange(100) / 100) ** 2, rtol=1e-13)


def test_a_division_by_zero_inside_a_run_is_a_value_and_no_warning() -> None:
    """A number gives inf or NaN quietly; an array warned, and with warnings as errors `values()` failed."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (1 / (an.linear() - 0.5)).over(4)(2) == inf
        assert (1 / (an.linear() - 0.5)).over(4).values().tolist() == [2, 4, inf, -4]
        np.testing.assert_array_equal(((an.linear() - 0.5) ** 0.5).over(4).values()[2:], [0, nan])


def test_rounding_infinity_is_not_pythons_error() -> None:
    """1/linear() is infinite at the very end, one update after the last."""
    plan = (1 / an.linear()).rounded(0.5).over(4)

    assert plan.values().tolist() == [1, 1.5, 2, 4]
