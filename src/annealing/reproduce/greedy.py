"""A rate that goes up while the loss falls: it helps where the first rate is too small, and hurts where noise is the limit."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from annealing.control.greedy import Greedy
from annealing.core.families import constant
from annealing.core.phases import cosine
from annealing.reproduce.digits import Bench, loss_curves, tuned
from annealing.reproduce.finding import Curves, Finding, Line, Scale, below, noted
from annealing.reproduce.paired import beats
from annealing.reproduce.stacked import Stack, one_thread
from annealing.reproduce.study import Study

EPOCHS, MOMENTUM = 25, 0.9
RATES = (0.01, 0.02, 0.04)
RULE = Greedy(factor=0.9, patience=10, window=50, floor=0.01, ceiling=10.0)
FLAT, STEEP, UPDATES = 0.01, 1.0, 400


@one_thread()
def on_digits(stack: Stack, rate: float, updates: int, points: int = 10) -> NDArray[np.float64]:
    """Train with momentum under one controller per seed, which sees its training losses; return validation losses."""
    states = [RULE.init() for _ in range(stack.seeds)]
    gains = np.ones(stack.seeds)
    velocity = [0 * weight for weight in stack.weights]
    seen: list[NDArray[np.float64]] = []
    for update in range(updates):
        losses, gradients = stack.gradients(stack.weights)
        velocity = [MOMENTUM * v + g for v, g in zip(velocity, gradients, strict=True)]
        step = losses.new_tensor(rate * gains)[:, None, None]
        stack.weights = [w - step * v for w, v in zip(stack.weights, velocity, strict=True)]
        for place, loss in enumerate(losses.tolist()):
            states[place], gains[place] = RULE.step(states[place], loss)
        if (update + 1) * points // updates > update * points // updates:
            seen.append(stack.valid_losses(stack.weights))
    return np.array(seen)


def on_quadratic(rate: float, *, greedy: bool) -> float:
    """Return the last loss of exact descent on a quadratic with curvatures of 0.01 and 1, from a rate that is too small."""
    curvature, x = np.array([FLAT, STEEP]), np.ones(2)
    rule = Greedy(factor=0.9, patience=3, ceiling=1.5 / (STEEP * rate))
    state, gain = rule.init(), 1.0
    for _ in range(UPDATES):
        x = x - rate * gain * curvature * x
        if greedy:
            state, gain = rule.step(state, float(0.5 * (curvature * x**2).sum()))
    return float(0.5 * (curvature * x**2).sum())


def run(scale: Scale, seed: int) -> Finding:
    """Compare it with a tuned cosine and a tuned constant rate on digits, and with its own first rate on a quadratic."""
    bench = Bench.of(scale, seed, epochs=EPOCHS)
    tuning = {rate: on_digits(Stack(seed, len(bench.tuning), first=0), rate, bench.updates, 1)[-1].mean() for rate in RATES}
    rate = min(tuning, key=lambda one: float(tuning[one]))
    losses = on_digits(Stack(seed, len(bench.evaluation)), rate, bench.updates)
    arms = tuned(bench, {"cosine": cosine(), "constant": constant()})
    helped = on_quadratic(0.05, greedy=True) / on_quadratic(0.05, greedy=False)
    statistics = (
        beats("digits: not worse than tuned cosine", losses[-1], arms["cosine"].losses, t=-1.0),
        beats("digits: not worse than the best constant rate", losses[-1], arms["constant"].losses, t=-1.0),
        below("quadratic, from a rate that is too small: last loss ÷ that of the constant rate", helped, 0.1),
        noted("digits: rate that the tuning seeds chose", rate),
    )
    curve = losses.mean(1)
    x = tuple(((np.arange(len(curve)) + 1) * bench.updates / len(curve)).tolist())
    lines = (Line("greedy", x, tuple(curve.tolist())), *loss_curves("", "", arms.values()).lines)
    figure = Curves("Greedy on noisy digits", "Each arm at its own best rate.", "update", "validation loss", lines)
    note = (
        "Weights, batches and noise of the greedy runs are drawn anew for the same splits, so differences are not fully paired."
    )
    return Finding(statistics, bench.said, figure, (note,))


STUDY = Study(
    name="greedy",
    title="A rate that follows the loss up and down is as good as a tuned cosine",
    source="GreedyLR 2025, arXiv:2512.14527",
    shows=("F19", "C16", "C6"),
    criterion=(
        "On noisy digits greedy, at the best of three first rates, is not worse than tuned cosine nor than the best constant "
        "rate (t > −1 each); on a quadratic, from a first rate that is too small, it ends below a tenth of the constant "
        "rate's loss."
    ),
    run=run,
)
