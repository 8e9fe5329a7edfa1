"""Annealing escapes local minima: a temperature that falls beats descent, and every temperature that stays.

Rings of 24 states, from the best local minimum that is not the lowest: success by transfer matrices, without any chance but
that of the landscapes; modified-Lam cooling, whose temperature depends on what happens, by chains. That a rate does the same
for gradient descent is the study `escape`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annealing.beyond import ModifiedLam, anneal, distribution_after, logarithmic, ring
from annealing.core.phases import geometric, hold
from annealing.core.schedule import Schedule
from annealing.reproduce.finding import Finding, Mean, Means, Scale, noted
from annealing.reproduce.learned_cooling import STATES, landscapes
from annealing.reproduce.paired import beats
from annealing.reproduce.study import Study
from annealing.study.statistics import mean_interval

Floats = NDArray[np.float64]
UPDATES = 600
HEIGHTS = (0.1, 0.2, 0.4, 0.8, 1.6, 3.2)
COOLING: dict[str, Schedule] = {
    "geometric": geometric(0.01, per=UPDATES),
    "logarithmic": logarithmic(1.0),
    "constant": hold(),
}


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


def run(scale: Scale, seed: int) -> Finding:
    """Tune every arm on some landscapes, and compare on others."""
    count, chains = (200, 100) if scale == "full" else (20, 10)
    tuning, rng = np.random.default_rng((seed, 1)), np.random.default_rng((seed, 2))
    others, there = trapped(count, tuning)
    heights = {
        name: max(HEIGHTS, key=lambda height, shape=shape: float(success(others, there, height * shape).mean()))
        for name, shape in COOLING.items()
    }
    levels, starts = trapped(count, rng)
    found = {name: success(levels, starts, heights[name] * shape) for name, shape in COOLING.items()}
    found["modified Lam"] = lam_success(levels, starts, chains, rng)
    found["descent"] = success(levels, starts, 0.0 * hold())
    statistics = (
        *(
            beats(f"{name} cooling: success beyond that of the best constant temperature", 1 - found[name], 1 - found["constant"])
            for name in ("geometric", "logarithmic", "modified Lam")
        ),
        *(
            noted(f"{name}: success", float(values.mean()), interval=mean_interval(values.tolist()))
            for name, values in found.items()
        ),
        *(noted(f"{name}: the temperature that was best on the other landscapes", height) for name, height in heights.items()),
    )
    figure = Means(
        "Success from a local minimum",
        "A temperature that falls leaves it; descent never does.",
        "probability to end in the lowest state",
        tuple(Mean(name, float(values.mean()), mean_interval(values.tolist())) for name, values in found.items()),
    )
    return Finding(statistics, f"seed {seed}: heights chosen on {count} landscapes, compared on {count} others", figure)


STUDY = Study(
    name="simulated-annealing",
    title="A temperature that falls escapes local minima: descent is stuck there, and a constant one never settles",
    source="Kirkpatrick, Gelatt & Vecchi 1983; Lam & Delosme 1988; Hajek 1988",
    shows=("C10", "F27"),
    criterion=(
        "200 rings of 24 states, from the second lowest minimum, 600 updates, heights tuned on 200 other rings: geometric, "
        "logarithmic and modified-Lam cooling each succeed more often than the best constant temperature, paired t > 3."
    ),
    run=run,
)
