"""Clusters of handwritten digits: a sampler that grows and churns a subsample, beside two that start with all rows.

Three ways to spend the same number of additions and removals on a Dirichlet process mixture of Gaussians: Gibbs sampling from a
draw of the prior; the rows added one after the other, and Gibbs sampling from there; subsample annealing with three passes.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from annealing.beyond import passes_tokens, row_tokens
from annealing.beyond.subsample import Token
from annealing.core.errors import TaskError
from annealing.reproduce.dirichlet import Mixtures
from annealing.reproduce.finding import Finding, Mean, Means, Scale, noted
from annealing.reproduce.paired import beats
from annealing.reproduce.study import Study
from annealing.study.statistics import mean_interval

Floats = NDArray[np.float64]
COLUMNS, PASSES, CHAINS = 8, 3, 16
PRIOR, SEQUENTIAL, ANNEALED = "Gibbs sampling from the prior", "sequential, then Gibbs sampling", "subsample annealing"


@cache
def digits() -> Floats:
    """Return the 1797 digits on their first principal components, each of variance 1.

    Raises `TaskError` when scikit-learn, which brings the data, is not installed.
    """
    try:
        from sklearn.datasets import load_digits  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
    except ImportError:
        raise TaskError("the study mixture needs scikit-learn, which brings the data: pip install scikit-learn.") from None
    pixels = np.asarray(load_digits(return_X_y=True)[0], dtype=np.float64)
    left, _, _ = np.linalg.svd(pixels - pixels.mean(0), full_matrices=False)
    return left[:, :COLUMNS] * np.sqrt(len(left))


def streams(rows: int) -> dict[str, list[Token]]:
    """Return the additions and removals of every arm, as many for each: what is left after all rows are in resamples them.

    >>> {name: len(stream) for name, stream in streams(4).items()}
    {'Gibbs sampling from the prior': 16, 'sequential, then Gibbs sampling': 16, 'subsample annealing': 16}
    """
    annealed, once = list(passes_tokens(rows, passes=PASSES)), list(passes_tokens(rows, passes=1))
    resampling: list[Token] = ["REMOVE", "ADD"] * ((len(annealed) - len(once)) // 2)
    return {PRIOR: once + resampling, SEQUENTIAL: once + resampling, ANNEALED: annealed}


def sampled(data: Floats, stream: Sequence[Token], seeds: Sequence[int], *, blind: int = 0) -> Mixtures:
    """Follow a stream from each seed, every one in its own order of rows; the first `blind` rows are assigned by the prior."""
    found = Mixtures(data, len(seeds), np.random.default_rng(list(seeds)))
    together = zip(*(row_tokens(stream, len(data), seed) for seed in seeds), strict=True)
    for place, steps in enumerate(together):  # the same word to every chain, about a row of its own
        words, rows = zip(*steps, strict=True)
        if words[0] == "ADD":
            found.add(np.array(rows), blind=place < blind)
        else:
            found.remove(np.array(rows))
    return found


def run(scale: Scale, seed: int) -> Finding:
    """Sample the digits in all three ways, and compare the log joint at the end, seed by seed."""
    data, chains = (digits(), CHAINS) if scale == "full" else (digits()[:100], 2)
    seeds = range(1_000 * seed + 100, 1_000 * seed + 100 + chains)
    arms = streams(len(data))
    found = {name: sampled(data, stream, seeds, blind=len(data) * (name == PRIOR)) for name, stream in arms.items()}
    lacks = {name: -one.log_joint() / len(data) for name, one in found.items()}
    ends = {name: Mean(name, float(-lack.mean()), mean_interval((-lack).tolist())) for name, lack in lacks.items()}
    statistics = (
        *(
            beats(f"{ANNEALED}: −log joint per row below that of {other}", lacks[ANNEALED], lacks[other])
            for other in (PRIOR, SEQUENTIAL)
        ),
        *(noted(f"{name}: log joint per row", mean.value, interval=mean.interval) for name, mean in ends.items()),
        *(noted(f"{name}: groups at the end", float((one.count > 0).sum(1).mean())) for name, one in found.items()),
        noted("additions and removals per row, for each", len(arms[ANNEALED]) / len(data)),
    )
    figure = Means(
        "What the same number of steps finds",
        f"{len(data)} digits on {COLUMNS} principal components; the higher, the likelier data and groups together.",
        "log joint per row",
        tuple(ends.values()),
    )
    note = (
        "Sequential initialisation is subsample annealing with one pass, so the second comparison asks if churning while the "
        "subsample grows is worth more than as many steps of Gibbs sampling once it is whole."
    )
    return Finding(statistics, f"seeds {seeds[0]} to {seeds[-1]}", figure, (note,))


STUDY = Study(
    name="mixture",
    title="Growing and churning a subsample finds likelier clusters than Gibbs sampling in as many steps",
    source="Obermeyer, Glidden & Jonas 2014, arXiv:1402.5473",
    shows=("F29", "C10"),
    criterion=(
        "1797 digits on 8 principal components, a Dirichlet process mixture of Gaussians with a conjugate prior, 16 seeds, as "
        "many additions and removals of rows for each: subsample annealing with three passes ends with a log joint above that "
        "of Gibbs sampling from a draw of the prior, and above that of sequential initialisation followed by Gibbs sampling "
        "(t > 3 each)."
    ),
    run=run,
)
