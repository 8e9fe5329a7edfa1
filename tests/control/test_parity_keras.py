"""keras' callback: the very same decisions, and rates that differ by its float32 only."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annealing.control import Plateau, dialects, fold
from tests.conftest import require
from tests.control.controllers import UNFINITE, close, grid
from tests.control.peers import keras_rates

require("keras")

# keras compares in float32: on this grid that is exact.
metrics = st.lists(close | close | grid | st.sampled_from(UNFINITE), max_size=15) | st.lists(close, min_size=15, max_size=30)
options = st.fixed_dictionaries(
    {
        "mode": st.sampled_from(["min", "max"]),
        "factor": st.floats(0.05, 0.95),
        "patience": st.integers(0, 4),
        "min_delta": st.sampled_from([0.0, 1e-4, 1 / 16, -0.25, 1.0]),
        "cooldown": st.integers(0, 4),
        "min_lr": st.sampled_from([0.0, 1e-4, 0.5, 20.0]),
    }
)
rates = st.floats(1e-5, 10)


@given(metrics, rates, options)
def test_keras_sets_the_same_rates(seen, lr, given_options) -> None:
    controller = dialects.keras.ReduceLROnPlateau(lr=lr, **given_options)

    np.testing.assert_allclose(lr * fold(controller, seen), keras_rates([seen], lr, **given_options), rtol=0, atol=2e-6 * lr)


@pytest.mark.parametrize("patience", [1, 2, 3])
def test_keras_sets_the_same_rates_on_noise_that_falls(patience) -> None:
    rng = np.random.default_rng(0)
    for min_delta in (0.0, 0.25, 0.5):
        given_options = {"patience": patience, "min_delta": min_delta, "cooldown": 2}
        seen = ((np.linspace(48, 0, 40).astype(int) + rng.integers(-12, 12, 40)) / 16).tolist()
        ours = fold(dialects.keras.ReduceLROnPlateau(lr=0.1, **given_options), seen)
        np.testing.assert_allclose(0.1 * ours, keras_rates([seen], 0.1, **given_options), rtol=2e-6)


def test_the_defaults_are_keras() -> None:
    seen = [1.0] * 30 + [0.5] * 25

    np.testing.assert_allclose(0.1 * fold(dialects.keras.ReduceLROnPlateau(lr=0.1), seen), keras_rates([seen], 0.1), rtol=2e-6)


@given(st.lists(metrics, min_size=2, max_size=3), rates, options)
def test_a_reset_between_two_fits_is_what_keras_does(fits, lr, given_options) -> None:
    controller = dialects.keras.ReduceLROnPlateau(lr=lr, **given_options)
    state, ours = controller.init(), []
    for seen in fits:
        state = controller.reset(state)
        for value in seen:
            state, gain = controller.step(state, value)
            ours.append(lr * gain)

    np.testing.assert_allclose(ours, keras_rates(fits, lr, **given_options), rtol=0, atol=2e-6 * lr)


@pytest.mark.parametrize("cooldown", [1, 2, 5])
def test_the_last_observation_of_a_keras_cooldown_counts(cooldown) -> None:
    ours = dialects.keras.ReduceLROnPlateau(lr=1.0, patience=1, cooldown=cooldown)

    assert ours.cooldown == cooldown - 1
    assert keras_rates([[1.0] * 20], 1.0, factor=0.5, patience=1, cooldown=cooldown) == pytest.approx(
        fold(Plateau(factor=0.5, patience=1, cooldown=cooldown - 1), [1.0] * 20).tolist()
    )


def test_keras_does_not_see_what_float32_does_not_hold() -> None:
    seen, options = [1.0, 1.0 - 2**-30, 1.0 - 2**-29], {"patience": 1, "factor": 0.5, "min_delta": 0.0}

    assert keras_rates([seen], 1.0, **options) == [1.0, 0.5, 0.25]
    assert fold(dialects.keras.ReduceLROnPlateau(lr=1.0, **options), seen).tolist() == [1.0, 1.0, 1.0]
