"""Both rules for growing the batch beside Adam on noisy digits, where what holds for normalised steps need not.

Adam divides every number of a gradient by a running root of its squares, which is not quite the length of the step; and its
two memories span as many updates as before while each update takes in more samples. So this is looked at, and decides nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch.nn import Parameter

from annealing.batch import trade
from annealing.core.schedule import Schedule
from annealing.lockstep import Member
from annealing.reproduce.digits import in_lockstep
from annealing.reproduce.finding import Scale, Statistic, noted
from annealing.reproduce.paired import gap_share
from annealing.reproduce.stacked import Stack, one_thread
from annealing.study.statistics import mean_interval
from annealing.tasks import OPTIMIZERS, digits
from annealing.tasks.noisy_digits import TRAIN_SIZE

Floats = NDArray[np.float64]
Steps = Sequence[tuple[float, int]]
"""The rate and the samples of every update."""

ADAM = OPTIMIZERS["adam"]
EPOCHS, SEEDS, TUNING = 25, 8, 3
RATES = tuple(factor * ADAM.usual for factor in (4, 8, 16))  # smaller ones end higher, and leave a decay little to gain


def best_rate(schedule: Schedule, batch: int, updates: int, seeds: Sequence[int], rates: Sequence[float]) -> float:
    """Return the peak rate at which the decay itself ends lowest on average, at the batch it starts from."""
    task = replace(digits(), optimizer="adam", batch_size=batch)
    members = [Member((rate * schedule).over(updates), seed=seed) for rate in rates for seed in seeds]
    ends = np.array([outcome.loss for outcome in in_lockstep(task, members, points=1)]).reshape(len(rates), -1)
    return rates[int(ends.mean(1).argmin())]


@one_thread()
def losses(seed: int, seeds: int, steps: Steps) -> Floats:
    """Train with torch's Adam, and return the final validation loss of every seed.

    Adam treats each number by itself, so that one for stacked seeds does what one for each of them would do.
    """
    stack = Stack(seed, seeds)
    weights = [Parameter(weight) for weight in stack.weights]
    optimizer = ADAM(weights, ADAM.usual)
    for rate, size in steps:
        _, gradients = stack.gradients(list(weights), size)
        for weight, gradient in zip(weights, gradients, strict=True):
            weight.grad = gradient
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
    return stack.valid_losses(list(weights))


def arms(schedule: Schedule, peak: float, batch: int, samples: int) -> dict[str, Steps]:
    """Return the updates of every arm: a constant rate, the decay, both rules and annealing twice, over the same samples."""
    decay = (peak * schedule).over(samples, unit="samples")
    grown, halfway = trade(decay, batch=batch, rule="sgd"), trade(decay, batch=batch, rule="seesaw")
    begins = range(0, samples, batch)
    return {
        "constant": [(peak, batch)] * len(begins),
        "decay": [(float(decay(seen)), batch) for seen in begins],
        "batch rule": _steps(grown.rate(grown.begins), grown.sizes),
        "Seesaw": _steps(halfway.rate(halfway.begins), halfway.sizes),
        "both at once": _steps(decay(grown.begins), grown.sizes),
    }


class Beside(NamedTuple):
    """What was found, as parts of a study's finding."""

    statistics: tuple[Statistic, ...]
    seeds: str
    notes: tuple[str, ...]


def beside_adam(schedule: Schedule, batch: int, scale: Scale, seed: int) -> Beside:
    """Find how far each rule ends from the decay, as shares of what the decay gains over the constant rate."""
    first, full = 1_000 * seed, scale == "full"
    epochs, seeds, rates, tuning = (EPOCHS, SEEDS, RATES, TUNING) if full else (1, 2, RATES[:1], 1)
    samples = epochs * TRAIN_SIZE
    peak = best_rate(schedule, batch, samples // batch, range(first, first + tuning), rates)
    found = {name: losses(seed, seeds, steps) for name, steps in arms(schedule, peak, batch, samples).items()}
    decay, constant = found.pop("decay"), found.pop("constant")
    shares = {name: gap_share(ends, decay, constant) for name, ends in found.items()}
    statistics = (
        noted("Adam on noisy digits: what the decay gains over the constant rate", float(constant.mean() - decay.mean())),
        *(
            noted(f"Adam on noisy digits, {name}: distance from the decay, of what the decay gains", share, interval=interval)
            for name, (share, interval) in shares.items()
        ),
    )
    said = f"Adam: {seeds} seeds from {first + 100} on, peak {peak:g}, the decay's best of {len(rates)} on {tuning} other seeds"
    how = "Arms beside Adam share splits and initial weights; their batches are drawn anew, so differences are not fully paired."
    return Beside(statistics, said, (lower(found["batch rule"], found["Seesaw"]), how))


def lower(grown: Floats, halfway: Floats) -> str:
    """Say in a sentence which of two rules ends lower beside Adam, or that it cannot be told.

    >>> lower(np.array([0.36, 0.37, 0.38]), np.array([0.38, 0.39, 0.41]))[:50]
    'Adam is no normalised step here: on noisy digits t'
    """
    interval = mean_interval((halfway - grown).tolist()) if np.isfinite(grown).all() and np.isfinite(halfway).all() else None
    if interval is None or interval[0] <= 0 <= interval[1]:
        return "Beside Adam on noisy digits it cannot be told whether the batch rule or Seesaw ends lower."
    if interval[0] > 0:
        return (
            "Adam is no normalised step here: on noisy digits the batch rule ends below Seesaw, so what the criterion asks of "
            "normalised steps is not found for Adam at this scale."
        )
    return "Adam does as normalised steps do: on noisy digits Seesaw ends below the batch rule."


def _steps(rates: Floats, sizes: NDArray[np.int64]) -> Steps:
    return list(zip(rates.tolist(), sizes.tolist(), strict=True))
