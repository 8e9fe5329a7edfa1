"""Which hyper-parameters mattered: how much of the order in which candidates came each explains by itself."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from annealing.study.space.candidate import Candidate
from annealing.study.space.dimension import Choice, Dimension, Value, conditions
from annealing.study.space.space import Space
from annealing.study.statistics import LEVEL, Interval
from annealing.study.strategies.strategy import Told, by_candidate

METHOD = (
    "share of the variance of ranks that a hyper-parameter explains by itself (ε², by groups of neighbouring values), "
    "with a 90 % interval by bootstrap over the candidates"
)
"""How it was found out, in a line for tables."""

_FEWEST = 12  # candidates: below, groups of them say nothing
_GROUPS = (3, 8)  # at least enough to see a valley, at most what the eye would tell apart
_OF_EACH = 8  # candidates in a group, if there are enough
_BOOTSTRAPS = 1_000


@final
@dataclass(frozen=True)
class Importance:
    """How much one hyper-parameter mattered among the candidates that have it.

    `share` is from 0 to 1, `interval` its 90 % interval; both are None where nothing can be said, and `note` says why. `where`
    is the condition under which it is there ("" if it always is); `candidates` is how many had it.
    """

    name: str
    where: str
    share: float | None
    interval: Interval | None
    candidates: int
    note: str = ""


def importance(space: Space, history: Sequence[Told], *, seed: int = 0) -> tuple[Importance, ...]:
    """Say how much each hyper-parameter mattered, the most important first.

    >>> from annealing.study.space import Log, Uniform
    >>> space = Space({"lr": Log(1e-3, 1), "momentum": Uniform(0, 1)})
    >>> rng = np.random.default_rng(0)
    >>> tried = [Candidate(number, space.sample(rng)) for number in range(64)]
    >>> told = [Told(one, 0, abs(math.log(one.values["lr"] / 0.1)), 100) for one in tried]
    >>> [(one.name, round(one.share, 1), one.interval[0] > 0) for one in importance(space, told)]
    [('lr', 0.9, True), ('momentum', 0.0, False)]

    Candidates are ranked: those trained to the end by their mean loss, then those that were cut, the later the better, last
    those of which a run diverged, which all share one rank. A hyper-parameter's values are put into 3 to 8 groups of neighbours
    (a choice's into one for each); its share is what the groups explain of the variance of the ranks, less what as many would
    explain by chance (ε²: Kelley 1935). A conditional hyper-parameter is judged among the candidates that have it, so each
    share is of its own whole. Only what it does by itself counts, not what it does together with others; and of a strategy
    that learns, only what it chose to try. Fixed values are left out.

    Arguments: `space`; `history`, the runs of the search; `seed`, of the bootstrap.
    """
    ranks = _ranks(by_candidate(history))
    found: list[Importance] = []
    for name in space.names:
        for dimension in space[name]:
            if isinstance(dimension, Choice) and len(dimension.values) == 1:
                continue
            having = [(one.values[name], rank) for one, rank in ranks.items() if space.active(one.values).get(name) == dimension]
            known = [(value, rank) for value, rank in having if dimension.contains(value)]
            found.append(_importance(name, dimension, known, np.random.default_rng(seed)))
    return tuple(sorted(found, key=lambda one: -1.0 if one.share is None else one.share, reverse=True))


def _ranks(known: Mapping[Candidate, tuple[Told, ...]]) -> dict[Candidate, float]:
    """Return the rank of every candidate, the best first; equal ones share the mean of their ranks."""

    def order(told: Sequence[Told]) -> tuple[int, float, float]:
        if any(one.diverged or not math.isfinite(one.loss) for one in told):
            return 2, 0.0, 0.0
        loss = math.fsum(one.loss for one in told) / len(told)
        return (1, -min(one.updates for one in told), loss) if any(one.cut for one in told) else (0, 0.0, loss)

    orders = {one: order(told) for one, told in known.items()}
    places = {key: place for place, key in enumerate(sorted(set(orders.values())))}
    ranks = stats.rankdata([places[key] for key in orders.values()]) if orders else []
    return dict(zip(orders, map(float, ranks), strict=True))


def _importance(name: str, dimension: Dimension, known: Sequence[tuple[Value, float]], rng: np.random.Generator) -> Importance:
    where = ", ".join(f"{on}={' or '.join(map(str, values))}" for on, values in conditions(dimension).items())
    count = len(known)

    def nothing(note: str) -> Importance:
        return Importance(name, where, None, None, count, note)

    if count < _FEWEST:
        return nothing(f"{count} candidates have it, and fewer than {_FEWEST} say nothing")
    groups = _groups(dimension, [value for value, _ in known])
    ranks = np.array([rank for _, rank in known])
    if len(np.unique(groups)) < 2:
        return nothing("all candidates have nearly the same value")
    if np.ptp(ranks) == 0:
        return nothing("all candidates came out the same")
    share = float(_epsilon_squared(groups[None], ranks[None])[0])
    drawn = rng.integers(0, count, size=(_BOOTSTRAPS, count))
    again = _epsilon_squared(groups[drawn], ranks[drawn])
    # A sample drawn from a sample groups by chance once more: its shares are too high, by as much as is taken off here.
    shifted = again - (float(again.mean()) - share)
    low, high = (float(end) for end in np.quantile(shifted, [LEVEL / 2, 1 - LEVEL / 2]))
    return Importance(name, where, _clipped(share), (_clipped(low), _clipped(high)), count)


def _groups(dimension: Dimension, values: Sequence[Value]) -> NDArray[np.int64]:
    """Return for every value the number of its group: neighbours are together, in groups of like size."""
    if isinstance(dimension, Choice):
        return np.array([dimension.values.index(value) for value in values])
    count = min(max(len(values) // _OF_EACH, _GROUPS[0]), _GROUPS[1])
    ranks = (stats.rankdata([dimension.share(value) for value in values]) - 0.5) / len(values)
    return np.minimum((ranks * count).astype(np.int64), count - 1)


def _epsilon_squared(groups: NDArray[np.int64], ranks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the share of each sample's variance between its groups, less what chance puts there: samples are rows."""
    rows, of_each = len(groups), int(groups.max()) + 1
    places = (groups + of_each * np.arange(rows)[:, None]).ravel()
    counts, sums = (
        np.bincount(places, weights, minlength=rows * of_each).reshape(rows, of_each) for weights in (None, ranks.ravel())
    )
    means = np.divide(sums, counts, out=np.zeros_like(sums), where=counts > 0)
    center = ranks.mean(axis=1, keepdims=True)
    between = (counts * (means - center) ** 2).sum(axis=1)
    total = ((ranks - center) ** 2).sum(axis=1)
    used, size = (counts > 0).sum(axis=1), ranks.shape[1]
    raw = np.divide(between, total, out=np.zeros_like(total), where=total > 0)
    return (raw * (size - 1) - (used - 1)) / np.maximum(size - used, 1)


def _clipped(value: float) -> float:
    return min(max(value, 0.0), 1.0)
