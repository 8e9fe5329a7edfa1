"""Simulated annealing: Metropolis moves under a temperature that is a plan, many chains at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from annealing.beyond.checks import Floats, Seed, generator, rows_of, values_of
from annealing.control.protocol import Controller
from annealing.core.plan import Plan

States: TypeAlias = NDArray[Any]
"""Several states at once, along the first axis: shape (chains, …)."""
Energy: TypeAlias = Callable[[States], Any]
"""The energy of each of several states, shape (chains,): what is minimised."""
Propose: TypeAlias = Callable[[States, np.random.Generator], States]
"""Another state beside each of several states, drawn symmetrically: there is as likely as back."""


@final
@dataclass(frozen=True)
class Annealed:
    """Where the chains ended and the best they saw: arrays with one row per chain.

    `trace` is the mean energy over the chains after each update, `accepted` the share of proposals that was taken.
    """

    states: States
    energies: Floats
    best_states: States
    best_energies: Floats
    trace: Floats
    accepted: Floats


def anneal(
    energy: Energy, propose: Propose, start: States, *, temperature: Plan, control: Controller[Any] | None = None, seed: Seed = 0
) -> Annealed:
    """Minimise an energy by moves that are taken with probability min(1, exp(−rise / temperature)).

    >>> import annealing as an
    >>> hills = lambda x: 0.02 * (x - 60) ** 2 + 3 * np.sin(x / 2)
    >>> nearby = lambda x, rng: x + rng.choice([-1, 1], len(x))
    >>> found = anneal(hills, nearby, np.zeros(8, int), temperature=(8 * an.linear()).over(3_000))
    >>> found.best_states
    array([60, 60, 60, 60, 60, 60, 60, 60])

    Arguments:
        energy: Energies of an array of states, shape (chains,). One that is NaN is never moved to.
        propose: Neighbours of an array of states, given the states and a generator; symmetric (there is as likely as back).
        start: One state per chain along the first axis: numbers, vectors, permutations.
        temperature: A plan in the units of the energy; its total is the number of updates. At 0 nothing rises.
        control: A controller that observes after each update which chains moved (1.0 or 0.0 each), such as `ModifiedLam`; each
            chain's temperature is plan(t) times the gain of its own state.
        seed: A whole number, or a `numpy.random.Generator` to go on with.

    Raises `KindError` where the temperature is no plan, `ArgumentError` where it is negative or has no end, and where the energy
    does not answer with one number per chain.

    Source: Kirkpatrick, Gelatt & Vecchi 1983, Optimization by simulated annealing, Science 220.
    """
    temperatures, rng = values_of("temperature", temperature), generator(seed)
    states = np.array(start)
    chains = len(states)
    energies = rows_of("energy", energy(states), chains)
    best_states, best = states.copy(), energies.copy()
    state, gain = (None, 1.0) if control is None else (control.init(), 1.0)
    trace = np.empty(len(temperatures))
    accepted = np.zeros(chains)
    for t, base in enumerate(temperatures):
        others = propose(states, rng)
        new = rows_of("energy", energy(others), chains)
        taken = accept(new - energies, base * gain, rng)
        states = pick(taken, others, states)
        energies = np.where(taken, new, energies)
        better = energies < best
        if better.any():
            best_states, best = pick(better, states, best_states), np.where(better, energies, best)
        if control is not None:
            state, gain = control.step(state, taken.astype(np.float64))
        accepted += taken
        trace[t] = energies.mean()
    return Annealed(states, energies, best_states, best, trace, accepted / max(1, len(temperatures)))


def accept(rises: Floats, temperature: Any, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Take what does not rise, and a rise with probability exp(−rise / temperature).

    >>> accept(np.array([-1.0, 0.0, 50.0, np.nan]), 1.0, np.random.default_rng(0))
    array([ True,  True, False, False])
    """
    chances = rng.random(len(rises))  # drawn in any case, so that the randomness used does not depend on the energies
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return (rises <= 0) | (chances < np.exp(-rises / temperature))


def pick(rows: NDArray[np.bool_], yes: States, no: States) -> States:
    """Take each row from one of two arrays of states."""
    return np.where(rows.reshape(-1, *[1] * (no.ndim - 1)), yes, no)
