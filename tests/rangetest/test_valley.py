"""The middle of the valley: what noise, a cliff and a hill make of it."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annealing.rangetest.valley import middle

RATES = np.array([0.01 * 10 ** (k / 4) for k in range(-3, 4)])


def bowl(bottom: float, depth: float = 0.3) -> np.ndarray:
    return np.exp(depth * np.log10(RATES / bottom) ** 2)


@pytest.mark.parametrize("bottom", [0.005, 0.01, 0.02])
def test_the_middle_of_a_bowl_is_its_bottom(bottom: float) -> None:
    assert middle(RATES, bowl(bottom), 10.0) == pytest.approx(bottom, rel=0.15)


def test_noise_moves_the_middle_less_than_it_moves_the_best_single_run() -> None:
    random = np.random.default_rng(0)
    noisy = [bowl(0.01) * np.exp(random.normal(0, 0.1, len(RATES))) for _ in range(200)]
    off = [math.log10(middle(RATES, losses, 10.0) / 0.01) for losses in noisy]
    off_by_the_best = [math.log10(RATES[int(np.argmin(losses))] / 0.01) for losses in noisy]

    assert np.std(off) < 0.75 * np.std(off_by_the_best)


def test_the_last_rate_before_a_cliff_does_not_win() -> None:
    losses = np.array([1.3, 1.2, 1.1, 1.05, 1.0, math.inf, math.inf])

    assert RATES[2] < middle(RATES, losses, 2.3) < RATES[4] * 0.9


def test_between_two_valleys_it_is_the_bottom_of_the_lower_one() -> None:
    losses = np.array([1.0, 1.5, 2.0, 2.2, 2.0, 1.5, 0.98])

    assert middle(RATES, losses, 2.3) > RATES[5]


@given(
    st.lists(st.floats(0.01, 2.0), min_size=7, max_size=7),
    st.floats(0.1, 10.0),
)
def test_only_the_ratios_of_losses_count(losses: list[float], times: float) -> None:
    once = middle(RATES, np.array(losses), 2.3)

    assert RATES[0] * 0.999 <= once <= RATES[-1] * 1.001
    assert middle(RATES, times * np.array(losses), times * 2.3) == pytest.approx(once, rel=1e-3)


def test_losses_below_zero_and_a_single_rate_have_a_middle_too() -> None:
    assert middle(RATES, bowl(0.01) - 5, 2.0) == pytest.approx(0.01, rel=0.15)
    assert middle(np.array([0.3]), np.array([1.0]), 2.0) == 0.3
