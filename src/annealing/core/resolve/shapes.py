"""The single phases: hold, jump, warm-up, ramps, open-ended decays, tables."""

from __future__ import annotations

import math
from collections.abc import Sequence

from annealing.core.arrays import SCALAR
from annealing.core.curve import Curve, Flat, Glide, Growth, Named, PowerLaw, moved
from annealing.core.errors import LengthError, RampError
from annealing.core.length import Length
from annealing.core.resolve.dispatch import resolves
from annealing.core.schedule import Exponential, Formula, Geometric, Hold, Jump, Knots, Power, Ramp, Schedule, Table, Warmup
from annealing.core.split import Window
from annealing.core.track import Piece, Track, cut, lasting

PEAK = 1.0
"""Where a shape opens when nothing came before it."""


@resolves(Hold)
def hold(node: Hold, sizes: Sequence[float], window: Window, start: float | None) -> Track:
    """Stay where the last phase ended."""
    del node, window
    value = PEAK if start is None else start
    return lasting(Flat(value), sizes[0], value)


@resolves(Jump)
def jump(node: Jump, sizes: Sequence[float], window: Window, start: float | None) -> Track:
    """Take no time at all."""
    del sizes, window, start
    return Track((), 0, node.to, written=True)


@resolves(Warmup)
def warmup(node: Warmup, sizes: Sequence[float], window: Window, start: float | None) -> Track:
    """Rise to the peak; at the very start of a run update t uses (t + 1)/(n + 1) of it, so none is wasted at zero."""
    del window
    first = node.start if node.start is not None else start
    if first is not None:
        return _between(node, first, node.to, sizes[0], node.ease, written=node.start is not None)
    size = _finite(node, sizes[0])
    return _whole(moved(Glide(0.0, node.to, size + 1, node.ease), 1), size, node.to, written=False)


@resolves(Ramp)
def ramp(node: Ramp, sizes: Sequence[float], window: Window, start: float | None) -> Track:
    """Go along an ease."""
    del window
    first = node.start if node.start is not None else PEAK if start is None else start
    return _between(node, first, node.to, sizes[0], node.ease, written=node.start is not None)


@resolves(Exponential)
def exponential(node: Exponential, sizes: Sequence[float], window: Window, start: float | None) -> Track:
    """Go by equal ratios, which needs both ends on the same side of zero."""
    del window
    first = node.start if node.start is not None else PEAK if start is None else start
    if first * node.to <= 0:
        raise RampError(
            f"{node} goes from {first:g} to {node.to:g}, and equal ratios never reach or cross zero: "
            "end the phase before it above zero, give start=, or use linear() or cosine()."
        )
    size = _finite(node, sizes[0])
    curve: Curve = Flat(first) if first == node.to else Growth(first, node.to / first, size or 1)
    return _whole(curve, size, node.to, node.start is not None)


@resolves(Geometric)
def geometric(node: Geometric, sizes: Sequence[float], window: Window, start: float | None) -> Track:
    """Multiply by the factor once in every `per`."""
    first = node.start if node.start is not None else PEAK if start is None else start
    curve = Growth(first, node.factor, span_of(node.per, window, node))
    return _open_ended(curve, sizes[0], node.start is not None)


@resolves(Power)
def power(node: Power, sizes: Sequence[float], window: Window, start: float | None) -> Track:
    """Fall as a power of time."""
    first = node.start if node.start is not None else PEAK if start is None else start
    curve = PowerLaw(first, node.rate / span_of(node.per, window, node), node.exponent)
    return _open_ended(curve, sizes[0], node.start is not None)


@resolves(Table)
def table(node: Table, sizes: Sequence[float], window: Window, start: float | None) -> Track:
    """Go from mark to mark; marks are counted from the table's own beginning, "%" is a share of its own length."""
    size = sizes[0]
    first = PEAK if start is None else start
    marks = _marks(node, size, window)
    written = marks[0] == 0
    if not written:
        marks, values = [0, *marks], [first, *node.values]
    else:
        values = list(node.values)
    pieces: list[Piece] = []
    for i, (mark, value) in enumerate(zip(marks, values, strict=True)):
        after = marks[i + 1] if i + 1 < len(marks) else size
        if after > mark:
            joined = node.between != "hold" and i + 1 < len(marks) and values[i + 1] != value
            pieces.append(Piece(mark, Glide(value, values[i + 1], after - mark, node.between) if joined else Flat(value)))
    return Track(tuple(pieces), size, values[-1], written)


@resolves(Knots)
def knots(node: Knots, sizes: Sequence[float], window: Window, start: float | None) -> Track:
    """Go from knot to knot; its values are its own, so it inherits nothing."""
    del window, start
    size, times = sizes[0], node.times
    pieces = [Piece(0, Flat(node.values[0]))] if times[0] > 0 else []
    for a, b, low, high in zip(times, times[1:], node.values, node.values[1:], strict=False):
        if b > 0 and a < size:
            curve = Flat(low) if low == high else Glide(low, high, b - a, node.ease)
            pieces.append(Piece(max(a, 0), moved(curve, -min(a, 0))))
    if max(times[-1], 0) < size:
        pieces.append(Piece(max(times[-1], 0), Flat(node.values[-1])))
    track = Track(tuple(pieces), math.inf, node.values[-1], written=True)
    return cut(track, size) if math.isfinite(size) else track


@resolves(Formula)
def formula(node: Formula, sizes: Sequence[float], window: Window, start: float | None) -> Track:
    """Call a registered function; its values are its own, so it inherits nothing."""
    del window, start
    return _open_ended(Named(node.name, node.arguments), sizes[0], written=True)


def _marks(node: Table, size: float, window: Window) -> list[float]:
    own = window.of_size(size)
    marks: list[float] = []
    for mark in node.marks:
        place = span_of(mark, own, node, may_be_zero=True)
        place = round(place) if window.clock.whole else place
        if place > size:
            raise LengthError(f"the mark {mark} of {_short(node)} lies beyond its {size:g} {window.clock.unit}.")
        if marks and place < marks[-1]:
            raise LengthError(f"the marks of {_short(node)} must rise: {mark} comes to {place:g}, after {marks[-1]:g}.")
        marks.append(place)
    return marks


def span_of(length: Length, window: Window, node: Schedule, may_be_zero: bool = False) -> float:
    """A length used as a time scale: a share is of the window, and nothing is rounded."""
    amount = length.amount
    if length.unit == "%":
        amount = length.amount * window.size / 100 if length.amount else 0.0
    elif length.unit:
        amount = window.clock.count(length)
    if math.isinf(amount) or amount < 0 or (amount == 0 and not may_be_zero):
        why = "a run without an end has no shares" if math.isinf(amount) else "it comes to nothing"
        raise LengthError(f"{_short(node)} cannot use {length} as a time scale: {why}; write a count such as 1000.")
    return int(amount) if amount == int(amount) else amount


def _between(node: Schedule, first: float, to: float, size: float, shape: str, written: bool) -> Track:
    if first == to and math.isinf(size):
        return lasting(Flat(first), size, first, written)
    size = _finite(node, size)
    return _whole(Flat(first) if first == to else Glide(first, to, size, shape), size, to, written)


def _whole(curve: Curve, size: float, to: float, written: bool) -> Track:
    """A phase that ends exactly at `to`; one of no length is instantly complete."""
    return lasting(curve, size, to, written) if size else Track((), 0, to, written=True)


def _open_ended(curve: Curve, size: float, written: bool) -> Track:
    end = math.nan if math.isinf(size) else float(curve.at(SCALAR, size))
    return lasting(curve, size, end, written)


def _finite(node: Schedule, size: float) -> float:
    if math.isinf(size):
        raise LengthError(f"{_short(node)} needs an end: give it a count such as 1000, or the run a total.")
    return size


def _short(node: Schedule) -> str:
    text = str(node)
    return text if len(text) <= 60 else text[:57] + "…"
