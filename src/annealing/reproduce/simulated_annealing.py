"""Annealing escapes local minima: a temperature that falls beats descent and every constant temperature; so does a rate.

Rings of 24 states, from the best local minimum that is not the lowest: success by transfer matrices, without any chance but
that of the landscapes. Then gradient descent with noise in a row of wells, where the rate is the temperature.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from annealing.beyond import ModifiedLam, anneal, distribution_after, logarithmic, ring
from annealing.core.phases import cosine, geometric, hold
from annealing.core.schedule import Schedule
from annealing.reproduce.finding import Finding, Mean, Means, Scale, above, below, noted
from annealing.reproduce.learned_cooling import STATES, landscapes
from annealing.reproduce.study import Study

Floats = NDArray[np.float64]
UPDATES = 600
HEIGHTS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
COOLING: dict[str, Schedule] = {
    "geometric": geometric(0.01, per=UPDATES),
    "logarithmic": logarithmic(1.0),
    "constant": hold(),
}
RATES = (0.003, 0.01, 0.03, 0.1, 0.3)
NOISE = 4.0


def trapped(count: int, rng: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
    """Draw landscapes with more than one minimum, and in each the second lowest one to start from."""
    kept: list[Floats] = []
    starts: list[int] = []
    while len(kept) < count:
        for levels in landscapes(count, rng):
            minima = np.flatnonzero((levels < np.roll(levels, 1)) & (levels < np.roll(levels, -1)))
            if len(minima) > 1 and len(kept) < count:
                kept.append(levels)
                starts.append(int(minima[np.argsort(levels[minima])[1]]))
    return np.array(kept), np.array(starts)


def success(levels: Floats, starts: NDArray[np.int64], schedule: Schedule) -> Floats:
    """The probability to end in the lowest state, from each start, exactly."""
    shares = distribution_after(levels, ring(STATES), schedule.over(UPDATES).values(), np.eye(STATES)[starts])
    return shares[np.arange(len(levels)), levels.argmin(axis=1)]


def lam_success(levels: Floats, starts: NDArray[np.int64], chains: int, rng: np.random.Generator) -> Floats:
    """The share of chains that end in the lowest state under modified-Lam cooling."""
    rows = np.repeat(np.arange(len(levels)), chains)
    found = anneal(
        lambda states: levels[rows, states],
        lambda states, rng: (states + rng.choice([-1, 1], len(states))) % STATES,
        np.repeat(starts, chains),
        temperature=(0.5 * hold()).over(UPDATES),
        control=ModifiedLam(updates=UPDATES, factor=0.99, memory=0.98),
        seed=rng,
    )
    return (found.states == levels.argmin(axis=1)[rows]).reshape(len(levels), chains).mean(axis=1)


def wells(x: Floats) -> Floats:
    """A row of wells on a slope to the middle."""
    return 0.05 * x**2 + 1 - np.cos(2 * x)


def descended(schedule: Schedule, walkers: int, rng: np.random.Generator) -> Floats:
    """The losses after noisy gradient descent from the fourth well to the right."""
    x = np.full(walkers, 3 * np.pi)
    for rate in schedule.over(UPDATES).values():
        x = x - rate * (0.1 * x + 2 * np.sin(2 * x) + NOISE * rng.standard_normal(walkers))
    return np.where(np.isfinite(x), wells(x), np.inf)


def best(arms: dict[float, Floats], *, low: bool) -> float:
    """The height whose mean is best."""
    return (min if low else max)(arms, key=lambda height: float(arms[height].mean()))


def run(scale: Scale, seed: int) -> Finding:
    """Tune every arm on some landscapes and walkers, and compare on others."""
    count, chains, walkers = (200, 100, 2_000) if scale == "full" else (20, 10, 200)
    tuning, rng = np.random.default_rng((seed, 1)), np.random.default_rng((seed, 2))
    others, there = trapped(count, tuning)
    heights = {
        name: best({height: success(others, there, height * shape) for height in HEIGHTS}, low=False)
        for name, shape in COOLING.items()
    }
    levels, starts = trapped(count, rng)
    found = {name: success(levels, starts, heights[name] * shape) for name, shape in COOLING.items()}
    found["modified Lam"] = lam_success(levels, starts, chains, rng)
    found["descent"] = success(levels, starts, 0.0 * hold())
    shapes: dict[str, Schedule] = {"annealed": cosine(), "best constant": hold()}
    rates = {
        name: best({rate: descended(rate * shape, walkers, tuning) for rate in RATES}, low=True) for name, shape in shapes.items()
    }
    losses = {name: descended(rates[name] * shape, walkers, rng) for name, shape in shapes.items()}
    losses["small constant"] = descended(RATES[0] * hold(), walkers, rng)
    gains = {name: found[name] - found["constant"] for name in ("geometric", "logarithmic", "modified Lam")}
    statistics = (
        below("descent: success from a local minimum", float(found["descent"].mean()), 1e-12),
        *(
            above(
                f"{name} cooling against the best constant temperature: paired t of the success",
                t_of(gain),
                3.0,
                detail=f"difference {gain.mean():+.3f}",
            )
            for name, gain in gains.items()
        ),
        *(
            below(
                f"annealed rate against {words}: t of the loss",
                t_between(losses["annealed"], losses[name]),
                -3.0,
                detail=f"difference {losses['annealed'].mean() - losses[name].mean():+.3f}",
            )
            for name, words in (("best constant", "the best constant rate"), ("small constant", "a small constant rate"))
        ),
        *(noted(f"{name}: success", float(values.mean()), interval=interval(values)) for name, values in found.items()),
        *(noted(f"{name} rate: loss", float(values.mean()), interval=interval(values)) for name, values in losses.items()),
    )
    figure = Means(
        "Success from a local minimum",
        "A temperature that falls leaves it; descent never does.",
        "probability to end in the lowest state",
        tuple(Mean(name, float(values.mean()), interval(values)) for name, values in found.items()),
    )
    seeds = f"seed {seed}: heights and rates chosen on {count} landscapes and {walkers} walkers, compared on as many others"
    return Finding(statistics, seeds, figure)


def interval(values: Floats) -> tuple[float, float]:
    """The 90 % interval of a mean."""
    half = 1.645 * float(values.std(ddof=1)) / np.sqrt(len(values))
    return float(values.mean() - half), float(values.mean() + half)


def t_of(values: Floats) -> float:
    """Student's t of a mean of 0."""
    result: Any = stats.ttest_1samp(values, 0.0)
    return float(result.statistic)


def t_between(first: Floats, second: Floats) -> float:
    """Welch's t of two means."""
    result: Any = stats.ttest_ind(first, second, equal_var=False)
    return float(result.statistic)


STUDY = Study(
    name="simulated-annealing",
    title="A temperature that falls escapes local minima, and so does a rate",
    source="Kirkpatrick, Gelatt & Vecchi 1983; Lam & Delosme 1988; Hajek 1988",
    shows=("C10", "F27"),
    criterion=(
        "200 rings of 24 states, from the second lowest minimum, 600 updates, heights tuned on 200 other rings: descent never"
        " reaches the lowest state; geometric, logarithmic and modified-Lam cooling each succeed more often than the best "
        "constant temperature, paired t > 3. 2000 walkers of noisy gradient descent in a row of wells, rates tuned on 2000 "
        "others: a cosine ends with a lower loss than the best constant rate and than a small one, t < -3 each."
    ),
    run=run,
)
