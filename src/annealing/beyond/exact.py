"""Annealing without randomness, where the states can be counted: the exact distribution after every update."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from annealing.beyond.checks import Floats
from annealing.core.errors import ArgumentError


def gibbs(energies: Any, temperature: float) -> Floats:
    """Return the distribution that annealing settles in at a constant temperature: exp(−energy / temperature), normalised.

    >>> gibbs([0.0, 1.0, 1.0], temperature=1.0).round(3)
    array([0.576, 0.212, 0.212])

    Arguments: `energies` (…, states); `temperature`, above 0.
    """
    levels = np.asarray(energies, dtype=np.float64)
    if not temperature > 0:
        raise ArgumentError(f"temperature={temperature!r} must be above 0: in the cold only the lowest states are left.")
    weights = np.exp(-(levels - levels.min(axis=-1, keepdims=True)) / temperature)
    return weights / weights.sum(axis=-1, keepdims=True)


def ring(states: int) -> Floats:
    """Return the proposals on a ring: one step to the left or to the right, as likely.

    >>> ring(4)
    array([[0. , 0.5, 0. , 0.5],
           [0.5, 0. , 0.5, 0. ],
           [0. , 0.5, 0. , 0.5],
           [0.5, 0. , 0.5, 0. ]])
    """
    if states < 3:
        raise ArgumentError(f"a ring of {states!r} states has no two neighbours for each: write 3 or more.")
    one = np.eye(states)
    return (np.roll(one, 1, axis=1) + np.roll(one, -1, axis=1)) / 2


def distribution_after(energies: Any, proposals: Any, temperatures: Any, start: Any = None) -> Floats:
    """Return the exact distribution over the states after annealing: the transfer matrix of each update, applied in turn.

    >>> import annealing as an
    >>> plan = (2 * an.linear()).over(200)
    >>> distribution_after([0.0, 3.0, 1.0, 3.0], ring(4), plan.values()).round(3)
    array([0.791, 0.   , 0.209, 0.   ])

    Arguments:
        energies: (…, states).
        proposals: A symmetric matrix (states, states): the probability that a state proposes another. Rows sum to 1.
        temperatures: (…, updates), the values of a plan. At 0 nothing rises.
        start: (…, states), by default every state is as likely.
    The leading axes of all three are broadcast, so many problems and many schedules are followed at once.

    Raises `ArgumentError` for proposals that are not symmetric or whose rows do not sum to 1.
    """
    levels, matrix = np.asarray(energies, dtype=np.float64), np.asarray(proposals, dtype=np.float64)
    heats = np.asarray(temperatures, dtype=np.float64)
    count = levels.shape[-1]
    if matrix.shape != (count, count) or not np.allclose(matrix, matrix.T) or not np.allclose(matrix.sum(axis=1), 1):
        raise ArgumentError(
            f"proposals has shape {matrix.shape} for {count} states: write a symmetric matrix of rows that sum to 1."
        )
    source, target = np.nonzero(matrix * (1 - np.eye(count)))
    moves = _incidence(source, target, count)
    rises = np.maximum(levels[..., target] - levels[..., source], 0.0)
    weight = matrix[source, target]
    lead = np.broadcast_shapes(levels.shape[:-1], heats.shape[:-1], np.shape(start)[:-1])
    begin = np.full(count, 1 / count) if start is None else np.asarray(start, dtype=np.float64)
    shares = np.broadcast_to(begin, (*lead, count))
    for t in range(heats.shape[-1]):
        with np.errstate(divide="ignore", invalid="ignore"):
            chance = np.where(rises > 0, np.exp(-rises / heats[..., t, None]), 1.0)
        shares = shares + (shares[..., source] * weight * chance) @ moves
    return shares


def _incidence(source: NDArray[np.int64], target: NDArray[np.int64], count: int) -> Floats:
    """One row per move: what it takes from a state, and gives to another."""
    moves = np.zeros((len(source), count))
    rows = np.arange(len(source))
    moves[rows, source] -= 1.0
    moves[rows, target] += 1.0
    return moves
