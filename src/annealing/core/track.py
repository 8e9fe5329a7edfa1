"""A track: curves laid end to end on one clock, which is what a schedule becomes once it has a length."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import NamedTuple, final

from annealing.core.arrays import SCALAR
from annealing.core.curve import Curve, Flat, joined, moved, operate
from annealing.core.schedule import Pointwise, Schedule


class Part(NamedTuple):
    """Which phase a piece is of, to tell a reader why a value is what it is; nothing is computed from it."""

    phase: Schedule
    since: float  # how long before the piece the phase began
    cycles: tuple[int, ...] = ()  # which repetition, counted from 0, the outermost first
    cycle: Track | None = None  # where one cycle stands for all of them


@final
@dataclass(frozen=True, slots=True)
class Piece:
    """A curve that holds from `begin` on, counted from the start of its track."""

    begin: float
    curve: Curve
    part: Part | None = field(default=None, compare=False)


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
        pieces += (replace(piece, begin=begin + piece.begin) for piece in track.pieces)
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
    sides = [(edge, _from(left, edge), _from(right, edge)) for edge in edges]
    pieces = tuple(Piece(edge, joined(op, a.curve, b.curve), _both(op, a.part, b.part)) for edge, a, b in sides)
    end = float(operate(SCALAR, op, left.end, right.end))
    return Track(pieces, left.length, end, left.written or right.written)


def _from(track: Track, edge: float) -> Piece:
    """The piece that holds at `edge`, with its local time counted from there."""
    index = bisect_right(track.pieces, edge, key=_begin) - 1
    return Piece(edge, Flat(track.end)) if index < 0 else later(track.pieces[index], edge)


def later(piece: Piece, begin: float) -> Piece:
    """Let a piece begin later: the same curve from there on."""
    by = begin - piece.begin
    return Piece(begin, moved(piece.curve, by), _since(piece.part, by))


def _since(part: Part | None, by: float) -> Part | None:
    return part and part._replace(since=part.since + by)


def _both(op: str, left: Part | None, right: Part | None) -> Part | None:
    """Two phases under one arithmetic are spoken of as that arithmetic, since the later of them began."""
    if left is None or right is None:
        return left or right
    return Part(Pointwise(op, left.phase, right.phase), min(left.since, right.since), left.cycles or right.cycles)


def every_curve(track: Track, change: Callable[[Curve], Curve], end: float) -> Track:
    """Apply a change to each curve of a track."""
    return replace(track, pieces=tuple(replace(p, curve=change(p.curve)) for p in track.pieces), end=end)


def cut(track: Track, length: float) -> Track:
    """Keep the first `length` of a track; past its own end it holds its last value."""
    if length >= track.length:
        last = track.pieces[-1] if track.pieces else Piece(0, Flat(track.end))
        rest = Piece(track.length, Flat(track.end), _since(last.part, track.length - last.begin))
        extra = (rest,) if length > track.length else ()
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

    def slower(piece: Piece) -> Piece:
        part = piece.part and piece.part._replace(since=piece.part.since / speed, cycle=None)
        return Piece(_whole(piece.begin * length / track.length), moved(piece.curve, 0, speed), part)

    pieces = tuple(map(slower, track.pieces))
    return Track(pieces, length, track.end, track.written)


def _whole(time: float) -> float:
    """A time that is a whole number but for rounding."""
    nearest = round(time)
    return nearest if abs(time - nearest) <= 1e-9 else time


def told(track: Track, phase: Schedule, cycle: Track | None = None) -> Track:
    """Write the phase that a track was made of on the pieces that say nothing of their own."""
    if all(piece.part for piece in track.pieces):
        return track
    pieces = (p if p.part else replace(p, part=Part(phase, p.begin, (), cycle)) for p in track.pieces)
    return replace(track, pieces=tuple(pieces))


def in_cycle(track: Track, count: int) -> Track:
    """Write on each piece of a track which repetition it is."""
    pieces = (replace(p, part=p.part and p.part._replace(cycles=(count, *p.part.cycles))) for p in track.pieces)
    return replace(track, pieces=tuple(pieces))
