"""How well pilots determine a law: Laplace's approximation around the fit, for residuals that remember each other."""

from __future__ import annotations

import numpy as np

from annealing.forecast.cells import Floats
from annealing.forecast.laws.law import Law
from annealing.forecast.solve import Problem, belief_of, predicted

MAD = 1.4826022185056018  # standard deviation of a normal over its median absolute deviation


def covariance(law: Law, values: Floats, problem: Problem) -> Floats:
    """Return the covariance of a law's parameters: the inverse of `J'J / (s² tau)` plus the priors' precision.

    `s` is a robust deviation of the residuals in the logarithm of the loss, `tau` their integrated autocorrelation, by which the
    points count for fewer than they are.
    """
    loss, slopes = predicted(law, values, problem.run, problem.scale)
    residual = np.log(loss) - problem.log_loss
    s = max(MAD * float(np.median(np.abs(residual - np.median(residual)))), 1e-6)
    runs = np.split(residual, np.flatnonzero(np.diff(problem.run.start)) + 1)
    tau = float(np.mean([_autocorrelation(run, s) for run in runs]))
    rows = slopes / loss
    precision = rows @ rows.T / (s**2 * tau)
    belief = belief_of(law, problem.scale)
    precision[belief.place, belief.place] += 1 / belief.width**2
    size = np.sqrt(np.maximum(np.diag(precision), 1e-12))
    found = np.linalg.pinv(precision / np.outer(size, size), rcond=1e-10, hermitian=True) / np.outer(size, size)
    return np.asarray(found, dtype=np.float64)


def _autocorrelation(residual: Floats, s: float) -> float:
    """`1 + 2 Σ` of the autocorrelations up to the first that is negligible."""
    calm = np.clip(residual - np.median(residual), -4 * s, 4 * s)
    products = np.correlate(calm, calm, "full")[calm.size - 1 :]
    if products[0] <= 0:
        return 1.0
    shares = products / products[0]
    small = np.flatnonzero(shares < 0.05)
    return 1 + 2 * float(shares[1 : int(small[0]) if small.size else None].sum())
