"""Values of a track at a time: one number, a NumPy array, a torch tensor, a JAX array or tracer.

Only the pieces that a time falls on are evaluated, except under a tracer or on a device, where every
piece is computed and the right one selected.
"""

from __future__ import annotations

import math
import sys
from bisect import bisect_right
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from annealing.core.arrays import INT32_MAX, NUMPY, SCALAR, Namespace, jax_namespace, library_of, torch_namespace
from annealing.core.curve import Curve, Flat, Glide
from annealing.core.select import select
from annealing.core.track import Piece, Track

_BLOCK = 1 << 15  # elements evaluated at once: intermediate results stay in the processor's cache

AFTER = {
    "hold": "the last value",
    "repeat": "the run again",
    "mirror": "back the way it came, and there again",
    "continue": "the last phase's own curve, beyond its end",
}


def _number(curve: Curve) -> Callable[[float], float]:
    """A curve as a function of one Python number; the commonest one by a shorter way to the same bits."""
    return curve.number() if isinstance(curve, Glide) else partial(curve.at, SCALAR)


class Reader:
    """Evaluates one track; what happens past its end is `after`."""

    __slots__ = ("_after", "_begins", "_pieces", "_total", "_track", "number")

    def __init__(self, track: Track, total: float, after: str) -> None:
        goes_on = math.isinf(track.length) or (after == "continue" and bool(track.pieces))
        end = () if goes_on else (Piece(track.length, Flat(track.end)),)
        self._pieces = (*track.pieces, *end)
        self._begins = [piece.begin for piece in self._pieces]
        self._track, self._total, self._after = track, total, after
        self.number = self._number_reader()

    def __reduce__(self) -> tuple[type[Reader], tuple[Track, float, str]]:
        """Say what it was made of: a plan's own pickle leaves it out, LambdaLR's state holds everything that a plan does."""
        return Reader, (self._track, self._total, self._after)

    def _number_reader(self) -> Callable[[float], float]:
        """A function of one number, with all that it needs at hand: stepping calls it at every update."""
        begins, rows = self._begins, tuple((piece.begin, _number(piece.curve)) for piece in self._pieces)
        fold, total = _FOLDS[self._after], self._total

        def value(t: float) -> float:
            if not 0 <= t < total:
                if t != t:
                    return t  # NaN stays NaN
                t = fold(SCALAR, t, total) if t > 0 else 0
            index = bisect_right(begins, t) - 1
            begin, at = rows[index]
            return at(t - begin)

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
                return self._selected(xp, t.to(torch.int64) if not t.is_floating_point() else t.to(_torch_dtype(torch, t)))
            case _:
                return self._jax(t)

    def _numpy(self, t: Any) -> Any:
        times = np.asarray(t)
        if times.dtype.kind != "f" or times.dtype.itemsize != 8:
            times = times.astype(np.float64)
        flat = times.reshape(-1)
        values = np.empty(flat.shape)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # as for single numbers: infinities are values
            for begin in range(0, flat.size, _BLOCK):
                block = flat[begin : begin + _BLOCK]
                self._fill(block, values[begin : begin + _BLOCK])
        return values.reshape(times.shape) if times.shape else values[0]

    def _fill(self, times: np.ndarray, values: np.ndarray) -> None:
        low, high = times.min(), times.max()
        if not (low >= 0 and high < self._total):
            if np.isnan(low):  # NaN stays NaN, and leaves the others alone
                known = ~np.isnan(times)
                values[~known] = np.nan
                if known.any():
                    found = np.empty(int(known.sum()))
                    self._fill(times[known], found)
                    values[known] = found
                return
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
        if math.isinf(self._total) or self._total > xp.largest_whole:
            return t
        return _FOLDS[self._after](xp, t, self._total if xp.is_whole(t) else float(self._total))

    def _selected(self, xp: Namespace, t: Any) -> Any:
        return xp.real(select(xp, self._pieces, self._folded(xp, t)))

    def _jax(self, t: Any) -> Any:
        import jax.numpy as jnp

        if jnp.issubdtype(t.dtype, jnp.integer):
            wide = jnp.result_type(int)  # int32, or int64 with x64 on
            bits = 32 if wide == jnp.int32 else 64
            if t.dtype == jnp.uint32 and bits == 32:  # its upper half is beyond what the whole-number clock can count
                countable = self._jax(jnp.minimum(t, np.uint32(INT32_MAX)).astype(wide))
                return jnp.where(t <= INT32_MAX, countable, self._jax(t.astype(jnp.float32)))
            return self._selected(jax_namespace(jnp.result_type(float), bits), t.astype(wide))
        dtype = t.dtype if t.dtype.itemsize >= 4 else jnp.float32
        return self._selected(jax_namespace(dtype, 64), t.astype(dtype))


def _torch_dtype(torch: Any, t: Any) -> Any:
    if t.dtype in (torch.float32, torch.float64):
        return t.dtype
    return torch.float32 if t.is_floating_point() or t.device.type == "mps" else torch.float64


def folded(t: float, total: float, after: str) -> float:
    """Bring a time past the end into the run, by the rule of what happens after it."""
    return _FOLDS[after](SCALAR, t, total) if t >= total else max(t, 0)


def _hold(xp: Namespace, t: Any, total: float) -> Any:
    return total if xp is SCALAR else xp.minimum(t, total + 0 * t)


def _repeat(xp: Namespace, t: Any, total: float) -> Any:
    del xp
    return t % total


def _mirror(xp: Namespace, t: Any, total: float) -> Any:
    there = t % (2 * total)
    return xp.minimum(there, 2 * total - there)


def _continue(xp: Namespace, t: Any, total: float) -> Any:
    del xp, total
    return t


_FOLDS: dict[str, Callable[[Namespace, Any, float], Any]] = {
    "hold": _hold,
    "repeat": _repeat,
    "mirror": _mirror,
    "continue": _continue,
}
