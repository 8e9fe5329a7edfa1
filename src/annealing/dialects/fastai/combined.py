"""fastai's ways of putting annealers together, in time and by hyper-parameter."""

# ruff: noqa: N802 - these are their names
from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

from annealing.core.checks import number
from annealing.core.errors import ArgumentError, KindError
from annealing.core.length import LengthLike
from annealing.core.phases import geometric
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.core.schedule import Constant, Exponential, Hold, Pointwise, Ramp, Schedule
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, fraction
from annealing.dialects.pieces import Given, Piece, joined

_OURS = {"mom": "momentum", "wd": "weight_decay", "sqr_mom": "betas[1]"}


@dialect(
    "fastai.combine_scheds",
    odd="shares are compared in float32, so an annealer may begin one batch late; they must add up to exactly 1.0",
    example="pcts=[0.3, 0.7], scheds=[fastai.SchedLin(0.0, 1.0), fastai.SchedCos(1.0, 0.0)], total=100",
)
def combine_scheds(pcts: Sequence[float], scheds: Sequence[Schedule], total: int) -> Plan:
    """Follow one annealer after another, each for its share of the run.

    >>> from annealing.dialects import fastai
    >>> fastai.combine_scheds([0.3, 0.7], [fastai.SchedLin(0.0, 1.0), fastai.SchedCos(1.0, 0.0)], total=100)
    chain(warmup(30, start=0), cosine()).over(100)

    Arguments: `pcts`, shares that add up to 1; `scheds`, annealers without a total; edges may fall between two
    updates. Raises `ArgumentError` for shares that do not add up, `KindError` for what is no annealer.
    Odd: theirs adds the shares up in float32, where 1/7 + 2/7 is more than 3/7: such an annealer begins one batch late,
    and so does this. Theirs also asserts that they add up to exactly 1.0, which [0.7, 0.2, 0.1] does not; here 1e-9
    is near enough.
    Ours: `chain(warmup("30%", start=0), cosine())`.
    """
    shares = [fraction("pcts", share) for share in pcts]
    if len(shares) != len(scheds) or abs(sum(shares) - 1) > 1e-9:
        raise ArgumentError(f"pcts={list(pcts)} must be one share for each of {len(scheds)} annealers and add up to 1.")
    updates = count("total", total, 1)
    edges = edges_of(shares, updates)
    return joined([_piece(annealer, a, b) for annealer, a, b in zip(scheds, edges, edges[1:], strict=False)], updates).over(
        updates
    )


class Edge(NamedTuple):
    """Where one annealer gives way to the next: the time, and the first batch for which theirs sees that it is over."""

    first: int
    time: float


def edges_of(shares: Sequence[float], updates: int) -> list[Edge]:
    """Where annealers with these shares of the run begin, and where the last one ends.

    >>> edges_of([1 / 7, 2 / 7, 4 / 7], 700)[2]
    Edge(first=301, time=300)
    """
    edges = [Edge(0, 0.0)]
    reached = accumulate(float(np.float32(share)) for share in shares)
    for exact, rounded in zip(accumulate(shares), reached, strict=True):
        time = near_whole(exact * updates)
        first = max(0, math.ceil(time) - 1)
        while np.float32(first / updates) < np.float32(rounded):
            first += 1
        edges.append(Edge(first, time))
    edges[-1] = Edge(updates, updates)
    return edges


@dialect("fastai.combined_cos", example="pct=0.25, start=0.04, middle=1.0, end=1e-5, total=100")
def combined_cos(pct: float, start: float, middle: float, end: float, total: int) -> Plan:
    """Go from `start` to `middle` along half a cosine, then to `end` along another.

    >>> from annealing.dialects import fastai
    >>> fastai.combined_cos(0.25, 0.04, 1.0, 0.0, total=100)
    chain(warmup(25, start=0.04, ease="cosine"), cosine()).over(100)

    Ours: `onecycle("25%")`.
    """
    return two_cosines(pct, (number("start", start), number("middle", middle), number("end", end)), count("total", total, 1))


@dialect(
    "fastai.ParamScheduler",
    example="scheds={'lr': fastai.SchedCos(1.0, 0.0, 100), 'mom': fastai.SchedLin(0.95, 0.85, 100)}",
)
def ParamScheduler(scheds: Mapping[str, Plan]) -> RecipePlan:
    """Move several hyper-parameters, each along an annealer of its own.

    >>> from annealing.dialects import fastai
    >>> fastai.ParamScheduler({"lr": fastai.SchedCos(1.0, 0.0, 100), "mom": fastai.SchedLin(0.95, 0.85, 100)})
    Recipe(lr=cosine(start=1), momentum=linear(to=0.85, start=0.95)).over(100)

    Arguments: `scheds`, {name: plan} with fastai's names: lr, mom, sqr_mom (`betas[1]`), wd, eps.
    Raises `LengthError` for plans over different totals. Ours: `Recipe(lr=…, momentum=…)`.
    """
    for name, plan in scheds.items():
        if not isinstance(plan, Plan):
            raise KindError(f"scheds[{name!r}]={plan!r} is no plan: write SchedCos(1.0, 0.0, total=100), or ….over(100).")
    return RecipePlan(tuple((_OURS.get(name, name), plan) for name, plan in scheds.items()))


def two_cosines(pct: float, values: Sequence[float], total: int) -> Plan:
    """Half a cosine from the first of three values to the second, half a cosine from there to the third."""
    low, high, last = values
    share = fraction("pct", pct)
    begin, middle, end = edges_of([share, 1 - share], total)
    return joined([between(begin, middle, low, high, "cosine"), between(middle, end, high, last, "cosine")], total).over(total)


def near_whole(time: float) -> float:
    """Take a time that is whole but for the rounding of a product as whole."""
    return round(time) if abs(time - round(time)) < 1e-9 * max(time, 1) else time


def _piece(annealer: Schedule, begin: Edge, end: Edge) -> Piece | Given:
    """One annealer between two edges of the run."""
    match annealer:
        case Ramp(to=to, start=float() as start, ease=ease):
            return between(begin, end, start, to, ease)
        case Pointwise(op="*", left=Constant(value=value), right=Hold()):
            return between(begin, end, value, value)
        case Exponential(to=to, start=float() as start):
            return _by_ratios(begin, end, start, to)
        case other:
            raise KindError(f"scheds holds {other}: write annealers without a total, such as SchedCos(1.0, 0.0), or a chain(…).")


def between(begin: Edge, end: Edge, start: float, to: float, ease: str = "linear") -> Piece:
    """The curve that leads from one edge to another, for the batches for which theirs uses it."""
    return Piece(begin.first, end.first, (begin.time, start), (end.time, to), ease)


def _by_ratios(begin: Edge, end: Edge, start: float, to: float) -> Given:
    per_update = (to / start) ** (1 / (end.time - begin.time)) if end.time > begin.time else 1.0
    opens = start * per_update ** (begin.first - begin.time)

    def make(length: LengthLike) -> Schedule:
        return geometric(per_update, length=length, start=opens)

    return Given(begin.first, end.first, opens, make)
