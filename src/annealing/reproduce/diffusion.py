"""Steps that grow with the function's own value find its minimum without gradients, where they grow fast enough.

Steps of c · f^α settle in the density 1/f^(2α), which gathers at the minimum when 4α is at least the number of dimensions.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from annealing.beyond import PowerSpread, diffuse
from annealing.core.phases import hold
from annealing.reproduce.finding import Curves, Finding, Line, Scale, above, below, noted
from annealing.reproduce.study import Study

Floats = NDArray[np.float64]
SIDE, WATCHED, WALKERS = 1.5, (100, 400, 1_600, 6_400), 1_000
SCALE = 0.25


def rippled(places: Floats) -> Floats:
    """A bowl with ripples, in the manner of Rastrigin: 0 at the origin, local minima around it."""
    return (places**2 + 0.5 * (1 - np.cos(2 * np.pi * places))).sum(axis=1)


def bowl(places: Floats) -> Floats:
    """The bowl without them."""
    return (places**2).sum(axis=1)


def seen(
    function: Callable[[Floats], Floats],
    exponent: float,
    dimensions: int,
    watched: tuple[int, ...],
    walkers: int,
    rng: np.random.Generator,
) -> Floats:
    """The values of all walkers at the updates that are watched."""
    start = rng.uniform(-SIDE, SIDE, (walkers, dimensions))
    spread = PowerSpread((SCALE * hold()).over(watched[-1]), exponent)
    return diffuse(function, start, spread=spread, low=-SIDE, high=SIDE, watch=watched, seed=rng).seen


def run(scale: Scale, seed: int) -> Finding:
    """Diffuse in two dimensions with several exponents, then look for the boundary in one, two and three."""
    watched, walkers = (WATCHED, WALKERS) if scale == "full" else (WATCHED[:2], 100)
    rng = np.random.default_rng(seed)
    found = {exponent: seen(rippled, exponent, 2, watched, walkers, rng) for exponent in (1.0, 0.5, 0.25, 0.0)}
    low = {exponent: (values < 0.05).mean(axis=1) for exponent, values in found.items()}
    medians = np.median(found[1.0], axis=1)
    slope = np.polyfit(np.log(watched), np.log(medians), 1)[0]
    straight = np.corrcoef(np.log(watched), np.log(medians))[0, 1]
    early = watched[1] if scale == "full" else watched[0]
    shrunk: dict[tuple[int, str], float] = {}
    for dimensions in (1, 2, 3):
        for side, exponent in (("above", dimensions / 4 + 0.35), ("below", dimensions / 4 - 0.15)):
            middle = np.median(
                seen(bowl, exponent, dimensions, (early, watched[-1]), walkers // 2, rng),
                axis=1,
            )
            shrunk[dimensions, side] = float(middle[1] / middle[0])
    error = 1.645 * float(np.sqrt(low[1.0][-1] * (1 - low[1.0][-1]) / walkers))
    statistics = (
        above(
            f"exponent 1: share below 0.05 after {watched[-1]} updates",
            low[1.0][-1],
            0.9 - 1e-12,
            interval=(float(low[1.0][-1]) - error, min(1.0, float(low[1.0][-1]) + error)),
            detail=", ".join(f"{n}: {share:.3f}" for n, share in zip(watched, low[1.0], strict=True)),
        ),
        below("exponent 1: slope of the log median over log updates", float(slope), 0.0),
        below("exponent 1: correlation of the two, -1 for an algebraic decay", float(straight), -0.95),
        below("exponent 1/4: share below 0.05", float(low[0.25][-1]), 0.05),
        below("constant steps: share below 0.05", float(low[0.0][-1]), 0.05),
        below(
            "above the boundary: largest median at the end ÷ early on, in 1, 2 and 3 dimensions",
            max(shrunk[d, "above"] for d in (1, 2, 3)),
            1 / 3,
            detail=", ".join(f"{d}: {shrunk[d, 'above']:.2g}" for d in (1, 2, 3)),
        ),
        above(
            "below the boundary: smallest median at the end ÷ early on, in 1, 2 and 3 dimensions",
            min(shrunk[d, "below"] for d in (1, 2, 3)),
            2 / 3,
            detail=", ".join(f"{d}: {shrunk[d, 'below']:.2g}" for d in (1, 2, 3)),
        ),
        noted("exponent 1/2, on the boundary: share below 0.05", float(low[0.5][-1])),
    )
    figure = Curves(
        "Median of the function over the walkers",
        "Only steps that shrink fast enough with the value gather at the minimum.",
        "update",
        "median of the function",
        tuple(
            Line(name, tuple(map(float, watched)), tuple(np.median(found[exponent], axis=1).tolist()))
            for name, exponent in (("exponent 1", 1.0), ("exponent 1/2", 0.5), ("exponent 1/4", 0.25), ("constant steps", 0.0))
        ),
        log="xy",
    )
    return Finding(statistics, f"seed {seed}, {walkers} walkers", figure)


STUDY = Study(
    name="diffusion",
    title="Diffusion whose steps depend on the function's own value finds the minimum without gradients",
    source="Engquist, Ren & Yang 2023, arXiv:2302.04370",
    shows=("F30", "C10"),
    criterion=(
        "In two dimensions on a rippled bowl with steps f^a / 4: for a = 1 at least 0.9 of the walkers are below 0.05 after "
        "6400 updates and the median falls algebraically (log-log correlation below -0.95); for a = 1/4 and for constant "
        "steps less than 0.05 are. On a plain bowl in 1, 2 and 3 dimensions the median from update 400 to 6400 falls to less "
        "than a third with a = d/4 + 0.35, and stays above two thirds with a = d/4 - 0.15."
    ),
    run=run,
)
