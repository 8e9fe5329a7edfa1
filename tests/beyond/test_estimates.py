"""Learning and estimating: schedules from problems, parameters from data, minima from values alone."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import annealing as an
from annealing.beyond import (
    CutoffSpread,
    PowerSpread,
    contrastive_divergence,
    deterministic_annealing,
    diffuse,
    exact_success,
    learn_schedule,
    logarithmic,
    ring,
    satisfies_robbins_monro,
    stochastic_annealing,
)
from annealing.beyond.diffusion import reflected
from annealing.core.errors import KindError


def test_the_learnt_schedule_is_the_best_of_the_sample() -> None:
    plans = [(top * an.linear()).over(40) for top in (0.0, 0.5, 2.0, 50.0)]
    problems = [3 * np.random.default_rng(seed).random(10) for seed in range(5)]
    found = learn_schedule(plans, problems, lambda plan, problem: exact_success(problem, ring(10), plan))

    assert found.successes.shape == (4, 5)
    assert found.plan is plans[int(np.argmax(found.scores))]
    assert found.scores[found.index] > max(found.scores[0], found.scores[3])


def test_several_problems_are_followed_at_once() -> None:
    levels = np.random.default_rng(0).random((3, 2, 6))
    plan = an.linear().over(15)
    one_by_one = [[exact_success(levels[i, j], ring(6), plan) for j in range(2)] for i in range(3)]

    assert exact_success(levels, ring(6), plan) == pytest.approx(np.array(one_by_one))


@pytest.mark.parametrize(
    ("schedule", "answer"),
    [
        (0.5 * an.power(-0.75, per=20), True),
        (an.inverse_time(1, per=10), True),
        (an.chain(an.warmup(10), an.power(-1.0, per=10)), True),
        (an.inverse_sqrt(10), False),
        (an.hold(), False),
        (an.geometric(0.9), False),
        (logarithmic(), False),
        (logarithmic() * an.power(-0.6, per=5), True),
        (an.power(-0.3, per=5) ** 2, True),
        (an.power(-0.75, per=5) + an.hold(), False),
        (an.power(-2.0, per=5) / an.power(-1.0, per=5), True),
        (an.power(-0.75, per=5).clip(low=0.1), None),
        (an.cosine(), None),
        (an.power(-0.75, per=5, length=100), None),
    ],
)
def test_rates_are_judged_by_their_order_of_decay(schedule, answer) -> None:
    if answer is None:
        with pytest.raises(KindError, match="goes on"):
            satisfies_robbins_monro(schedule)
    else:
        assert satisfies_robbins_monro(schedule) is answer


def heat_bath(states, theta, rng):
    return np.where(rng.random(states.shape) < 1 / (1 + np.exp(-2 * theta[..., None, :])), 1.0, -1.0)


def test_data_sets_are_fitted_side_by_side() -> None:
    rng = np.random.default_rng(2)
    truth = np.array([[0.3, -0.5], [0.8, 0.1], [0.0, -0.2]])
    data = np.where(rng.random((3, 4_000, 2)) < 1 / (1 + np.exp(-2 * truth[:, None])), 1.0, -1.0)
    found = contrastive_divergence(
        lambda s: s, heat_bath, data, rate=(0.5 * an.power(-0.75, per=20)).over(400), start=[0.0, 0.0], average_from=100, seed=1
    )

    assert found.average == pytest.approx(np.arctanh(data.mean(axis=1)), abs=0.02)
    assert found.path.shape == (400, 3, 2)
    assert (found.last == found.path[-1]).all()


def test_the_estimate_is_the_average_weighted_by_the_rates() -> None:
    plan = an.table([1.0, 0.5, 0.25]).over()
    found = contrastive_divergence(lambda s: s, heat_bath, np.ones((5, 1)), rate=plan, start=[0.0], average_from=1, bound=0.4)

    assert found.average == pytest.approx((0.5 * found.path[1] + 0.25 * found.path[2]) / 0.75)
    assert np.abs(found.path).max() <= 0.4


def test_without_noise_only_the_updates_are_left() -> None:
    found = stochastic_annealing(lambda x: x / 2, np.ones(3), noise=(0 * an.hold()).over(4))

    assert found.tolist() == [0.0625] * 3


def test_noise_has_the_deviation_of_the_plan() -> None:
    found = stochastic_annealing(lambda x: 0 * x, np.zeros(20_000), noise=an.linear(to=3, start=0).over(4, endpoint=True))

    assert found.std() == pytest.approx(3, rel=0.03)


def test_each_update_is_given_its_temperature() -> None:
    seen = []
    deterministic_annealing(lambda x, heat: seen.append(heat) or x, np.ones(1), temperature=an.linear(to=1, start=4).over(3))

    assert seen == [4.0, 3.0, 2.0]


@given(st.lists(st.floats(-50, 50), min_size=1), st.floats(-3, 0), st.floats(0.5, 3))
def test_a_box_reflects(places, low, high) -> None:
    folded = reflected(np.array(places), low, high)

    assert (folded >= low - 1e-9).all()
    assert (folded <= high + 1e-9).all()
    inside = (np.array(places) >= low) & (np.array(places) <= high)
    assert folded[inside] == pytest.approx(np.array(places)[inside], abs=1e-9)


def test_a_diffusion_settles_where_it_steps_less() -> None:
    def function(x):
        return np.where(x[:, 0] > 0, 4.0, 1.0)  # steps twice as large on the right: a quarter of the density there

    start = np.random.default_rng(1).uniform(-1, 1, (3_000, 1))
    found = diffuse(function, start, spread=PowerSpread((0.05 * an.hold()).over(2_500), exponent=0.5), low=-1, high=1)

    assert np.mean(found.places[:, 0] > 0) == pytest.approx(0.2, abs=0.03)


def test_values_are_kept_when_they_are_watched() -> None:
    found = diffuse(
        lambda x: (x**2).sum(axis=1),
        np.full((5, 2), 0.5),
        spread=CutoffSpread((2 * an.linear()).over(9), far=0.5, near=0.0),
        low=-1,
        high=1,
        watch=(3, 9),
    )

    assert found.seen.shape == (2, 5)
    assert (found.seen[-1] == found.values).all()


def test_a_function_that_is_infinite_throws_walkers_anywhere() -> None:
    found = diffuse(
        lambda x: np.full(len(x), np.inf), np.zeros((50, 1)), spread=PowerSpread(an.hold().over(3), 1.0), low=-1, high=1
    )

    assert np.isfinite(found.places).all()
    assert found.places.std() > 0.3
