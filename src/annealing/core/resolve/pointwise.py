"""What changes values and leaves lengths alone: arithmetic, clip, rounded, every."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from annealing.core.arrays import SCALAR
from annealing.core.curve import Clipped, Curve, Flat, Sampled, Stepped, joined, operate
from annealing.core.resolve.dispatch import resolve, resolves
from annealing.core.resolve.extent import shared_extents, sizes_within
from annealing.core.resolve.shapes import span_of
from annealing.core.schedule import Clip, Constant, Every, Pointwise, Rounded, Schedule
from annealing.core.split import Window
from annealing.core.track import Piece, Track, every_curve, later, together


@resolves(Pointwise)
def pointwise(node: Pointwise, sizes: Sequence[float], window: Window, start: float | None) -> Track:
    """Undo arithmetic with a number on the inherited start, so that chain(a, k * b) joins as chain(a, b) does."""
    if isinstance(node.left, Constant):
        return _with_number(node.op, node.left.value, node.right, True, sizes, window, start)
    if isinstance(node.right, Constant):
        return _with_number(node.op, node.right.value, node.left, False, sizes, window, start)
    asked = shared_extents(node)
    # Which side would inherit is anybody's guess, so neither does: the chain then checks that they meet the start.
    sides: list[Track] = []
    for side in (node.left, node.right):
        own, early = sizes_within(side, sizes, asked, window)
        sides.append(resolve(side, own, window.later(0, early), None))
    return together(node.op, *sides)


def _with_number(
    op: str, k: float, body: Schedule, first: bool, sizes: Sequence[float], window: Window, start: float | None
) -> Track:
    inner = resolve(body, sizes, window, None if start is None else undo(op, k, start, number_first=first))
    return _number_joined(op, k, inner, first)


def _number_joined(op: str, k: float, track: Track, first: bool) -> Track:
    def change(curve: Curve) -> Curve:
        return joined(op, Flat(k), curve) if first else joined(op, curve, Flat(k))

    end = operate(SCALAR, op, k, track.end) if first else operate(SCALAR, op, track.end, k)
    return every_curve(track, change, float(end))


def undo(op: str, k: float, value: float, number_first: bool) -> float | None:
    """The x with `k op x == value` (or `x op k`), or None where there is none to be had."""
    result: float
    match op:
        case "*":
            result = value / k if k else math.nan
        case "+":
            result = value - k
        case "-":
            result = k - value if number_first else value + k
        case "/" if number_first:
            result = k / value if value else math.nan
        case "/":
            result = value * k
        case "**" if number_first:
            result = math.log(value) / math.log(k) if k > 0 and k != 1 and value > 0 else math.nan
        case "**":
            result = SCALAR.power(value, 1 / k) if k and value >= 0 else math.nan
        case _:  # min, max: where the value is the body's own, it is unchanged
            result = value
    return result if math.isfinite(result) else None


@resolves(Clip)
def clip(node: Clip, sizes: Sequence[float], window: Window, start: float | None) -> Track:
    """Keep every value between two others."""
    return _clipped(node, resolve(node.body, sizes, window, start))


def _clipped(node: Clip, track: Track) -> Track:
    def change(curve: Curve) -> Curve:
        return Clipped(curve, node.low, node.high)

    return every_curve(track, change, min(max(track.end, node.low), node.high))


@resolves(Rounded)
def rounded(node: Rounded, sizes: Sequence[float], window: Window, start: float | None) -> Track:
    """Round every value; its steps are meant, also the first one."""
    return _stepped(node, resolve(node.body, sizes, window, start))


def _stepped(node: Rounded, track: Track) -> Track:
    def change(curve: Curve) -> Curve:
        return Stepped(curve, node.multiple, node.minimum)

    end = Stepped(Flat(track.end), node.multiple, node.minimum).at(SCALAR, 0)
    return replace(every_curve(track, change, float(end)), written=True)


def changed(shape: Schedule, track: Track) -> Track:
    """Change every value of a track: `shape` is arithmetic with numbers, clip or rounding around a hold that stands for it."""
    match shape:
        case Pointwise(op, Constant(k), body):
            return _number_joined(op, k, changed(body, track), True)
        case Pointwise(op, body, Constant(k)):
            return _number_joined(op, k, changed(body, track), False)
        case Clip(body):
            return _clipped(shape, changed(body, track))
        case Rounded(body):
            return _stepped(shape, changed(body, track))
        case _:
            return track


@resolves(Every)
def every(node: Every, sizes: Sequence[float], window: Window, start: float | None) -> Track:
    """Look at the body on a grid only: epochs are the run's own, any other period starts with the phase."""
    body = resolve(node.body, sizes, window, start)
    if not body.pieces:
        return body
    period = span_of(node.period, window, node)
    origin = -(window.begin % period) if node.period.unit in ("ep", "sam", "tok") else 0.0
    pieces: list[Piece] = []
    ends = [piece.begin for piece in body.pieces[1:]] + [body.length]
    for piece, end in zip(body.pieces, ends, strict=True):
        grid = _next_on_grid(piece.begin, origin, period)
        if grid > piece.begin:  # the period that is on began earlier: hold what it began with
            pieces.append(replace(piece, curve=Flat(body.at(max(0.0, grid - period)))))
        if grid < end:
            rest = later(piece, grid)
            pieces.append(replace(rest, curve=Sampled(rest.curve, period)))
    if math.isinf(body.length):
        return Track(tuple(pieces), body.length, body.end, body.written)
    last = _next_on_grid(body.length, origin, period)
    held = body.end if last == body.length else body.at(max(0.0, last - period))
    return Track(tuple(pieces), body.length, held, body.written)


def _next_on_grid(time: float, origin: float, period: float) -> float:
    """The first grid point at or after `time`."""
    grid = origin + math.ceil((time - origin) / period - 1e-9) * period
    return int(grid) if grid == int(grid) else grid
