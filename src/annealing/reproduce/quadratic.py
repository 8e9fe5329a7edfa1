"""Loss curves without data and without chance: descent on a quadratic whose curvatures fall as a power, in exact expectation.

With one sample at a time, `m ← m (1 − 2ηλ + 2η²λ²) + η²λ (Σλm + σ²)` is how the mean squared distance m along each curvature
λ_i = i^−1.5 changes in one update with rate η. Source: Luo et al. 2025, arXiv:2503.12811, section 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from annealing.core.composition import chain
from annealing.core.marks import stairs
from annealing.core.phases import cosine, hold, linear, warmup
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule
from annealing.curves import Curve
from annealing.forecast import fit
from annealing.forecast.fitted import Fit

PEAK, WARMUP = 0.1, 400
PILOTS = ("cosine", "constant", "two stages")
SHAPES: dict[str, Schedule] = {
    "cosine": cosine(to=0.1),
    "constant": hold(),
    "two stages": stairs({"50%": 0.2}),
    "cooldown": chain(hold("80%"), linear(to=0.1)),
    "linear": linear(to=0.1),
    "two stages, lower": stairs({"50%": 0.1}),
}
LONGER = "cosine, 3 times as long"


def losses(rates: NDArray[np.float64], at: NDArray[np.int64], *, dimension: int = 400, noise: float = 1.0) -> NDArray[np.float64]:
    """Return the exact expected loss after the updates `at`, of descent with the given rates from distance 1 in every direction.

    >>> losses(np.full(100, 0.1), np.array([0, 99]), dimension=10).round(4)
    array([1.4064, 0.6241])
    """
    curvature = np.arange(1, dimension + 1) ** -1.5
    spread = np.ones(dimension)
    asked, found = set(at.tolist()), list[float]()
    for update, rate in enumerate(rates.tolist()):
        risk = curvature @ spread
        spread = spread * (1 - 2 * rate * curvature + 2 * (rate * curvature) ** 2) + rate**2 * curvature * (risk + noise)
        if update in asked:
            found.append(0.5 * float(curvature @ spread + noise))
    return np.array(found)


def curves(total: int) -> dict[str, Curve]:
    """Return the curves of six schedules over `total` updates, and of a cosine three times as long."""
    plans = {name: _plan(shape, total) for name, shape in SHAPES.items()}
    plans[LONGER] = _plan(SHAPES["cosine"], 3 * total)
    return {name: _curve(name, plan) for name, plan in plans.items()}


def forecast_by(law: str, runs: Mapping[str, Curve]) -> Fit:
    """Fit one law to the three pilots."""
    return fit([runs[name] for name in PILOTS], law=law)


def explained(forecast: Fit, runs: Mapping[str, Curve]) -> dict[str, float]:
    """Return R² of the forecast on every curve that it was not fitted to."""
    found = {name: forecast.predict(run.rates, at=run.updates) for name, run in runs.items() if name not in PILOTS}
    return {
        name: float(1 - np.sum((said - runs[name].losses) ** 2) / np.sum((runs[name].losses - runs[name].losses.mean()) ** 2))
        for name, said in found.items()
    }


def in_order(forecast: Fit, runs: Mapping[str, Curve]) -> Sequence[bool]:
    """Say for each place of the true ranking of the six schedules whether the forecast puts the same schedule there."""
    six = {name: run for name, run in runs.items() if name != LONGER}
    truth = sorted(six, key=lambda name: float(six[name].losses[-1]))
    said = sorted(six, key=lambda name: float(forecast.predict(six[name].rates, at=six[name].updates[-1:])[-1]))
    return [one == other for one, other in zip(truth, said, strict=True)]


def _plan(shape: Schedule, total: int) -> Plan:
    return (PEAK * chain(warmup(min(WARMUP, total // 10)), shape)).over(total)


def _curve(name: str, plan: Plan) -> Curve:
    total = int(plan.total)
    start, step = min(WARMUP, total // 10), max(1, total // 200)
    at = np.append(np.arange(start, total, step), total - 1)
    return Curve(np.unique(at), losses(plan.values(), np.unique(at)), plan, name)
