"""Curves given by where they lie in the run: stretches of updates, each on a line or cosine with two ends of its own.

Other libraries say "from update 100 on, the cosine that leads from (99, 1.0) to (1000, 0.1)". Where such a
curve begins and ends with its stretch it is one of our phases; where it does not (edges between two updates, a
decay that began before the warm-up was over, one that outlasts the run) it is written as knots.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from annealing.core.composition import chain
from annealing.core.length import LengthLike
from annealing.core.marks import knots
from annealing.core.phases import cooldown, hold, jump, warmup
from annealing.core.schedule import Schedule

_PEAK = 1.0  # where a phase opens when nothing came before it


class Piece(NamedTuple):
    """The updates from `begin` until `end` use a curve that leads from `at` to `to`, each a (time, value) of the run."""

    begin: float
    end: float
    at: tuple[float, float]
    to: tuple[float, float]
    ease: str = "linear"

    def later(self, by: float) -> Piece:
        """The same stretch, `by` updates later (earlier where that is negative)."""
        (t, low), (s, high) = self.at, self.to
        return Piece(self.begin + by, self.end + by, (t + by, low), (s + by, high), self.ease)


class Given(NamedTuple):
    """The updates from `begin` until `end` use a schedule that is made for their number and opens at `opens`."""

    begin: float
    end: float
    opens: float
    make: Callable[[LengthLike], Schedule]

    def later(self, by: float) -> Given:
        """The same stretch, `by` updates later; one that would begin before the run cannot be moved."""
        assert self.begin + by >= 0, self
        return self._replace(begin=self.begin + by, end=self.end + by)


def curve(begin: float, end: float, start: float, to: float, ease: str = "linear") -> Piece:
    """The stretch whose curve begins and ends with it."""
    return Piece(begin, end, (begin, start), (end, to), ease)


def flat(begin: float, end: float, value: float) -> Piece:
    """The stretch that stays at one value."""
    return Piece(begin, end, (begin, value), (end, value))


def joined(pieces: Sequence[Piece | Given], total: float = math.inf) -> Schedule:
    """Write stretches in our own phases, those beyond the end of the run left out and the last one cut there.

    >>> joined([curve(0, 10, 0.0, 1.0), curve(10, 100, 1.0, 0.1, "cosine")], total=100)
    chain(warmup(10, start=0), cosine(to=0.1))
    >>> joined([Piece(0, 9, (-1, 0.0), (9, 1.0)), flat(9, 100, 1.0)], total=100)
    chain(warmup(9), hold())
    >>> joined([curve(0, 2.5, 0.0, 1.0), curve(2.5, 5, 1.0, 0.0)], total=5)
    chain(knots({0: 0, 2.5: 1}, length=3), knots({-0.5: 1, 2: 0}))
    """
    phases: list[Schedule] = []
    reached: float | None = _PEAK
    for piece in pieces:
        begin, end = max(_ceiling(piece.begin), 0), _ceiling(min(piece.end, total))
        opens = piece.opens if isinstance(piece, Given) else piece.at[1]
        if begin >= end:
            if begin == total < piece.end and (beyond := _value_at(piece, total)) != reached:
                phases.append(jump(beyond))  # what the run would do next shows past its end
                reached = beyond
            continue
        length: LengthLike = "rest" if end == total else int(end - begin)
        if isinstance(piece, Given):
            phases += [jump(opens)] * (opens != reached)
            phases.append(piece.make(length))
            reached = None
        else:
            phases += _written(piece, begin, end, length, reached, first=not phases)
            reached = piece.to[1] if piece.to[0] == end or _is_flat(piece) else None
    if not phases or (pieces[-1].end < total):
        phases.append(hold())
    return chain(*phases)


def _written(piece: Piece, begin: float, end: float, length: LengthLike, reached: float | None, first: bool) -> list[Schedule]:
    (t, start), (s, to), ease = piece.at, piece.to, piece.ease
    if _is_flat(piece):
        return [hold(length)] if to == reached else [jump(to), hold(length)]
    rises = start < to and length != "rest"
    if first and rises and (t, start, s) == (-1, 0, end):  # the warm-up that wastes no update
        return [warmup(length, to, ease=ease)]
    if (t, s) == (begin, end):
        inherited = start == reached and not (first and rises)
        return [(warmup if rises else cooldown)(length, to, start=None if inherited else start, ease=ease)]
    return [knots({t - begin: start, s - begin: to}, length, ease=ease)]


def _value_at(piece: Piece | Given, time: float) -> float:
    if isinstance(piece, Given):
        return piece.opens
    (t, start), (s, to) = piece.at, piece.to
    return to if start == to else knots({t - time: start, s - time: to}, 1, ease=piece.ease).over()(0)


def _is_flat(piece: Piece | Given) -> bool:
    return isinstance(piece, Piece) and piece.at[1] == piece.to[1]


def _ceiling(time: float) -> float:
    return time if math.isinf(time) else math.ceil(time)


def scaled(peak: float, schedule: Schedule) -> Schedule:
    """Multiply a schedule whose peak is 1, unless that changes nothing."""
    return schedule if peak == 1 else peak * schedule
