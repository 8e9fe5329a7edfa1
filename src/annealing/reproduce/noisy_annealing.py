"""Annealing on noisy energies works where the number of samples grows as it cools, and not where it stays.

A ring of 40 states with five valleys, energies observed with noise of standard deviation 2, logarithmic cooling.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from annealing.beyond import anneal_noisy, logarithmic
from annealing.core.phases import hold, power
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule
from annealing.reproduce.finding import Finding, Mean, Means, Scale, above, below, holds, noted
from annealing.reproduce.study import Study

STATES, NOISE, DEPTH = 40, 2.0, 0.35
ANGLES = 2 * np.pi * (np.arange(STATES) + 0.5) / STATES
ENERGIES = (1 - np.cos(ANGLES)) / 2 + 0.18 * (1 - np.cos(5 * ANGLES))
GROWTHS = (0.0, 0.5, 1.0, 1.5)


def observe(states: NDArray[np.int64], samples: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """The mean of noisy observations of each state's energy."""
    return ENERGIES[states] + rng.normal(0.0, NOISE / np.sqrt(samples), len(states))


def beside(states: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """One step to the left or to the right."""
    return (states + rng.choice([-1, 1], len(states))) % STATES


def found_low(samples: Schedule, updates: int, chains: int, rng: np.random.Generator) -> tuple[float, float]:
    """Anneal chains from everywhere; return the share that ends lower than 0.1, and the observations that each spent."""
    plan: Plan = samples.rounded(minimum=1).over(updates)
    start = np.arange(chains) % STATES
    ended = anneal_noisy(observe, beside, start, temperature=logarithmic(DEPTH).over(updates), samples=plan, seed=rng)
    return float(np.mean(ENERGIES[ended.states] < 0.1)), float(ended.spent[-1])


def run(scale: Scale, seed: int) -> Finding:
    """Anneal with samples that grow as powers of the time, and with fixed numbers of them."""
    updates, chains = (3_000, 300) if scale == "full" else (300, 120)
    rng = np.random.default_rng(seed)
    grown = {a: found_low(power(a, per=1), updates, chains, rng) for a in GROWTHS}
    shares = {a: share for a, (share, _) in grown.items()}
    budget = grown[0.5][1] / 2 / updates
    equal = {n: found_low(n * hold(), updates, chains, rng)[0] for n in (max(1, round(budget)),)}

    def spread(share: float) -> tuple[float, float]:
        half = 1.645 * math.sqrt(max(share * (1 - share), 1 / chains) / chains)
        return max(0.0, share - half), min(1.0, share + half)

    statistics = (
        holds("the share that ends low rises with the growth", float(np.mean(np.diff([shares[a] for a in GROWTHS]) > 0))),
        below("share with one sample throughout", shares[0.0], 0.1, interval=spread(shares[0.0])),
        above("share with samples in proportion to time", shares[1.0], 0.8, interval=spread(shares[1.0])),
        *(noted(f"share with samples as time to the {a:g}", shares[a], interval=spread(shares[a])) for a in (0.5, 1.5)),
        *(noted(f"share with {n} samples throughout, as costly as time to the 0.5", share) for n, share in equal.items()),
    )
    figure = Means(
        "Share of chains that end in the lowest valley",
        "More samples as it cools keep the noise below the temperature.",
        "share of chains",
        tuple(Mean(f"samples grow as time to the {a:g}", shares[a], spread(shares[a])) for a in GROWTHS[::-1]),
    )
    return Finding(statistics, f"seed {seed}, {chains} chains of {updates} updates", figure)


STUDY = Study(
    name="noisy-annealing",
    title="Annealing on noisy energies needs a number of samples that grows as it cools",
    source="Bouttier & Gavra 2017, arXiv:1703.00329",
    shows=("F31",),
    criterion=(
        "On a multimodal ring of 40 states with noise of standard deviation 2 and temperature 0.35/log(2 + k), in 3000 "
        "updates of 300 chains: the share that ends with an energy below 0.1 rises with the exponent a of the number of "
        "samples k^a over 0, 0.5, 1 and 1.5; it is below 0.1 for a = 0 and above 0.8 for a = 1."
    ),
    run=run,
)
