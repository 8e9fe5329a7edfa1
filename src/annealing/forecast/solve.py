"""Fitting one law: robust, with priors, from several starts.

Minimises `Σ w · huber(ln predicted − ln observed) + Σ ((parameter − centre) / width)² / 2` with w = sqrt(t / t_max), since the
first thousands of updates differ from run to run. Residuals are in units of `UNIT`. Huber's threshold is lowered in stages: far
from the data its Gauss-Newton step stalls. What is linear (floor, A and B) is solved for at the beginning of every start.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np
from scipy import optimize

from annealing.forecast.blocks import Sampled
from annealing.forecast.cells import Floats, Whole
from annealing.forecast.laws.law import Law, Scale

UNIT = 1e-3
"""One unit of residual, in logarithms of the loss."""

_STAGES = (20.0, 4.0, 1.0)  # Huber's threshold, in units
_FINALISTS = 3  # of many starts, so many are followed


_least_squares = cast("Any", optimize.least_squares)  # SciPy ships no types


class Problem(NamedTuple):
    """The pilots' losses, and the runs they come from."""

    run: Sampled
    log_loss: Floats
    weight: Floats  # the square root of each sample's weight
    scale: Scale


class Belief(NamedTuple):
    """Gaussian priors by the place of their parameter among all (floor, A, B, then the law's own)."""

    place: Whole
    centre: Floats
    width: Floats


class Solution(NamedTuple):
    """Values of all parameters: floor, A, B, then the law's own; and what they cost."""

    values: Floats
    cost: float


def predicted(law: Law, values: Floats, run: Sampled, scale: Scale) -> tuple[Floats, Floats]:
    """Return the loss at each sample, and its derivatives: one row per parameter (floor, A, B, then the law's own)."""
    terms = law.terms(values[3:], run, scale)
    _, a, b = values[:3].tolist()
    loss = values[0] + a * terms.progress + b * terms.noise
    own = a * terms.progress_slopes + b * terms.noise_slopes
    return loss, np.concatenate((np.ones((1, loss.size)), terms.progress[None, :], terms.noise[None, :], own))


def belief_of(law: Law, scale: Scale) -> Belief:
    """Return a law's priors in the order of its parameters."""
    priors = law.priors(scale)
    held = [(3 + i, *priors[parameter.name][:2]) for i, parameter in enumerate(law.parameters) if parameter.name in priors]
    rows = np.array(held, dtype=np.float64).reshape(-1, 3)
    return Belief(rows[:, 0].astype(np.int64), rows[:, 1], rows[:, 2])


def solve(law: Law, problem: Problem) -> Solution:
    """Fit a law to pilots."""
    belief = belief_of(law, problem.scale)
    begun = [_begin(law, np.array(own, dtype=np.float64), problem) for own in law.starts(problem.scale)]
    found = sorted(begun, key=lambda start: start.cost)[:_FINALISTS]
    for threshold in _STAGES:
        last = threshold == _STAGES[-1]
        found = sorted(
            (_downhill(law, start.values, problem, belief, threshold, last) for start in found), key=lambda one: one.cost
        )
        found = [one for place, one in enumerate(found) if not any(_same(one, other) for other in found[:place])]
    return found[0]


def _same(one: Solution, other: Solution) -> bool:
    """Whether two starts have come to the same place: going on with both would say nothing new."""
    return abs(one.cost - other.cost) <= 1e-3 * other.cost and np.allclose(one.values, other.values, rtol=0.05, atol=0.02)


def _downhill(law: Law, values: Floats, problem: Problem, belief: Belief, threshold: float, last: bool) -> Solution:
    """Minimise with one of Huber's thresholds: closely with the last one, nearly with those before."""
    lowest = float(np.exp(problem.log_loss.min()))
    noisiest = np.inf if law.sees_rates else 1e-6
    low = np.array([0.0, 0.0, 0.0, *(parameter.low for parameter in law.parameters)])
    high = np.array([lowest, np.inf, noisiest, *(parameter.high for parameter in law.parameters)])
    rows = _Rows(law, problem, belief, threshold)
    near = 1e-6 if last else 1e-3
    found = _least_squares(
        rows.residuals,
        np.clip(values, low + 1e-9, high - 1e-9),
        jac=rows.slopes,
        bounds=(low, high),
        x_scale="jac",
        ftol=near,
        xtol=near / 10,
        gtol=1e-9,
        max_nfev=60 if last else 20,
    )
    return Solution(np.asarray(found.x, dtype=np.float64), float(found.cost))


def _begin(law: Law, own: Floats, problem: Problem) -> Solution:
    """Solve for floor, A and B at a start, none below zero."""
    terms = law.terms(own, problem.run, problem.scale)
    loss = np.exp(problem.log_loss)
    weight = problem.weight / loss
    columns = np.stack((np.ones_like(loss), terms.progress, terms.noise), axis=1) * weight[:, None]
    answer = np.asarray(np.linalg.lstsq(columns, loss * weight, rcond=None)[0], dtype=np.float64)
    answer = np.clip(answer, np.array([0.0, 1e-6, 0.0]), np.array([0.999 * loss.min(), np.inf, np.inf]))
    miss = (columns @ answer - loss * weight) / UNIT
    return Solution(np.concatenate((answer, own)), float(np.sum(np.sqrt(1 + miss**2) - 1)))


class _Rows:
    """Robust residuals whose squares sum to twice the objective, the priors' rows last; and their derivatives.

    The solver asks for both at the same place one after the other, so the last answer is kept.
    """

    def __init__(self, law: Law, problem: Problem, belief: Belief, threshold: float) -> None:
        self._law, self._problem, self._belief, self._threshold = law, problem, belief, threshold
        self._at: bytes = b""
        self._kept: tuple[Floats, Floats] = (np.zeros(0), np.zeros((0, 0)))

    def residuals(self, values: Floats) -> Floats:
        return self._both(values)[0]

    def slopes(self, values: Floats) -> Floats:
        return self._both(values)[1]

    def _both(self, values: Floats) -> tuple[Floats, Floats]:
        if self._at != values.tobytes():
            self._at, self._kept = values.tobytes(), self._computed(values)
        return self._kept

    def _computed(self, values: Floats) -> tuple[Floats, Floats]:
        problem, belief, threshold = self._problem, self._belief, self._threshold
        loss, slopes = predicted(self._law, values, problem.run, problem.scale)
        loss = np.maximum(loss, 1e-9)
        miss = (np.log(loss) - problem.log_loss) / UNIT
        size = np.abs(miss)
        far = size > threshold
        root = np.sqrt(np.where(far, 2 * threshold * size - threshold**2, 1.0))
        robust = np.where(far, np.sign(miss) * root, miss)
        steep = np.where(far, threshold / root, 1.0) * problem.weight / (UNIT * loss)
        priors = np.zeros((belief.place.size, values.size))
        priors[np.arange(belief.place.size), belief.place] = 1 / belief.width
        return (
            np.concatenate((robust * problem.weight, (values[belief.place] - belief.centre) / belief.width)),
            np.concatenate(((slopes * steep).T, priors)),
        )
