"""Linear decay, and a schedule read off a run's own gradients: warm-up and annealing appear in it by themselves.

From the gradient norms of one run, with weights w_t = ‖g_t‖⁻² after a median filter, the refined rate of update t is
proportional to w_t · Σ_{p>t} w_p. With norms that never change this is the straight line to zero.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from annealing.core.families import constant
from annealing.core.marks import table
from annealing.core.phases import cosine, linear
from annealing.core.schedule import Schedule
from annealing.reproduce.digits import Bench, tuned
from annealing.reproduce.finding import Curves, Finding, Line, Scale, below
from annealing.reproduce.paired import beats
from annealing.reproduce.study import Study

EPOCHS = 25
SAMPLES, DIMENSION, REPLICATES, BATCH = 400, 20, 40, 4
RATES = tuple(0.05 * 2**i for i in range(7))

Floats = NDArray[np.float64]


def refined(norms: Floats, *, window: float = 0.1) -> Schedule:
    """Return the refined schedule of a run from the norm of every update's gradient, with its peak at 1.

    >>> refined(np.ones(5)).over().values()
    array([1.  , 0.75, 0.5 , 0.25, 0.  ])

    Arguments: `window`, the length of the median filter as a share of the run.
    """
    size = max(1, int(window * norms.size)) | 1
    weights = 1 / np.asarray(median_filter(norms, size, mode="nearest"), dtype=np.float64) ** 2
    later = weights.sum() - np.cumsum(weights)
    later[-1] = 0.0
    rates = weights * later
    return table((rates / rates.max()).tolist())


class Logistic:
    """Logistic regressions with label noise, one per replicate, trained by plain SGD; losses are those of fresh samples."""

    def __init__(self, seed: int, replicates: int) -> None:
        """Draw true weights and held-out samples for every replicate."""
        self.random = np.random.default_rng(seed)
        self.true = 2 * self.random.standard_normal((replicates, DIMENSION)) / math.sqrt(DIMENSION)
        self.held_out = self._samples(SAMPLES)

    def train(self, rates: Floats, seed: int) -> tuple[Floats, Floats]:
        """Return the held-out loss of every replicate, and the root mean squared gradient norm of every update."""
        self.random = np.random.default_rng(seed)
        weights, norms = np.zeros_like(self.true), np.zeros(len(rates))
        for update, rate in enumerate(rates):
            inputs, signs = self._samples(BATCH)
            margins = signs * np.einsum("rbd,rd->rb", inputs, weights)
            gradient = np.einsum("rbd,rb->rd", inputs, -signs / (1 + np.exp(np.clip(margins, -60, 60)))) / BATCH
            norms[update] = math.sqrt((gradient**2).sum(1).mean())
            weights -= rate * gradient
        inputs, signs = self.held_out
        return np.logaddexp(0, -signs * np.einsum("rbd,rd->rb", inputs, weights)).mean(1), norms

    def _samples(self, count: int) -> tuple[Floats, Floats]:
        inputs = self.random.standard_normal((len(self.true), count, DIMENSION))
        chance = 1 / (1 + np.exp(-np.einsum("rbd,rd->rb", inputs, self.true)))
        return inputs, np.where(self.random.random(chance.shape) < chance, 1.0, -1.0)


def best_of(problem: Logistic, schedule: Schedule, updates: int, seed: int) -> tuple[Floats, Floats]:
    """Choose the peak rate on one stream of samples, and return losses and norms on another."""
    means = {rate: problem.train((rate * schedule).over(updates).values(), seed + 1)[0].mean() for rate in RATES}
    rate = min(means, key=lambda one: float(means[one]))
    return problem.train((rate * schedule).over(updates).values(), seed + 2)


def run(scale: Scale, seed: int) -> Finding:
    """Compare linear with cosine and constant on digits, and refine a linear run of logistic regression."""
    bench = Bench.of(scale, seed, epochs=EPOCHS)
    arms = tuned(bench, {"linear": linear(), "cosine": cosine(), "constant": constant()})
    updates, replicates = (1_500, REPLICATES) if scale == "full" else (150, 10)
    problem = Logistic(10 * seed, replicates)
    straight, norms = best_of(problem, linear(), updates, 10 * seed)
    schedule = refined(norms)
    shape = schedule.over().values()
    found, _ = best_of(problem, schedule, updates, 10 * seed)
    statistics = (
        beats("digits: linear is not worse than cosine", arms["linear"].losses, arms["cosine"].losses, t=-1.0),
        beats("digits: linear beats the constant rate", arms["linear"].losses, arms["constant"].losses),
        below("logistic regression: refined rate at the first update, of its peak", float(shape[0]), 0.95),
        below("logistic regression: refined rate at nine tenths of the run", float(shape[int(0.9 * updates)]), 0.2),
        beats("logistic regression: refined is not worse than linear", found, straight, t=-1.0),
    )
    x = tuple(float(t) for t in range(0, updates, max(1, updates // 200)))
    lines = (
        Line("refined", x, tuple(float(shape[int(t)]) for t in x)),
        Line("linear", x, tuple(1 - t / updates for t in x)),
    )
    figure = Curves("Read off the gradients", "The refined schedule of a logistic regression.", "update", "rate ÷ peak", lines)
    return Finding(statistics, f"{bench.said}; seed {seed}, {replicates} regressions", figure)


STUDY = Study(
    name="defazio",
    title="Linear decay is the default to beat, and gradient norms refine it into warm-up and annealing",
    source="Defazio, Cutkosky, Mehta & Mishchenko 2023, arXiv:2310.07831",
    shows=("F8", "F11", "C2"),
    criterion=(
        "On noisy digits tuned linear is not worse than tuned cosine (t > −1) and beats the constant rate (t > 3). On "
        "logistic regression the refined schedule begins below 0.95 of its peak, is below 0.2 of it at nine tenths of the "
        "run, and ends not worse than linear (t > −1)."
    ),
    run=run,
)
