"""The convex bound: its short form is the paper's, its curve is its values, its slopes are its slopes, and no digit is lost."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import annealing as an
from annealing.core.errors import ArgumentError, KindError
from annealing.forecast import bound, bound_curve, bound_gradient
from tests.forecast import reference

RATES = st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=60)


@given(RATES, st.floats(0.1, 10))
def test_the_short_form_is_the_papers_sum(rates: list[float], distance: float) -> None:
    norms = 1 + np.sin(np.arange(len(rates))) ** 2
    long = reference.bound(np.array(rates), len(rates) - 1, norms, distance)

    assert bound(rates, G=norms, D=distance) == pytest.approx(float(long), rel=1e-10)


@given(RATES)
def test_the_curve_is_the_bound_of_every_shorter_run(rates: list[float]) -> None:
    every = [bound(rates[: t + 1], D=2.0) for t in range(len(rates))]

    assert bound_curve(rates, D=2.0) == pytest.approx(every, rel=2e-5)
    assert bound_curve(rates, D=2.0, at=[len(rates) - 1]) == pytest.approx(every[-1:], rel=2e-5)


@settings(max_examples=25)
@given(st.lists(st.floats(1e-3, 1.0), min_size=2, max_size=12))
def test_the_gradient_is_the_slope(rates: list[float]) -> None:
    norms = 1 + np.arange(len(rates)) / 10
    slopes = bound_gradient(rates, G=norms, D=1.5)

    for j, rate in enumerate(rates):
        step = np.zeros(len(rates))
        step[j] = 1e-6 * rate
        ahead, behind = (bound(rates + sign * step, G=norms, D=1.5) for sign in (1, -1))
        assert slopes[j] == pytest.approx((ahead - behind) / (2e-6 * rate), rel=1e-5, abs=1e-5 * abs(slopes).max())


@pytest.mark.slow
@pytest.mark.parametrize(
    "schedule", [an.cosine(), an.hold(), an.wsd(), an.chain(an.hold("50%"), an.jump(1e-9), an.hold("1%"), an.jump(1), an.hold())]
)
def test_it_is_stable_at_400_000_updates(schedule: an.Schedule) -> None:
    rates = (0.01 * schedule).over(400_000).values()
    at = np.array([10, 1_000, 199_999, 200_000, 203_999, 204_001, 399_000, 399_999])
    exact = np.array([reference.bound(rates, int(t), 1.0, 1.0) for t in at])

    assert bound(rates) == pytest.approx(float(exact[-1]), rel=1e-12)
    assert bound_curve(rates, at=at) == pytest.approx(exact.astype(float), rel=2e-5)


def test_a_linear_decay_is_the_best_of_the_common_schedules() -> None:
    plans = {
        name: schedule.over(2_000).values()
        for name, schedule in {"linear": an.linear(), "cosine": an.cosine(), "wsd": an.wsd(), "constant": an.hold()}.items()
    }
    best = {name: min(bound(peak * x) for peak in np.geomspace(3e-3, 0.3, 60)) for name, x in plans.items()}

    assert sorted(best, key=lambda name: best[name]) == ["linear", "cosine", "wsd", "constant"]
    assert best["linear"] == pytest.approx(2 / np.sqrt(2_000), rel=0.01)  # the best rate falls linearly from D / (G sqrt T)


def test_updates_that_do_not_move_change_nothing() -> None:
    moved = [0.3, 0.2, 0.1]
    with_zeros = [0.0, 0.3, 0.0, 0.2, 0.1, 0.0]

    assert bound(with_zeros) == bound(moved)
    curve = bound_curve(moved)
    assert bound_curve(with_zeros).tolist() == [np.inf, curve[0], curve[0], curve[1], curve[2], curve[2]]
    assert bound_gradient(with_zeros)[[1, 3, 4]] == pytest.approx(bound_gradient(moved))


@pytest.mark.parametrize(
    ("arguments", "options", "error", "words"),
    [
        (an.hold(), {}, KindError, r"\.over\(10_000\)"),
        ([], {}, KindError, "no run"),
        ([0.0], {}, ArgumentError, "every rate"),
        ([0.1, float("nan")], {}, ArgumentError, "finite and not negative"),
        ([0.1], {"G": 0.0}, ArgumentError, "above 0"),
        ([0.1], {"G": [1.0, 1.0]}, ArgumentError, "one for every update"),
        ([0.1], {"D": -1.0}, ArgumentError, "above 0"),
    ],
)
def test_what_has_no_bound_is_refused(arguments: object, options: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        bound(arguments, **options)
    with pytest.raises(error, match=words):
        bound_curve(arguments, **options)


def test_places_outside_the_run_are_refused() -> None:
    with pytest.raises(ArgumentError, match="0 to 1"):
        bound_curve([0.1, 0.1], at=[2])
    with pytest.raises(ArgumentError, match="does not rise"):
        bound_curve([0.1, 0.1], at=[1, 0])
