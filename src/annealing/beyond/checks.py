"""What is read at the door of every function here: plans as temperatures, noise or counts, and where randomness comes from."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from annealing.core.checks import whole
from annealing.core.errors import ArgumentError, KindError
from annealing.core.plan import Plan

Floats: TypeAlias = NDArray[np.float64]
Seed: TypeAlias = int | np.random.Generator
"""Whole numbers give the same answer again; a generator goes on from where it is."""


def values_of(name: str, plan: Plan) -> Floats:
    """Return one value per update of a plan that means an amount: finite, and never below 0.

    >>> import annealing as an
    >>> values_of("temperature", (2 * an.linear()).over(4))
    array([2. , 1.5, 1. , 0.5])
    """
    if not isinstance(plan, Plan):
        raise KindError(f"{name}={plan!r} is not a plan: write a schedule and .over(updates), such as (2 * cosine()).over(1000).")
    if math.isinf(plan.total):
        raise ArgumentError(f"{name}={plan} has no end, so nobody knows when to stop: write .over(1000).")
    values = np.asarray(plan.values(), dtype=np.float64)
    bad = ~(np.isfinite(values) & (values >= -1e-12 * np.abs(values).max(initial=0.0)))
    if bad.any():
        t = int(np.argmax(bad))
        raise ArgumentError(f"{name} is {values[t]:g} at update {t}: it must be finite and at least 0; add .clip(low=0).")
    return np.maximum(values, 0.0)


def counts_of(name: str, plan: Plan) -> NDArray[np.int64]:
    """Return one whole number per update, rounded, and at least 1.

    >>> import annealing as an
    >>> counts_of("samples", (4 * an.linear()).over(4))
    array([4, 3, 2, 1])
    """
    values = values_of(name, plan)
    counts = np.rint(values).astype(np.int64)
    if (counts < 1).any():
        t = int(np.argmax(counts < 1))
        raise ArgumentError(f"{name} is {values[t]:g} at update {t}, which rounds to none: add .clip(low=1).")
    return counts


def same_length(**plans: Floats | NDArray[np.int64]) -> None:
    """Refuse plans that are not over the same updates."""
    lengths = {name: len(values) for name, values in plans.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} over {length}" for name, length in lengths.items())
        raise ArgumentError(f"{told} updates: plans that work together are written .over() the same total.")


def rows_of(name: str, values: Any, rows: int) -> Floats:
    """Return what a user's function says about each of several states, or refuse another shape."""
    found = np.asarray(values, dtype=np.float64)
    if found.shape != (rows,):
        raise ArgumentError(
            f"{name} answered with shape {found.shape} for {rows} states at once: it returns one number per state."
        )
    return found


def generator(seed: Any) -> np.random.Generator:
    """Return the source of randomness that a seed stands for."""
    if isinstance(seed, np.random.Generator):
        return seed
    try:
        return np.random.default_rng(whole("seed", seed, at_least=0))
    except ArgumentError:
        raise KindError(f"seed={seed!r} is no seed: write a whole number from 0, or a numpy.random.Generator.") from None
