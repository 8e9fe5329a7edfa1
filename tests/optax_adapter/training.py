"""A small network that optax really trains, and the values that its updates are made with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.conftest import require

jax = require("jax")
jnp = jax.numpy
optax = require("optax")

FLOAT32 = 2e-6
"""The promise: largest difference as a share of the largest value."""

X = np.linspace(-1, 1, 32, dtype=np.float32)[:, None]
Y = np.sin(3 * X)


def fresh() -> dict[str, Any]:
    """The parameters of a network of two layers: "first/kernel", "first/bias", "last/kernel", "last/bias"."""
    rng = np.random.default_rng(0)
    return {
        "first": {"kernel": jnp.asarray(rng.normal(size=(1, 8)), jnp.float32), "bias": jnp.zeros(8)},
        "last": {"kernel": jnp.asarray(rng.normal(size=(8, 1)) / 3, jnp.float32), "bias": jnp.zeros(1)},
    }


def loss_of(params: Any, rows: Any) -> Any:
    x, y = jnp.asarray(X)[rows], jnp.asarray(Y)[rows]
    hidden = jnp.tanh(x @ params["first"]["kernel"] + params["first"]["bias"])
    return jnp.mean((hidden @ params["last"]["kernel"] + params["last"]["bias"] - y) ** 2)


def rows_of(update: int) -> np.ndarray:
    """The batch of an update: always the same one."""
    return np.random.default_rng(update).integers(0, len(X), 8)


def step_of(optimizer: Any) -> Callable[[Any, Any, Any], tuple[Any, Any, Any]]:
    """One update, compiled: parameters, state and batch to parameters, state and loss."""

    @jax.jit
    def step(params: Any, state: Any, rows: Any) -> tuple[Any, Any, Any]:
        loss, grads = jax.value_and_grad(loss_of)(params, rows)
        updates, state = optimizer.update(grads, state, params, value=loss)
        return optax.apply_updates(params, updates), state, loss

    return step


def train(optimizer: Any, updates: range, params: Any = None, state: Any = None, step: Any = None) -> tuple[Any, list[Any]]:
    """Make these updates; return the parameters and the state after each of them."""
    params = fresh() if params is None else params
    state = optimizer.init(params) if state is None else state
    step, states = step_of(optimizer) if step is None else step, []
    for update in updates:
        params, state, _ = step(params, state, rows_of(update))
        states.append(state)
    return params, states


def same(a: Any, b: Any) -> bool:
    """Whether two trees hold the same bits."""
    leaves = zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True)
    return jax.tree.structure(a) == jax.tree.structure(b) and all(np.array_equal(x, y, equal_nan=True) for x, y in leaves)


def close(values: Any, expected: Any) -> bool:
    """Whether values keep float32's promise."""
    values, expected = np.asarray(values, np.float64), np.asarray(expected, np.float64)
    return values.shape == expected.shape and bool(np.abs(values - expected).max() <= FLOAT32 * np.abs(expected).max())
