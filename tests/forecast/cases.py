"""Runs to forecast without any data: stochastic gradient descent on a quadratic, in expectation, exactly."""

import numpy as np

import annealing as an
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule
from annealing.curves import Curve


def quadratic(rates: np.ndarray, at: np.ndarray, *, dimension: int = 400, noise: float = 1.0) -> np.ndarray:
    """The exact expected loss of SGD on a quadratic whose curvatures fall as a power, after the updates `at`.

    `m ← m (1 − 2 η λ + 2 η² λ²) + η² λ (Σ λ m + σ²)` (one sample at a time) with `λ_i = i^−1.5`: Luo et al. 2025, section 4.
    """
    curvature = np.arange(1, dimension + 1) ** -1.5
    spread = np.ones(dimension)
    asked, found = set(at.tolist()), []
    for t, rate in enumerate(rates.tolist()):
        risk = curvature @ spread
        spread = spread * (1 - 2 * rate * curvature + 2 * (rate * curvature) ** 2) + rate**2 * curvature * (risk + noise)
        if t in asked:
            found.append(0.5 * (curvature @ spread + noise))
    return np.array(found)


def quadratic_runs(total: int = 8_000) -> dict[str, Curve]:
    """Six schedules of one length on the quadratic, and a cosine three times as long."""
    shapes: dict[str, Schedule] = {
        "cosine": an.cosine(to=0.1),
        "constant": an.hold(),
        "two stages": an.chain(an.hold("50%"), an.jump(0.2), an.hold()),
        "cooldown": an.chain(an.hold("80%"), an.linear(to=0.1)),
        "linear": an.linear(to=0.1),
        "two stages, lower": an.chain(an.hold("50%"), an.jump(0.1), an.hold()),
    }
    plans = {name: (0.1 * an.chain(an.warmup(400), shape)).over(total) for name, shape in shapes.items()}
    plans["cosine, 3 times as long"] = (0.1 * an.chain(an.warmup(400), an.cosine(to=0.1))).over(3 * total)
    return {name: _trained(name, plan) for name, plan in plans.items()}


def _trained(name: str, plan: Plan) -> Curve:
    at = np.append(np.arange(400, int(plan.total), 40), int(plan.total) - 1)
    return Curve(at, quadratic(plan.values(), at), plan, name)
