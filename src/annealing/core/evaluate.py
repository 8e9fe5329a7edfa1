"""Values of a track at a time: one number, a NumPy array, a torch tensor, a JAX array or tracer.

Only the pieces that a time falls on are evaluated, except under a tracer or on a device, where every
piece is computed and the right one selected.
"""

from __future__ import annotations

import math
import sys
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

import numpy as np

from annealing.core.arrays import NUMPY, SCALAR, Namespace, jax_namespace, library_of, torch_namespace
from annealing.core.curve import Flat, Glide, Moved
from annealing.core.ease import ease
from annealing.core.track import Piece, Track

_BLOCK = 1 << 15  # elements evaluated at once: intermediate results stay in the processor's cache
_MANY = 8  # pieces from which on a tracer looks parameters up instead of computing every piece

AFTER = {
    "hold": "the last value",
    "repeat": "the run again",
    "mirror": "back the way it came, and there again",
}


class Reader:
    """Evaluates one track; what happens past its end is `after`."""

    __slots__ = ("_after", "_begins", "_pieces", "_total", "number")

    def __init__(self, track: Track, total: float, after: str) -> None:
        end = () if math.isinf(track.length) else (Piece(track.length, Flat(track.end)),)
        self._pieces = (*track.pieces, *end)
        self._begins = [piece.begin for piece in self._pieces]
        self._total = total
        self._after = after
        self.number = self._number_reader()

    def _number_reader(self) -> Callable[[float], float]:
        """A function of one number, with all that it needs at hand: stepping calls it at every update."""
        begins, rows = self._begins, tuple((piece.begin, piece.curve.at) for piece in self._pieces)
        fold, total = _FOLDS[self._after], self._total

        def value(t: float) -> float:
            if t < 0:
                t = 0
            elif t >= total:
                t = fold(SCALAR, t, total)
            index = bisect_right(begins, t) - 1
            begin, at = rows[index]
            return at(SCALAR, t - begin)

        return value

    def array(self, t: Any) -> Any:
        """Return the values at an array of times, in the array's own library."""
        match library_of(t):
            case "scalar":
                return self.number(t)
            case "numpy":
                return self._numpy(t)
            case "torch":
                torch: Any = sys.modules["torch"]
                xp = torch_namespace(_torch_dtype(torch, t), t.device)
                return self._select(xp, t.to(torch.int64) if not t.is_floating_point() else t.to(_torch_dtype(torch, t)))
            case _:
                return self._jax(t)

    def _numpy(self, t: Any) -> Any:
        times = np.asarray(t)
        if times.dtype.kind != "f" or times.dtype.itemsize != 8:
            times = times.astype(np.float64)
        flat = times.reshape(-1)
        values = np.empty(flat.shape)
        for begin in range(0, flat.size, _BLOCK):
            block = flat[begin : begin + _BLOCK]
            self._fill(block, values[begin : begin + _BLOCK])
        return values.reshape(times.shape) if times.shape else values[0]

    def _fill(self, times: np.ndarray, values: np.ndarray) -> None:
        low, high = times.min(), times.max()
        if low < 0 or high >= self._total:
            times = self._folded(NUMPY, times)
            low, high = times.min(), times.max()
        first, last = (max(0, bisect_right(self._begins, float(x)) - 1) for x in (low, high))
        if first == last:
            values[:] = self._values(first, times)
        elif np.all(times[1:] >= times[:-1]):
            edges = np.searchsorted(times, self._begins[first + 1 : last + 1]).tolist()
            for index, (a, b) in enumerate(zip([0, *edges], [*edges, times.size], strict=True), start=first):
                if b > a:
                    values[a:b] = self._values(index, times[a:b])
        else:
            order = np.argsort(times, kind="stable")
            in_order = np.empty(times.size)
            self._fill(times[order], in_order)
            values[order] = in_order

    def _values(self, index: int, times: np.ndarray) -> Any:
        piece = self._pieces[index]
        return (
            piece.curve.value
            if isinstance(piece.curve, Flat)
            else piece.curve.at(NUMPY, times - piece.begin if piece.begin else times)
        )

    def _folded(self, xp: Namespace, t: Any) -> Any:
        """Bring times into the run: the start's before it, what `after` says past its end."""
        zero = 0 * t
        t = xp.maximum(t, zero)
        return t if math.isinf(self._total) or self._total > xp.largest_whole else _FOLDS[self._after](xp, t, self._total)

    def _jax(self, t: Any) -> Any:
        import jax.numpy as jnp

        if jnp.issubdtype(t.dtype, jnp.integer):
            wide = jnp.result_type(int)  # int32, or int64 with x64 on
            bits = 32 if wide == jnp.int32 else 64
            if t.dtype == jnp.uint32 and bits == 32:
                t = jnp.minimum(t, np.uint32(2**31 - 1))
            return self._select(jax_namespace(jnp.result_type(float), bits), t.astype(wide))
        dtype = t.dtype if t.dtype.itemsize >= 4 else jnp.float32
        return self._select(jax_namespace(dtype, 64), t.astype(dtype))

    def _select(self, xp: Namespace, t: Any) -> Any:
        """Compute every reachable piece on times kept inside it, and select."""
        t = self._folded(xp, t)
        reachable = [(i, p) for i, p in enumerate(self._pieces) if _first(xp, t, p.begin) <= xp.largest_whole]
        if len(reachable) > _MANY and all(_plain(p) for _, p in reachable):
            return self._look_up(xp, t, [p for _, p in reachable])
        value: Any = None
        for i, piece in reachable:
            first = _first(xp, t, piece.begin)
            last = self._begins[i + 1] if i + 1 < len(self._begins) else math.inf
            inside = xp.maximum(t, first + 0 * t)
            if (limit := _first(xp, t, last)) <= xp.largest_whole:
                inside = xp.minimum(inside, limit + 0 * t)
            local = inside - first
            late = first - piece.begin  # above 0 only where a piece begins between two updates
            here = piece.curve.at(xp, xp.real(local) + late if late else local)
            value = here if value is None else xp.where(t >= first, here, value)
        return xp.real(value)

    def _look_up(self, xp: Namespace, t: Any, pieces: list[Piece]) -> Any:
        """The same for many plain pieces: find each time's piece, take its numbers, compute each ease once."""
        firsts = [_first(xp, t, p.begin) for p in pieces]
        index = xp.search(firsts, t) - 1  # the first piece begins at 0, and no time is before it
        glides = [_as_glide(p) for p in pieces]
        offsets = [first - p.begin + offset for first, p, (_, offset) in zip(firsts, pieces, glides, strict=True)]
        exact = xp.is_whole(t)
        local = t - (xp.take_whole if exact else xp.take)(firsts, index)
        spans = [glide.span for glide, _ in glides]
        if exact and all(x == int(x) and x <= xp.largest_whole for x in (*offsets, *spans)):
            local = local + xp.take_whole([int(x) for x in offsets], index)
            left = xp.take_whole([int(x) for x in spans], index) - local
        else:
            local = xp.real(local) + xp.take(offsets, index)
            left = xp.take(spans, index) - local
        span = xp.take(spans, index)
        u, r = xp.real(local) / span, xp.real(left) / span
        start, to = xp.take([g.start for g, _ in glides], index), xp.take([g.to for g, _ in glides], index)
        value: Any = None
        for name in sorted({g.ease for g, _ in glides}):
            shape = ease(name)
            rising = start + (to - start) * shape.rise(xp, u, r)
            falling = to + (start - to) * shape.fall(xp, u, r)
            here = xp.where(xp.take([float(abs(g.start) < abs(g.to)) for g, _ in glides], index) > 0, rising, falling)
            mine = xp.take([float(g.ease == name) for g, _ in glides], index) > 0
            value = here if value is None else xp.where(mine, here, value)
        return value


def _first(xp: Namespace, t: Any, begin: float) -> float:
    """The first time of a piece on this clock: whole clocks enter a piece that begins between updates a little late."""
    if math.isinf(begin):
        return begin
    return math.ceil(begin) if xp.is_whole(t) else begin


def _plain(piece: Piece) -> bool:
    curve = piece.curve.body if isinstance(piece.curve, Moved) and piece.curve.speed == 1 else piece.curve
    return isinstance(curve, (Flat, Glide))


def _as_glide(piece: Piece) -> tuple[Glide, float]:
    curve, offset = (piece.curve.body, piece.curve.offset) if isinstance(piece.curve, Moved) else (piece.curve, 0.0)
    if isinstance(curve, Flat):
        return Glide(curve.value, curve.value, 1, "linear"), offset
    assert isinstance(curve, Glide)
    return curve, offset


def _torch_dtype(torch: Any, t: Any) -> Any:
    if t.dtype in (torch.float32, torch.float64):
        return t.dtype
    return torch.float32 if t.is_floating_point() or t.device.type == "mps" else torch.float64


def _hold(xp: Namespace, t: Any, total: float) -> Any:
    return total if xp is SCALAR else xp.minimum(t, total + 0 * t)


def _repeat(xp: Namespace, t: Any, total: float) -> Any:
    del xp
    return t % total


def _mirror(xp: Namespace, t: Any, total: float) -> Any:
    there = t % (2 * total)
    return xp.minimum(there, 2 * total - there)


_FOLDS: dict[str, Callable[[Namespace, Any, float], Any]] = {"hold": _hold, "repeat": _repeat, "mirror": _mirror}
