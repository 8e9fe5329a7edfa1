"""A track: curves laid end to end on one clock, which is what a schedule becomes once it has a length."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import final

from annealing.core.arrays import SCALAR
from annealing.core.curve import Curve, Flat, joined, moved, operate


@final
@dataclass(frozen=True, slots=True)
class Piece:
    """A curve that holds from `begin` on, counted from the start of its track."""

    begin: float
    curve: Curve


@final
@dataclass(frozen=True, slots=True)
class Track:
    """Pieces in order, how long they last together, and the value at their end.

    `written` says that its first value was written down (a jump, an explicit start) rather than
    inherited, so that a step up or down to it is meant.
    """

    pieces: tuple[Piece, ...]
    length: float
    end: float
    written: bool = False

    @property
    def opening(self) -> float:
        """The value at its first update."""
        return float(self.pieces[0].curve.at(SCALAR, 0)) if self.pieces else self.end

    def at(self, t: float) -> float:
        """Return the value at one time, 0 ≤ t ≤ length."""
        if t >= self.length or not self.pieces:
            return self.end
        piece = self.pieces[max(0, bisect_right(self.pieces, t, key=_begin) - 1)]
        return float(piece.curve.at(SCALAR, t - piece.begin))


def _begin(piece: Piece) -> float:
    return piece.begin


def lasting(curve: Curve, length: float, end: float, written: bool = False) -> Track:
    """Make a track of one curve; one without length is only its end."""
    return Track((Piece(0, curve),) if length > 0 else (), length, end, written)


def one_after_another(tracks: Sequence[Track]) -> Track:
    """Lay tracks end to end."""
    pieces: list[Piece] = []
    begin: float = 0
    for track in tracks:
        pieces += (Piece(begin + piece.begin, piece.curve) for piece in track.pieces)
        begin += track.length
    written = tracks[0].written
    for before, after in pairwise(tracks):
        if before.length > 0:
            break
        written = after.written or written  # a jump before the first update is what that update starts from
    return Track(tuple(pieces), begin, tracks[-1].end, written)


def together(op: str, left: Track, right: Track) -> Track:
    """Combine two tracks of the same length by arithmetic, at the edges of both."""
    edges = sorted({piece.begin for track in (left, right) for piece in track.pieces})
    pieces = tuple(Piece(edge, joined(op, _from(left, edge), _from(right, edge))) for edge in edges)
    end = float(operate(SCALAR, op, left.end, right.end))
    return Track(pieces, left.length, end, left.written or right.written)


def _from(track: Track, edge: float) -> Curve:
    """The curve that holds at `edge`, with its local time counted from there."""
    index = bisect_right(track.pieces, edge, key=_begin) - 1
    if index < 0:
        return Flat(track.end)
    piece = track.pieces[index]
    return moved(piece.curve, edge - piece.begin)


def every_curve(track: Track, change: Callable[[Curve], Curve], end: float) -> Track:
    """Apply a change to each curve of a track."""
    return replace(track, pieces=tuple(Piece(p.begin, change(p.curve)) for p in track.pieces), end=end)


def cut(track: Track, length: float) -> Track:
    """Keep the first `length` of a track; past its own end it holds its last value."""
    if length >= track.length:
        extra = (Piece(track.length, Flat(track.end)),) if length > track.length else ()
        return Track((*track.pieces, *extra), length, track.end, track.written)
    return Track(tuple(p for p in track.pieces if p.begin < length), length, track.at(length), track.written)


def rest(track: Track, begin: float) -> Track:
    """Keep what a track does from `begin` on."""
    if begin >= track.length:
        return Track((), 0, track.end)
    first = bisect_right(track.pieces, begin, key=_begin) - 1
    now, later = track.pieces[first], track.pieces[first + 1 :]
    pieces = (Piece(0, moved(now.curve, begin - now.begin)), *(Piece(p.begin - begin, p.curve) for p in later))
    return Track(pieces, track.length - begin, track.end)


def stretched(track: Track, length: float) -> Track:
    """Run a whole track in another length: the same value at the same fraction of the way."""
    if length <= 0:  # one update, which the end is on
        return Track((), 0, track.end, track.written)
    speed = track.length / length
    if speed == 1:
        return track
    pieces = tuple(Piece(_whole(p.begin * length / track.length), moved(p.curve, 0, speed)) for p in track.pieces)
    return Track(pieces, length, track.end, track.written)


def _whole(time: float) -> float:
    """A time that is a whole number but for rounding."""
    nearest = round(time)
    return nearest if abs(time - nearest) <= 1e-9 else time
