"""The gradient noise scale, beside problems whose value is known."""

import math

import numpy as np
import pytest

from annealing.batch import noise_scale, noise_scale_of
from annealing.core.errors import ArgumentError

DIMENSIONS, NOISE, REPEATS = 20, 0.5, 20_000
SMALL, BIG = 8, 64


def regression_gradients(rng: np.random.Generator, weights: np.ndarray, batch: int, repeats: int) -> np.ndarray:
    """Mean gradients of y = x·w* + noise at w* + weights, x standard normal: their mean is `weights`. One row per batch."""
    inputs = rng.normal(size=(repeats, batch, len(weights)))
    errors = inputs @ weights + NOISE * rng.normal(size=(repeats, batch))
    return np.einsum("rbd,rb->rd", inputs, errors) / batch


def test_the_estimate_on_gaussian_regression_is_within_3_percent_of_the_exact_value() -> None:
    rng = np.random.default_rng(24)
    weights = rng.normal(size=DIMENSIONS) / math.sqrt(DIMENSIONS)
    length = float(weights @ weights)
    exact = ((DIMENSIONS + 1) * length + DIMENSIONS * NOISE**2) / length

    def squared(batch: int) -> np.ndarray:
        return (regression_gradients(rng, weights, batch, REPEATS) ** 2).sum(1)

    found = noise_scale(squared(SMALL), squared(BIG), small_batch=SMALL, big_batch=BIG)

    assert found.samples == pytest.approx(exact, rel=0.03)
    assert found.interval[1] - found.interval[0] < 0.06 * exact  # so that 3 percent is no luck


def test_the_interval_holds_the_exact_value_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(240)
    gradient, scale = np.array([3.0, 4.0]), 10.0
    exact = 2 * scale**2 / 25

    def squared(batch: int) -> np.ndarray:
        return ((gradient + rng.normal(size=(200, 2)) * scale / batch**0.5) ** 2).sum(1)

    held = 0
    for trial in range(100):
        found = noise_scale(squared(4), squared(32), small_batch=4, big_batch=32, seed=trial)
        held += found.interval[0] <= exact <= found.interval[1]

    assert 81 <= held <= 99  # 90 of 100, give or take three standard errors


def test_micro_batches_of_one_update_are_a_pair() -> None:
    rng = np.random.default_rng(3)
    weights = np.ones(DIMENSIONS) / math.sqrt(DIMENSIONS)
    exact = DIMENSIONS + 1 + DIMENSIONS * NOISE**2

    pairs = [noise_scale_of(list(regression_gradients(rng, weights, SMALL, 8)), micro_batch=SMALL) for _ in range(4_000)]
    small, big = zip(*pairs, strict=True)
    found = noise_scale(small, big, small_batch=SMALL, big_batch=8 * SMALL)

    assert found.samples == pytest.approx(exact, rel=0.05)


def test_no_signal_left_is_an_infinite_scale_not_a_negative_one() -> None:
    rng = np.random.default_rng(5)
    pure = [(rng.normal(size=(50, 4)) ** 2).sum(1) / batch for batch in (2, 200)]

    found = noise_scale(pure[0], pure[1] * 0.5, small_batch=2, big_batch=200)

    assert found.samples == math.inf
    assert found.interval[1] == math.inf
    assert found.efficiency(1_000) == 1


@pytest.mark.parametrize(
    ("small", "big", "options", "words"),
    [
        ([1.0], [1.0], {}, "two or more"),
        ([1.0, 2.0], [1.0], {}, "of equal length"),
        ([1.0, math.nan], [1.0, 1.0], {}, "NaN or infinite"),
        ([1.0, 2.0], [1.0, 1.0], {"big_batch": 8}, "must be larger"),
        ([1.0, 2.0], [1.0, 1.0], {"level": 90}, "between 0 and 1"),
    ],
)
def test_measurements_that_say_nothing_are_refused(
    small: list[float], big: list[float], options: dict[str, float], words: str
) -> None:
    with pytest.raises(ArgumentError, match=words):
        noise_scale(small, big, **{"small_batch": 8, "big_batch": 64, **options})  # pyright: ignore[reportArgumentType]


def test_one_micro_batch_shows_no_noise() -> None:
    with pytest.raises(ArgumentError, match="at least two"):
        noise_scale_of([np.ones(3)], micro_batch=8)
