"""A curve is checked once, keeps what happened, and knows the rate of every update."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import annealing as an
from annealing.core.errors import AnnealingError, ArgumentError, KindError, LengthError
from annealing.curves import Curve, noise, smooth

PLAN = (0.1 * an.chain(an.warmup(3), an.hold(), an.cooldown("20%"))).over(20)


def test_the_rate_of_every_update_is_that_of_the_plan() -> None:
    curve = Curve([0, 5, 10], [3.0, 2.0, 1.5], PLAN)

    assert curve.rates == pytest.approx(PLAN.values())
    assert (curve.total, len(curve)) == (20, 3)


def test_a_run_without_an_end_ends_for_a_curve_with_its_last_loss() -> None:
    curve = Curve([0, 9], [3.0, 2.0], (0.1 * an.hold()).over(an.inf))

    assert curve.total == 10
    assert curve.rates == pytest.approx([0.1] * 10)


def test_what_is_not_finite_is_kept_and_marked() -> None:
    curve = Curve([0, 1, 2], [3.0, math.inf, math.nan])

    assert curve.finite.tolist() == [True, False, False]
    assert curve.diverged
    assert not Curve([0, 1], [math.nan, 1.0]).diverged


def test_a_curve_cannot_be_written_to() -> None:
    given = np.array([3.0, 2.0])
    curve = Curve([0, 1], given, [0.1, 0.1])
    given[0] = 99

    assert curve.losses[0] == 3.0
    for array in (curve.losses, curve.updates, curve.rates):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_equal_curves_are_equal_and_survive_pickling() -> None:
    curve = Curve([0, 1], [3.0, math.nan], PLAN, "a")

    assert curve == Curve(np.array([0, 1]), [3.0, math.nan], PLAN, "a")
    assert pickle.loads(pickle.dumps(curve)) == curve
    assert hash(curve) == hash(pickle.loads(pickle.dumps(curve)))
    assert curve != Curve([0, 1], [3.0, 2.0], PLAN, "a")
    assert curve != Curve([0, 1], [3.0, math.nan], None, "a")


def test_until_is_the_curve_as_it_was_then() -> None:
    before = Curve([0, 5, 10], [3.0, 2.0, 1.5], PLAN).until(10)

    assert before.updates.tolist() == [0, 5]
    assert before.rates == pytest.approx(PLAN.values()[:10])


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (([0, 1], [1.0]), ArgumentError, "one loss for each update"),
        (([], []), ArgumentError, "at least one"),
        (([-1], [1.0]), ArgumentError, "counted from 0"),
        (([1, 1], [1.0, 1.0]), ArgumentError, "sort the points"),
        (([0.5], [1.0]), ArgumentError, "whole numbers"),
        ((["a"], [1.0]), KindError, "sequence of numbers"),
        (([[0]], [1.0]), KindError, "one number after another"),
        (([0], [1.0], an.hold()), KindError, r"\.over\(1\)"),
        (([30], [1.0], PLAN), LengthError, "ends after 20"),
        (([0, 9], [1.0, 1.0], [0.1, 0.1]), LengthError, "one rate per update of the run"),
        (([0], [1.0], [math.nan]), ArgumentError, "finite and not negative"),
        (([0], [1.0], [-0.1]), ArgumentError, "finite and not negative"),
        (([0], [1.0], an.hold().over(5, unit="samples")), ArgumentError, "plan over updates"),
    ],
)
def test_what_is_no_curve_is_refused(arguments: tuple, error: type[AnnealingError], words: str) -> None:
    with pytest.raises(error, match=words):
        Curve(*arguments)


def test_a_curve_without_a_rate_says_so_when_it_is_asked() -> None:
    with pytest.raises(ArgumentError, match="'pilot' does not say its rate"):
        _ = Curve([0], [1.0], name="pilot").rates


@given(st.floats(-5, 5), st.floats(-1, 1), st.floats(0.5, 40))
def test_smoothing_leaves_straight_lines_as_they_are(level: float, slope: float, width: float) -> None:
    x = np.array([0, 1, 3, 4, 8, 9, 15])

    assert smooth(Curve(x, level + slope * x), width).losses == pytest.approx(level + slope * x, abs=1e-9)


def test_smoothing_passes_over_what_is_not_finite() -> None:
    curve = smooth(Curve(range(5), [1.0, 1.0, math.nan, 1.0, 1.0]), 3)

    assert math.isnan(curve.losses[2])
    assert curve.losses[[0, 1, 3, 4]] == pytest.approx(1.0)


@pytest.mark.parametrize("spacing", [1, 128])
def test_noise_is_the_jitter_and_not_the_trend(spacing: int) -> None:
    jitter = np.random.default_rng(1).normal(0, 0.02, 4_000)
    x = np.arange(4_000) * spacing
    trend = 3 / (1 + x / x[-1]) ** 0.5

    assert noise(Curve(x, trend + jitter)) == pytest.approx(0.02, rel=0.05)
    assert noise(Curve(x, trend)) < 1e-6


def test_noise_needs_a_few_points() -> None:
    with pytest.raises(ArgumentError, match="8 are needed"):
        noise(Curve([0, 1], [1.0, 1.0]))
