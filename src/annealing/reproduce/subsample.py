"""Growing a subsample mixes in linear time where single-site Gibbs sampling needs quadratic time.

Two clusters and data that say nothing: the share of rows in a cluster is then uniform. Gibbs sampling from all rows in one
cluster walks there by diffusion; adding the rows one by one, each by the probabilities of those before it, is there at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annealing.beyond import passes_tokens
from annealing.reproduce.finding import Curves, Finding, Line, Scale, below, between, noted
from annealing.reproduce.study import Study

Floats = NDArray[np.float64]
ROWS = (16, 32, 64, 128, 256)
REPLICATES = 400
CLOSE = 0.12


def distance(counts: NDArray[np.int64], rows: int) -> float:
    """The largest distance of the distribution of counts 0 … rows from the uniform one (Kolmogorov's)."""
    share = np.cumsum(np.bincount(counts, minlength=rows + 1)) / len(counts)
    return float(np.abs(share - np.arange(1, rows + 2) / (rows + 1)).max())


def gibbs_steps(rows: int, rng: np.random.Generator) -> int:
    """Resample single rows, from all in the first cluster, until the counts are close to uniform; return how many it took."""
    counts = np.full(REPLICATES, rows)
    looks, step = max(1, rows // 4), 0
    while distance(counts, rows) >= CLOSE:
        for _ in range(looks):
            counts = counts - (rng.random(REPLICATES) < counts / rows)  # a random row leaves …
            counts = counts + (rng.random(REPLICATES) < (counts + 1) / (rows + 1))  # … and comes back where others are
        step += looks
    return step


def annealed(rows: int, rng: np.random.Generator) -> tuple[int, NDArray[np.int64]]:
    """Follow the tokens of one pass; return how many there were, and how many rows the first cluster has at the end."""
    counts, held, tokens = np.zeros(REPLICATES, dtype=np.int64), 0, 0
    for token in passes_tokens(rows, passes=1):
        if token.startswith("ADD"):
            counts = counts + (rng.random(REPLICATES) < (counts + 1) / (held + 2))
            held += 1
        else:
            counts = counts - (rng.random(REPLICATES) < counts / held)
            held -= 1
        tokens += 1
    return tokens, counts


def run(scale: Scale, seed: int) -> Finding:
    """Count the steps of both for growing data."""
    sizes = ROWS if scale == "full" else ROWS[:3]
    rng = np.random.default_rng(seed)
    steps = [gibbs_steps(rows, rng) for rows in sizes]
    grown = [annealed(rows, rng) for rows in sizes]
    far = [distance(counts, rows) for rows, (_, counts) in zip(sizes, grown, strict=True)]
    slope = float(np.polyfit(np.log(sizes), np.log(steps), 1)[0])
    cost = [tokens / rows for rows, (tokens, _) in zip(sizes, grown, strict=True)]
    statistics = (
        between("Gibbs sampling: slope of log steps over log rows", slope, 1.8, 2.2),
        below("subsample annealing: largest distance from uniform after one addition per row", max(far), CLOSE),
        between("subsample annealing: steps per row", max(cost), 1.0, 1.0),
        noted(f"steps of Gibbs sampling at {sizes[-1]} rows", float(steps[-1])),
    )
    x = tuple(map(float, sizes))
    figure = Curves(
        "Steps until the clusters are mixed",
        "Growing a subsample takes one step per row.",
        "rows",
        "steps",
        (Line("subsample annealing", x, x), Line("Gibbs sampling", x, tuple(map(float, steps)))),
        log="xy",
    )
    return Finding(statistics, f"seed {seed}, {REPLICATES} replicates", figure)


STUDY = Study(
    name="subsample",
    title="Annealing by a growing subsample mixes in linear instead of quadratic time",
    source="Obermeyer, Glidden & Jonas 2014, arXiv:1402.5473",
    shows=("F29",),
    criterion=(
        "In a two-cluster model whose share is uniform in the posterior, single-site Gibbs sampling from one cluster needs a "
        "number of steps to a Kolmogorov distance below 0.12 (400 replicates) that grows with a slope of 1.8 to 2.2 over 16 "
        "to 256 rows on log axes; subsample annealing with one pass is below 0.12 after one step per row at every size."
    ),
    run=run,
    exact=True,
)
