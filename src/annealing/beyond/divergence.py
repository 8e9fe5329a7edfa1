"""Contrastive divergence with annealed rates: fit an exponential family by a few Markov moves from the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np

from annealing.beyond.checks import Floats, Seed, generator, values_of
from annealing.core.checks import whole
from annealing.core.errors import ArgumentError
from annealing.core.plan import Plan

Statistics: TypeAlias = Callable[[Any], Any]
"""The sufficient statistics of each state: (…, n, variables) to (…, n, parameters)."""
Sweep: TypeAlias = Callable[[Any, Floats, np.random.Generator], Any]
"""One sweep, from states (…, n, variables), of a Markov chain that leaves the model with these parameters invariant."""


@final
@dataclass(frozen=True)
class Estimate:
    """The parameters: `average`, weighted by the rates, is the estimate; `last`; and the `path`, (updates, …, parameters)."""

    average: Floats
    last: Floats
    path: Floats


def contrastive_divergence(
    statistics: Statistics,
    sweep: Sweep,
    data: Any,
    *,
    rate: Plan,
    start: Any,
    sweeps: int = 1,
    average_from: int = 0,
    bound: float = 10.0,
    seed: Seed = 0,
) -> Estimate:
    """Move the parameters by rate · (statistics of the data − statistics after a few sweeps from the data), update by update.

    With rates whose sum is infinite and that go to 0 (`satisfies_robbins_monro`), the weighted average is a consistent estimate,
    however few the sweeps are.

    >>> import annealing as an
    >>> spins = np.sign(np.random.default_rng(1).random((2_000, 1)) - 0.25)  # up with probability 3/4
    >>> def heat_bath(states, theta, rng):
    ...     return np.where(rng.random(states.shape) < 1 / (1 + np.exp(-2 * theta)), 1.0, -1.0)
    >>> found = contrastive_divergence(lambda s: s, heat_bath, spins, rate=(0.5 * an.power(-0.75, per=20)).over(300), start=[0.0])
    >>> bool(abs(found.average[0] - np.arctanh(spins.mean())) < 0.02)
    True

    Arguments:
        statistics: Sufficient statistics of every state, (…, n, variables) to (…, n, parameters).
        sweep: Given states, parameters (…, parameters) and a generator: the states after one sweep under those parameters.
        data: States (…, n, variables). Leading axes are independent data sets, fitted side by side.
        rate: A plan over the updates.
        start: Parameters to start from, (parameters,) or (…, parameters).
        sweeps: Of the chain, before its statistics are taken.
        average_from: The first update whose parameters enter the average.
        bound: Parameters are kept within ±bound, a compact set, as the theory wants.
        seed: A whole number, or a `numpy.random.Generator` to go on with.

    Raises `KindError` where the rate is no plan, `ArgumentError` for statistics of another shape than the parameters, or where
    nothing is left to average.

    Source: Jiang, Wu & Wong 2016, Convergence of contrastive divergence with annealed learning rate, arXiv:1605.06220.
    """
    rates, many, rng = values_of("rate", rate), whole("sweeps", sweeps), generator(seed)
    first = whole("average_from", average_from, at_least=0)
    if not rates[first:].sum() > 0:
        raise ArgumentError(f"average_from={first} leaves no update of {len(rates)} with a rate above 0: write a smaller one.")
    states = np.asarray(data)
    observed = np.asarray(statistics(states), dtype=np.float64).mean(axis=-2)
    theta = np.broadcast_to(np.asarray(start, dtype=np.float64), observed.shape) if _fits(start, observed) else None
    if theta is None:
        raise ArgumentError(f"start has shape {np.shape(start)}, the statistics {observed.shape}: one parameter per statistic.")
    path = np.empty((len(rates), *theta.shape))
    for t, step in enumerate(rates):
        moved = states
        for _ in range(many):
            moved = sweep(moved, theta, rng)
        model = np.asarray(statistics(moved), dtype=np.float64).mean(axis=-2)
        theta = np.clip(theta + step * (observed - model), -bound, bound)
        path[t] = theta
    average = np.tensordot(rates[first:], path[first:], axes=1) / rates[first:].sum()
    return Estimate(average, theta, path)


def _fits(start: Any, observed: Floats) -> bool:
    shape = np.shape(start)
    return len(shape) <= observed.ndim and all(a in (1, b) for a, b in zip(shape[::-1], observed.shape[::-1], strict=False))
