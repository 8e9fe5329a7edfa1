"""timm's cycles: where each begins, found with their own rounding, and the curve it follows."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from annealing.core.arrays import SCALAR
from annealing.core.checks import number, positive
from annealing.core.composition import repeat
from annealing.core.errors import ArgumentError
from annealing.core.length import LengthLike
from annealing.core.marks import formula
from annealing.core.phases import cooldown
from annealing.core.plan import Plan
from annealing.core.registry import register, registered
from annealing.core.schedule import Schedule
from annealing.dialects.checks import count, rate
from annealing.dialects.pieces import Given, Piece, flat
from annealing.dialects.timm.common import Common

_MOST, _LATEST = 10_000, 2**52  # cycles, and the last time that is a whole number in theirs


class Shape(NamedTuple):
    """A curve from its start to its end: an ease, or a registered function and its numbers."""

    name: str
    numbers: tuple[tuple[str, float], ...] = ()

    def drawn(self, first: int, last: int, begin: float, span: float, start: float, to: float) -> Piece | Given:
        """The curve that takes `span` from `begin` on, for the times from `first` until `last`."""
        if not self.numbers:
            return Piece(first, last, (begin, start), (begin + span, to), self.name)
        named = {"start": start, "to": to, "span": span, "ahead": first - begin, **dict(self.numbers)}
        opens = float(registered(self.name)(SCALAR, 0, **named))

        def make(length: LengthLike) -> Schedule:
            return formula(self.name, length, **named)

        return Given(first, last, opens, make)


class Cycle(NamedTuple):
    """The times from `first` until `last`, on a curve of `span` that began at `begin`."""

    first: int
    last: int
    begin: float
    span: float


def cycles(length: int, growth: float, limit: int) -> list[Cycle]:
    """Return the first `limit` cycles, each `growth` times as long as the one before.

    >>> [cycle.first for cycle in cycles(10, 1.5, 3)]
    [0, 10, 25]
    """

    def number_of(t: int) -> float:  # theirs, and so is what its logarithm gets wrong
        if growth == 1:
            return t // length
        grown = 1 - t / length * (1 - growth)
        return math.floor(math.log(grown, growth)) if grown > 0 else math.inf

    found: list[Cycle] = []
    first = 0
    for i in range(limit):
        begin = i * length if growth == 1 else (1 - growth**i) / (1 - growth) * length
        span = growth**i * length
        last = math.ceil(begin + span)
        while last > first and number_of(last - 1) > i:
            last -= 1
        while number_of(last) <= i:
            last += 1
        if last > _LATEST:
            raise ArgumentError(f"cycle {i} of {limit} would end after {_LATEST}: write a smaller cycle_limit or cycle_mul.")
        found.append(Cycle(first, last, begin, span))
        first = last
    return found


def cycling(
    common: Common, shape: Shape, t_initial: int, lr_min: float, growth: float, scale: float, limit: int, *, meets: bool = False
) -> Plan:
    """Follow the shape once per cycle and stay at `lr_min`; `meets` is whether a warm-up ends on the curve, not at the rate."""
    length, low, times = count("t_initial", t_initial, 1), rate("lr_min", lr_min), count("cycle_limit", limit, 1)
    mul, decay, enters = positive("cycle_mul", growth), number("cycle_decay", scale), common.entered
    if mul == decay == 1 and not enters and not shape.numbers and times > 1:
        one = cooldown(length, low, start=common.lr, ease=shape.name)
        return common.plan(
            [Given(0, length * times, common.lr, lambda _: repeat(one, times)), _rest(length * times, low)], length * times
        )
    if times > _MOST:
        raise ArgumentError(f"cycle_limit={limit!r} is more than {_MOST} cycles: write a smaller one, or repeat(…) of ours.")
    pieces: list[Piece | Given] = []
    if meets and not common.warmup_t:  # the constructor sets the rate itself, whatever the curve says
        pieces.append(flat(0, 1, common.lr))
        enters = 1
    teeth = cycles(length, mul, times)
    for i, tooth in enumerate(teeth):
        first = max(tooth.first, enters)
        if first < tooth.last:
            pieces.append(shape.drawn(first, tooth.last, tooth.begin, tooth.span, common.lr * decay**i, low))
    end = max(teeth[-1].last, enters)
    pieces.append(_rest(end, low))
    opening = pieces[0].opens if isinstance(pieces[0], Given) else pieces[0].to[1]
    return common.plan(pieces, end, opening if meets and common.entered else None)


def _rest(end: int, low: float) -> Piece:
    return flat(end, math.inf, low)


def _progress(xp: Any, t: Any, span: float, ahead: float, k: float) -> Any:
    done = (xp.real(t) + ahead) / span
    return xp.power(xp.minimum(done, 1 + 0 * done), k)  # a restart that comes late by rounding is over by then


@register("timm.cosine", arrays=True)
def bent_cosine(xp: Any, t: Any, start: float, to: float, span: float, ahead: float, k: float) -> Any:
    """Half a cosine of progress^k."""
    half = xp.sin(math.pi / 2 * (1 - _progress(xp, t, span, ahead, k)))
    return to + (start - to) * half * half


@register("timm.poly", arrays=True)
def bent_polynomial(xp: Any, t: Any, start: float, to: float, span: float, ahead: float, k: float, power: float) -> Any:
    """(1 − progress^k)^power."""
    return to + (start - to) * xp.power(1 - _progress(xp, t, span, ahead, k), power)


@register("timm.tanh", arrays=True)
def falling_tanh(xp: Any, t: Any, start: float, to: float, span: float, ahead: float, lb: float, ub: float) -> Any:
    """(1 − tanh x)/2 = 1/(1 + exp(2x)), x from `lb` to `ub`."""
    done = (xp.real(t) + ahead) / span
    return to + (start - to) / (1 + xp.exp(2 * (lb * (1 - done) + ub * done)))
