"""Annealing escapes a poor minimum that a small rate is stuck in, and settles lower than a large one.

Gradient steps with noise on a tilted double well, from the shallow side: the rate sets the temperature. A large rate crosses
the barrier and never settles; a small one settles where it started; one that is annealed does both.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annealing.core.families import constant
from annealing.core.phases import linear
from annealing.core.schedule import Schedule
from annealing.reproduce.finding import Curves, Finding, Line, Scale, above, below
from annealing.reproduce.paired import beats
from annealing.reproduce.study import Study

LARGE, SMALL, NOISE, TILT = 0.06, 0.004, 2.5, 0.25
UPDATES, WALKERS = 4_000, 400
ARMS: dict[str, tuple[float, Schedule]] = {
    "annealed": (LARGE, linear(to=SMALL / LARGE)),
    "large": (LARGE, constant()),
    "small": (SMALL, constant()),
}


def height(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """The double well (x² − 1)²/4 with its right side lower by a tilt."""
    return 0.25 * (x**2 - 1) ** 2 - TILT * x


def descend(rates: NDArray[np.float64], walkers: int, seed: int, points: int = 50) -> NDArray[np.float64]:
    """Return where every walker was at `points` times of its run: [points, walkers]."""
    rng = np.random.default_rng(seed)
    x = np.full(walkers, -1.0)
    seen: list[NDArray[np.float64]] = []
    for update, rate in enumerate(rates):
        slope = np.clip(x * (x**2 - 1) - TILT, -10, 10)  # a wall far outside, so that no step is thrown to infinity
        x = x - rate * (slope + NOISE * rng.standard_normal(walkers))
        if (update + 1) % (len(rates) // points) == 0:
            seen.append(x.copy())
    return np.array(seen)


def run(scale: Scale, seed: int) -> Finding:
    """Let walkers descend under an annealed, a large and a small rate."""
    updates, walkers = (UPDATES, WALKERS) if scale == "full" else (500, 60)
    paths = {name: descend((rate * shape).over(updates).values(), walkers, seed) for name, (rate, shape) in ARMS.items()}
    crossed = {name: float((path[-1] > 0).mean()) for name, path in paths.items()}
    ends = {name: height(path[-1]) for name, path in paths.items()}
    statistics = (
        above("annealed: share that ends in the deep well", crossed["annealed"], 0.9),
        below("small rate: share that ends in the deep well", crossed["small"], 0.1),
        beats("annealed ends lower than the small rate", ends["annealed"], ends["small"]),
        beats("annealed ends lower than the large rate", ends["annealed"], ends["large"]),
    )
    x = tuple((np.arange(1, len(paths["small"]) + 1) * (updates // 50)).tolist())
    lines = tuple(Line(name, x, tuple(height(path).mean(1).tolist())) for name, path in paths.items())
    figure = Curves("Height above the wells", f"The mean of {walkers} walkers.", "update", "mean height", lines)
    return Finding(statistics, f"seed {seed}, {walkers} walkers", figure)


STUDY = Study(
    name="escape",
    title="Annealing escapes local minima",
    source="a claim of the glossaries; a tilted double well",
    shows=("C10", "C1", "F27"),
    criterion=(
        "400 noisy descents from the shallow side of a double well: under the annealed rate more than 90 % end in the deep "
        "well, under the small rate fewer than 10 %, and the annealed ones end lower than those of either constant rate (t > "
        "3)."
    ),
    run=run,
)
