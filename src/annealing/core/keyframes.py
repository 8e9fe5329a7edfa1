"""Where a track's phases begin and end, and both sides of every step."""

from __future__ import annotations

import math
from collections.abc import Iterator

from annealing.core.arrays import SCALAR
from annealing.core.curve import Clipped, Curve, Joined, Moved, Sampled, Stepped
from annealing.core.track import Piece, Track

Frame = tuple[float, float]

_JUST_BEFORE = 1e-5  # updates: what is sampled still has its old value then


def keyframes_of(track: Track) -> tuple[Frame, ...]:
    """Return (t, value) in order; a time stands twice where the value steps."""
    frames: list[Frame] = []
    ends = [piece.begin for piece in track.pieces[1:]] + [track.length]
    for piece, end in zip(track.pieces, ends, strict=True):
        _add(frames, piece.begin, track.at(piece.begin))
        for t in _steps(piece, end):
            _add(frames, t, _value(piece, t - _JUST_BEFORE))
            _add(frames, t, track.at(t))
        if math.isfinite(end):
            sampled = next(_grids(piece.curve), None) is not None
            _add(frames, end, _value(piece, end - _JUST_BEFORE if sampled else end))
    if math.isfinite(track.length):
        _add(frames, track.length, track.end)
    return tuple(frames)


def _add(frames: list[Frame], t: float, value: float) -> None:
    """Add a frame, unless the value at this time is there already."""
    if not (frames and frames[-1][0] == t and abs(frames[-1][1] - value) <= 1e-9 * max(abs(frames[-1][1]), abs(value))):
        frames.append((t, value))


def _value(piece: Piece, t: float) -> float:
    return float(piece.curve.at(SCALAR, t - piece.begin))


def _steps(piece: Piece, end: float) -> Iterator[float]:
    """Every time inside a piece at which what it samples changes."""
    grids = list(_grids(piece.curve))
    if not grids or math.isinf(end):
        return
    times = {
        piece.begin + first + k * step for first, step in grids for k in range(math.ceil((end - piece.begin - first) / step))
    }
    yield from sorted(int(t) if t == int(t) else t for t in times if piece.begin < t < end)


def _grids(curve: Curve) -> Iterator[Frame]:
    """The grids that a curve is sampled on, as (first, step) in its own local time."""
    match curve:
        case Sampled():
            yield 0.0, curve.period
        case Moved():
            for first, step in _grids(curve.body):
                yield (first - curve.offset) / curve.speed % (step / curve.speed), step / curve.speed
        case Joined():
            yield from _grids(curve.left)
            yield from _grids(curve.right)
        case Clipped() | Stepped():
            yield from _grids(curve.body)
        case _:
            return
