"""Choosing among pieces without branching: under a tracer or on a device, where a time has no value yet.

Every reachable piece is computed, on times kept inside it, and the right one selected; from a handful of
plain pieces on, their numbers are looked up instead, so that a hundred cycles cost as much as one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from annealing.core.arrays import Namespace
from annealing.core.curve import Curve, Flat, Glide, Moved
from annealing.core.ease import ease
from annealing.core.track import Piece

_MANY = 8  # pieces from which on parameters are looked up


def select(xp: Namespace, pieces: Sequence[Piece], t: Any) -> Any:
    """Return the values at times that are neither before the first piece nor negative."""
    reachable = [(i, p) for i, p in enumerate(pieces) if first_time(xp, t, p.begin) <= xp.largest_whole]
    if len(reachable) > _MANY and all(_plain(p.curve) for _, p in reachable):
        return _look_up(xp, [p for _, p in reachable], t)
    value: Any = None
    for i, piece in reachable:
        first = first_time(xp, t, piece.begin)
        last = first_time(xp, t, pieces[i + 1].begin) if i + 1 < len(pieces) else math.inf
        inside = xp.maximum(t, first + 0 * t)
        if last <= xp.largest_whole:
            inside = xp.minimum(inside, last + 0 * t)
        local = inside - first
        late = first - piece.begin  # above 0 only where a piece begins between two updates
        here = piece.curve.at(xp, xp.real(local) + late if late else local)
        value = here if value is None else xp.where(t >= first, here, value)
    return value


def first_time(xp: Namespace, t: Any, begin: float) -> float:
    """The first time of a piece on this clock: whole clocks enter one that begins between updates a little late."""
    return math.ceil(begin) if math.isfinite(begin) and xp.is_whole(t) else float(begin)


def _look_up(xp: Namespace, pieces: Sequence[Piece], t: Any) -> Any:
    """Find each time's piece, take its numbers, compute each ease once."""
    exact = xp.is_whole(t)
    firsts = [first_time(xp, t, p.begin) for p in pieces]
    index = xp.search(firsts, t) - 1  # the first piece begins at 0, and no time is before it
    glides = [_as_glide(p.curve) for p in pieces]
    offsets = [first - p.begin + offset for first, p, (_, offset) in zip(firsts, pieces, glides, strict=True)]
    spans = [glide.span for glide, _ in glides]
    local = t - (xp.take_whole if exact else xp.take)(firsts, index)
    if exact and all(x == int(x) and x <= xp.largest_whole for x in (*offsets, *spans)):
        local = local + xp.take_whole([int(x) for x in offsets], index)
        left = xp.take_whole([int(x) for x in spans], index) - local
    else:
        local = xp.real(local) + xp.take(offsets, index)
        left = xp.take(spans, index) - local
    span = xp.take(spans, index)
    return _glides(xp, [glide for glide, _ in glides], index, xp.real(local) / span, xp.real(left) / span)


def _glides(xp: Namespace, glides: Sequence[Glide], index: Any, u: Any, r: Any) -> Any:
    start, to = (xp.take([getattr(g, end) for g in glides], index) for end in ("start", "to"))
    rises = xp.take([float(abs(g.start) < abs(g.to)) for g in glides], index) > 0
    value: Any = None
    for name in sorted({g.ease for g in glides}):
        shape = ease(name)
        here = xp.where(rises, start + (to - start) * shape.rise(xp, u, r), to + (start - to) * shape.fall(xp, u, r))
        mine = xp.take([float(g.ease == name) for g in glides], index) > 0
        value = here if value is None else xp.where(mine, here, value)
    return value


def _plain(curve: Curve) -> bool:
    inner = curve.body if isinstance(curve, Moved) and curve.speed == 1 else curve
    return isinstance(inner, (Flat, Glide))


def _as_glide(curve: Curve) -> tuple[Glide, float]:
    inner, offset = (curve.body, curve.offset) if isinstance(curve, Moved) else (curve, 0.0)
    if isinstance(inner, Flat):
        return Glide(inner.value, inner.value, 1, "linear"), offset
    assert isinstance(inner, Glide), inner
    return inner, offset
