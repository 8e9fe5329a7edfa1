"""Simulated annealing where the energy can only be observed with noise: two plans, a temperature and a number of samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np

from annealing.beyond.checks import Floats, Seed, counts_of, generator, rows_of, same_length, values_of
from annealing.beyond.metropolis import Propose, States, accept, pick
from annealing.core.plan import Plan

Observe: TypeAlias = Callable[[States, int, np.random.Generator], Any]
"""The mean of so many noisy observations of the energy of each of several states, shape (chains,)."""


@final
@dataclass(frozen=True)
class NoisyAnnealed:
    """Where the chains ended, the energies last observed there (noise and all), and what was spent.

    `spent` counts the observations that one chain has made up to and with each update, `accepted` is a share per chain.
    """

    states: States
    observed: Floats
    spent: Floats
    accepted: Floats


def anneal_noisy(
    observe: Observe, propose: Propose, start: States, *, temperature: Plan, samples: Plan, seed: Seed = 0
) -> NoisyAnnealed:
    """Anneal on means of noisy observations, of which both states get `samples(t)` fresh ones at each update.

    The noise of a mean, σ / √samples, acts as a temperature of its own, so it has to fall faster than the plan's: samples that
    grow in proportion to t keep it negligible beside a logarithmic cooling, a fixed number does not.

    >>> import annealing as an
    >>> def observe(x, samples, rng):
    ...     return abs(x - 20) + rng.normal(0, 4 / np.sqrt(samples), len(x))
    >>> nearby = lambda x, rng: x + rng.choice([-1, 1], len(x))
    >>> growing = (200 * an.linear(to=1, start=0)).clip(low=1).over(1_000)
    >>> found = anneal_noisy(observe, nearby, np.zeros(100, int), temperature=(2 * an.linear()).over(1_000), samples=growing)
    >>> bool(np.mean(abs(found.states - 20) <= 1) > 0.9)
    True

    Arguments:
        observe: Given states, a number of samples and a generator: the mean of so many observations of each state's energy.
        propose: Neighbours of an array of states, symmetric, given the states and a generator.
        start: One state per chain, along the first axis.
        temperature: A plan in the units of the energy; its total is the number of updates.
        samples: A plan over the same updates, rounded to whole numbers, at least 1.
        seed: A whole number, or a `numpy.random.Generator` to go on with.

    Raises `KindError` where either is no plan, `ArgumentError` for plans of unequal length, for less than one sample, and where
    observations are not one number per chain.

    Source: Bouttier & Gavra 2017, Convergence rate of a simulated annealing algorithm with noisy observations, arXiv:1703.00329.
    """
    temperatures, counts = values_of("temperature", temperature), counts_of("samples", samples)
    same_length(temperature=temperatures, samples=counts)
    rng = generator(seed)
    states = np.array(start)
    chains = len(states)
    accepted, last = np.zeros(chains), np.full(chains, np.nan)
    for base, count in zip(temperatures, counts.tolist(), strict=True):
        others = propose(states, rng)
        here = rows_of("observe", observe(states, count, rng), chains)  # anew: a lucky observation must not be kept
        there = rows_of("observe", observe(others, count, rng), chains)
        taken = accept(there - here, base, rng)
        states, last = pick(taken, others, states), np.where(taken, there, here)
        accepted += taken
    return NoisyAnnealed(states, last, np.cumsum(2.0 * counts.astype(np.float64)), accepted / max(1, len(counts)))
