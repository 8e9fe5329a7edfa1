"""optax' transformation: the very same decisions, and scales that differ by its float32 only."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from annealing.control import dialects, fold
from tests.conftest import require
from tests.control.controllers import UNFINITE, grid

jax, optax = require("jax"), require("optax")

LENGTH = 30
# What optax wants to know while it is traced; the other options may be traced themselves. On this grid float32 is exact.
STATIC = [(0.1, 1e-4, 0.0), (0.5, 0.25, 0.0), (0.3, 0.0, 0.5), (0.9, 2.0**-10, 0.25)]


@cache
def optax_scan(factor: float, rtol: float, atol: float):
    def run(seen, patience, cooldown, accumulation_size, min_scale):
        tx = optax.contrib.reduce_on_plateau(factor, patience, rtol, atol, cooldown, accumulation_size, min_scale)
        one = jax.numpy.float32(1.0)

        def step(state, value):
            scaled, state = tx.update(one, state, value=value)
            return state, scaled

        return jax.lax.scan(step, tx.init(one), seen)[1]

    return jax.jit(run)


def optax_scales(
    seen, factor=0.1, patience=10, rtol=1e-4, atol=0.0, cooldown=0, accumulation_size=1, min_scale=0.0
) -> np.ndarray:
    padded = np.array([*seen, *[0.0] * (LENGTH - len(seen))], np.float32)
    scan = optax_scan(factor, rtol, atol)
    return np.asarray(scan(padded, patience, cooldown, accumulation_size, np.float32(min_scale)))[: len(seen)]


@given(
    st.lists(grid | grid | st.sampled_from(UNFINITE), max_size=LENGTH),
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


def test_the_defaults_are_optax() -> None:
    seen = [1.0] * 25 + [0.5] * 5

    np.testing.assert_allclose(fold(dialects.optax.reduce_on_plateau(), seen), optax_scales(seen), atol=2e-6)
    assert optax_scales(seen)[-1] == pytest.approx(0.01)


def test_optax_with_no_patience_cuts_at_every_improvement() -> None:
    """Why that is refused by the dialect."""
    assert optax_scales([4.0, 2.0, 2.0, 2.0, 1.0], factor=0.5, rtol=0.25, patience=0).tolist() == [0.5, 0.25, 0.25, 0.25, 0.125]


def test_ours_in_a_scan_is_optax() -> None:
    seen = np.random.default_rng(0).integers(-20, 40, LENGTH).astype(np.float32) / 4
    ours = dialects.optax.reduce_on_plateau(0.5, patience=2, rtol=0.25, accumulation_size=2)

    _, gains = jax.lax.scan(ours.step, ours.init(), seen)

    np.testing.assert_allclose(gains, optax_scales(seen, 0.5, patience=2, rtol=0.25, accumulation_size=2), atol=2e-6)
