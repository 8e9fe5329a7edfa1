"""The laws' sums written out, update by update, to compare the compressed ones with."""

from collections.abc import Callable

import numpy as np


def increments(x: np.ndarray, phi: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    return np.diff(phi(np.maximum(x, 1e-7)), prepend=phi(np.array([1e-7])))


def noise(x: np.ndarray, t: int, phi: Callable[[np.ndarray], np.ndarray], gone: Callable[[np.ndarray], np.ndarray], m: float):
    """`Σ_k [phi(x_k) − phi(x_{k−1})] · gone(Σ_{k ≤ i ≤ t} x_i^m)`."""
    x = np.maximum(x[: t + 1], 1e-7)
    since = np.cumsum(x[::-1] ** m)[::-1]
    return float(np.sum(increments(x, phi) * gone(since)))


def bound(rates: np.ndarray, t: int, norms: np.ndarray | float, distance: float) -> np.longdouble:
    """The paper's sums in long double, the difference of two running sums replaced by a running sum from the end."""
    eta = rates[: t + 1].astype(np.longdouble)
    g = np.broadcast_to(np.asarray(norms, dtype=np.longdouble), rates.shape)[: t + 1]
    later = np.append(np.cumsum(eta[:0:-1])[::-1], np.longdouble(0))  # S_T − S_k
    from_here = later + eta  # S_T − S_{k−1}
    energy = np.cumsum(((eta * g) ** 2)[::-1])[::-1]  # Q_T − Q_{k−1}
    first = np.longdouble(distance) ** 2 / (2 * from_here[0]) + energy[0] / (2 * from_here[0])
    return first + np.sum(eta[:-1] / later[:-1] * energy[:-1] / from_here[:-1]) / 2
