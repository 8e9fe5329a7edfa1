"""The gradient noise scale: two batch sizes are enough to measure it, and it grows as training goes on."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from annealing.batch import noise_scale
from annealing.core.families import constant
from annealing.reproduce.finding import Curves, Finding, Line, Scale, above, below, noted
from annealing.reproduce.stacked import Stack, one_thread
from annealing.reproduce.study import Study

DIMENSIONS, SMALL, BIG = 30, 8, 128
MEASURED = 256
EPOCHS, RATE, MOMENTUM = 20, 0.02, 0.9
SEEDS = 8


def lengths(
    batch: int, distance: NDArray[np.float64], noise: float, repeats: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return |gradient|² of `repeats` batches of y = x·w + noise, at a distance from the true weights."""
    inputs = rng.standard_normal((repeats, batch, distance.size))
    errors = inputs @ distance + noise * rng.standard_normal((repeats, batch))
    return (np.einsum("rbd,rb->rd", inputs, errors) ** 2).sum(1) / batch**2


def regression(repeats: int, seed: int) -> tuple[float, float]:
    """Return the noise scale of a linear regression, as estimated and exactly: ((d + 1)|w|² + dσ²) / |w|²."""
    rng = np.random.default_rng(seed)
    distance, noise = rng.standard_normal(DIMENSIONS), 0.5 * math.sqrt(DIMENSIONS)
    found = noise_scale(
        lengths(SMALL, distance, noise, repeats, rng),
        lengths(BIG, distance, noise, repeats, rng),
        small_batch=SMALL,
        big_batch=BIG,
    )
    squared = float(distance @ distance)
    return found.samples, ((DIMENSIONS + 1) * squared + DIMENSIONS * noise**2) / squared


@one_thread()
def along_training(scale: Scale, seed: int) -> tuple[list[int], list[float]]:
    """Return updates, and the noise scale of noisy digits there, measured at weights that a constant rate has reached."""
    updates = 50 * EPOCHS if scale == "full" else 60
    rates = (RATE * constant()).over(updates).values()
    marks = [0, updates // 20, updates // 8, updates // 4, updates // 2, updates]
    stack = Stack(seed, SEEDS if scale == "full" else 2)
    repeats = 40 if scale == "full" else 10
    velocity = [0 * weight for weight in stack.weights]
    found: list[float] = []
    for update in range(updates + 1):
        if update in marks:
            pairs = [[stack.squared_lengths(batch) for _ in range(repeats)] for batch in (SMALL, MEASURED)]
            small, big = (np.array(lengths_of).ravel() for lengths_of in pairs)
            found.append(noise_scale(small, big, small_batch=SMALL, big_batch=MEASURED).samples)
        if update < updates:
            _, gradients = stack.gradients(stack.weights)
            velocity = [MOMENTUM * v + g for v, g in zip(velocity, gradients, strict=True)]
            stack.weights = [w - float(rates[update]) * v for w, v in zip(stack.weights, velocity, strict=True)]
    return marks, found


def run(scale: Scale, seed: int) -> Finding:
    """Compare an estimate with the exact value, then follow the noise scale along a training."""
    estimate, exact = regression(4_000 if scale == "full" else 400, seed)
    marks, found = along_training(scale, seed)
    statistics = (
        below("linear regression: estimate off by", abs(estimate / exact - 1), 0.03, detail=f"{estimate:.2f} for {exact:.2f}"),
        above("noisy digits: noise scale at the end ÷ at the start", found[-1] / found[0], 3.0),
        noted("noisy digits: noise scale at the end, samples", found[-1]),
    )
    line = Line("noise scale", tuple(map(float, marks)), tuple(found))
    figure = Curves(
        "The noise scale grows as the loss falls", "Noisy digits, measured at six times.", "update", "samples", (line,), log="y"
    )
    return Finding(statistics, f"seed {seed}, {SEEDS} runs on digits", figure)


STUDY = Study(
    name="mccandlish",
    title="Two batch sizes measure the gradient noise scale, which grows during training",
    source="McCandlish, Kaplan, Amodei & OpenAI Dota Team 2018, arXiv:1812.06162",
    shows=("F23", "C7"),
    criterion=(
        "On linear regression the estimate from two batch sizes lies within 3 % of the exact noise scale; on noisy digits the "
        "noise scale at the end of training is at least 3 times that at its start."
    ),
    run=run,
)
