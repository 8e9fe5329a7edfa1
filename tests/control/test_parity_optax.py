"""optax' transformation: the very same decisions, and scales that differ by its float32 only."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annealing.control import dialects, fold
from tests.conftest import require
from tests.control.controllers import UNFINITE, close, grid
from tests.control.peers import LONGEST, optax_scales

jax = require("jax")
require("optax")

# What optax wants to know while it is traced; the other options may be traced themselves. On this grid float32 is exact.
STATIC = [(0.1, 1e-4, 0.0), (0.5, 0.25, 0.0), (0.3, 0.0, 0.5), (0.9, 2.0**-10, 0.25)]


@given(
    st.lists(close | close | grid | st.sampled_from(UNFINITE), min_size=20, max_size=LONGEST),
    st.sampled_from(STATIC),
    st.fixed_dictionaries(
        {
            "patience": st.integers(1, 4),
            "cooldown": st.integers(0, 4),
            "accumulation_size": st.sampled_from([1, 2, 4]),
            "min_scale": st.floats(0, 1, width=32),
        }
    ),
)
def test_optax_scales_the_same(seen, static, options) -> None:
    everything = {**dict(zip(("factor", "rtol", "atol"), static, strict=True)), **options}

    np.testing.assert_allclose(
        fold(dialects.optax.reduce_on_plateau(**everything), seen), optax_scales(seen, **everything), rtol=0, atol=2e-6
    )


@pytest.mark.parametrize("static", STATIC)
def test_optax_scales_the_same_on_noise_that_falls(static) -> None:
    everything = dict(zip(("factor", "rtol", "atol"), static, strict=True))
    rng = np.random.default_rng(0)
    for patience in (1, 2, 3):
        for _ in range(10):
            seen = (np.linspace(48, 0, LONGEST).astype(int) + rng.integers(-12, 12, LONGEST)) / 16
            np.testing.assert_allclose(
                fold(dialects.optax.reduce_on_plateau(**everything, patience=patience), seen),
                optax_scales(seen, **everything, patience=patience),
                atol=2e-6,
            )


def test_the_defaults_are_optax() -> None:
    seen = [1.0] * 25 + [0.5] * 5

    np.testing.assert_allclose(fold(dialects.optax.reduce_on_plateau(), seen), optax_scales(seen), atol=2e-6)
    assert optax_scales(seen)[-1] == pytest.approx(0.01)


def test_optax_with_no_patience_cuts_at_every_improvement() -> None:
    """Why that is refused by the dialect."""
    assert optax_scales([4.0, 2.0, 2.0, 2.0, 1.0], factor=0.5, rtol=0.25, patience=0).tolist() == [0.5, 0.25, 0.25, 0.25, 0.125]


def test_ours_in_a_scan_is_optax() -> None:
    seen = np.random.default_rng(0).integers(-20, 40, LONGEST).astype(np.float32) / 4
    ours = dialects.optax.reduce_on_plateau(0.5, patience=2, rtol=0.25, accumulation_size=2)

    _, gains = jax.lax.scan(ours.step, ours.init(), seen)

    np.testing.assert_allclose(gains, optax_scales(seen, 0.5, patience=2, rtol=0.25, accumulation_size=2), atol=2e-6)
