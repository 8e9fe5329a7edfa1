"""The convex last-iterate bound of Schaipp et al. 2025 (arXiv:2501.18965): a curve that a convex problem's loss stays below.

For a convex loss with subgradients of norm at most G_t and a start at distance D from the minimum, the last of the iterates
made with rates eta_0 … eta_T is at most Omega_T above the minimum. Their sums telescope (eta_k / (a b) = 1/a − 1/b) to the
exact short form

    Omega_T = D² / (2 S_T) + 1/2 [ eta_T G_T² + Σ_{k<T} eta_k² G_k² / Σ_{k<i≤T} eta_i ]        S_T = Σ_{i≤T} eta_i

in which every inner sum is a running one from the end: O(T), only positive terms, no digits lost. The same holds for its
gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from annealing.core.checks import positive
from annealing.core.errors import ArgumentError
from annealing.core.plan import Plan
from annealing.forecast.bound_tree import interactions
from annealing.forecast.cells import Floats
from annealing.forecast.rates import places_of, rates_of


def bound(run: Plan | Floats | Any, *, G: Any = 1.0, D: float = 1.0) -> float:  # noqa: N803  # the paper's letters
    """Return the bound on the loss above its minimum after the last update of a run.

    >>> import annealing as an
    >>> round(bound((0.01 * an.linear()).over(10_000)), 4) < round(bound((0.01 * an.cosine()).over(10_000)), 4)
    True

    Arguments: `run`, a plan, or one rate per update, in the units of `D / G`; `G`, the bound on the gradients' norm, or one for
    every update; `D`, the distance between the start and the minimum. Updates with rate 0 change nothing and are left out. O(T)
    in time. Raises `ArgumentError` for norms or a distance that are not above 0.
    """
    rates, norms, distance = _checked(run, G, D)
    moves = rates > 0
    rates, norms = rates[moves], norms[moves]
    later = _later(rates)
    energy = rates * norms**2
    return float(distance**2 / (2 * rates.sum()) + 0.5 * (energy[-1] + np.sum(rates[:-1] * energy[:-1] / later[:-1])))


def bound_gradient(run: Plan | Floats | Any, *, G: Any = 1.0, D: float = 1.0) -> Floats:  # noqa: N803
    """Return the derivative of `bound` with respect to the rate of every update, in O(T).

    >>> bound_gradient([0.1, 0.1], D=1.0).round(3)
    array([-11.5, -12.5])

    Where a rate is 0 the derivative is that of the bound without this update. Arguments and errors as for `bound`.
    """
    rates, norms, distance = _checked(run, G, D)
    moves = rates > 0
    some, squared = rates[moves], norms[moves] ** 2
    later = _later(some)
    pull = np.zeros(some.size)  # Σ_{k<j} eta_k² G_k² / (S_T − S_k)²
    np.cumsum(some[:-1] ** 2 * squared[:-1] / later[:-1] ** 2, out=pull[1:])
    own = np.append(2 * some[:-1] * squared[:-1] / later[:-1], squared[-1])
    slopes = np.zeros(rates.size)
    slopes[moves] = -(distance**2) / (2 * some.sum() ** 2) + 0.5 * (own - pull)
    return slopes


def bound_curve(run: Plan | Floats | Any, *, G: Any = 1.0, D: float = 1.0, at: Any = None) -> Floats:  # noqa: N803
    """Return the bound after each update of a run, as if it had ended there.

    >>> import annealing as an
    >>> plan = (0.01 * an.chain(an.hold(), an.cooldown("20%"))).over(1_000)
    >>> curve = bound_curve(plan, at=[799, 999])
    >>> bool(abs(curve[1] / bound(plan) - 1) < 2e-5), bool(curve[1] < curve[0])
    (True, True)

    Arguments: `at`, the updates to look at (0-based, rising), by default all of them; the others as for `bound`. An update with
    rate 0 has the bound of the last one that moved, and infinity before any did. Relative error below 2e-5, in O(log² T) per
    update.
    """
    rates, norms, distance = _checked(run, G, D)
    places = np.arange(rates.size) if at is None else places_of(at, rates.size)
    moved = np.cumsum(rates > 0) - 1  # the place of each update among those that move
    moves = rates > 0
    some, norms = rates[moves], norms[moves]
    asked, back = np.unique(moved[places], return_inverse=True)
    asked, unmoved = asked[asked >= 0], int(asked[0] < 0)
    distances = np.cumsum(some)[asked]
    found = distance**2 / (2 * distances) + 0.5 * (some[asked] * norms[asked] ** 2 + interactions(some, norms, asked))
    return np.concatenate((np.full(unmoved, np.inf), found))[back]


def _later(rates: Floats) -> Floats:
    """The sum of all later rates, from the end, so that small ones keep their digits."""
    return np.append(np.cumsum(rates[:0:-1])[::-1], 0.0)


def _checked(run: Any, norms: Any, distance: float) -> tuple[Floats, Floats, float]:
    rates = rates_of(run)
    bounds = np.asarray(norms, dtype=np.float64)
    if bounds.ndim > 1 or (bounds.ndim == 1 and bounds.size != rates.size):
        raise ArgumentError(f"G has shape {bounds.shape} for {rates.size} updates: give one number, or one for every update.")
    if not np.all(np.isfinite(bounds) & (bounds > 0)):
        raise ArgumentError("G is the bound on the norm of gradients: finite and above 0.")
    return rates, np.broadcast_to(bounds, rates.shape), positive("D", distance)
