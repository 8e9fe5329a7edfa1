"""optax: SGD of a recipe, compiled; the state and the plan's text in one NumPy file."""

from __future__ import annotations

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax

import annealing as an
from annealing.optax import load, save, scheduled
from tests.stories.everywhere.protocol import legs, plan_of


def run(text: str, updates: int, save_every: int | None, folder: Path) -> list[float]:
    recipe = an.Recipe(lr=plan_of(text, updates).schedule).over(updates)
    rates: list[float] = []
    for first, end in legs(updates, save_every):
        optimizer = scheduled(optax.sgd, recipe)
        weight = jnp.zeros(())
        state = optimizer.init(weight)
        if first:
            with np.load(folder / "state.npz") as saved:
                weight, state = load(saved, (weight, state), recipe)
        step = jax.jit(optimizer.update)
        for _ in range(first, end):
            moved, state = step(jax.grad(lambda w: w * 1.0)(weight), state, weight)
            weight = optax.apply_updates(weight, moved)
            rates.append(-float(moved))
        np.savez(folder / "state.npz", **save((weight, state), recipe))
    return rates
