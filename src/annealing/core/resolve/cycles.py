"""Repetition: every cycle is a window, and opens where the first one opened."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from annealing.core.curve import Curve, Flat, joined
from annealing.core.cycle import Cycling
from annealing.core.errors import LengthError
from annealing.core.length import Extent, Length
from annealing.core.resolve.dispatch import resolve, resolves
from annealing.core.resolve.extent import cycle_edges, extents_of, first_cycle
from annealing.core.resolve.shapes import span_of
from annealing.core.schedule import Repeat
from annealing.core.split import Window, divide, one_short
from annealing.core.track import Track, cut, every_curve, in_cycle, lasting, one_after_another, told

MOST_CYCLES = 100_000
NEVER = 2**53  # updates: above this, whole numbers are no longer exact


@resolves(Repeat)
def repeat(node: Repeat, sizes: Sequence[float], window: Window, start: float | None) -> Track:
    """Lay the cycles end to end; the last one is cut where the window ends."""
    size = sizes[0]
    if _never_written_out(node, size, window):
        return _cycling(node, size, window, start)
    ending = window.early is not None
    edges = _edges(node, size + 1 if ending else size, window)
    asked = extents_of(node.body)
    tracks: list[Track] = []
    for i, (begin, end) in enumerate(pairwise(edges)):
        own = window.later(begin).of_size(end - begin)
        sizes = divide(end - begin, asked, own)
        if ending and i == len(edges) - 2:
            sizes, early = one_short(sizes)
            own = own.of_size(own.size, early)
        tracks.append(in_cycle(_scaled(resolve(node.body, sizes, own, start), node.scale**i), i))
    return cut(one_after_another(tracks), size)


def _never_written_out(node: Repeat, size: float, window: Window) -> bool:
    """Whether equal cycles are so many, or endless, that one of them stands for all."""
    first = first_cycle(node)
    if node.times is not None or first is None or node.growth != 1 or node.scale != 1:
        return False
    return size > MOST_CYCLES * cycle_length(node, first, window)


def _cycling(node: Repeat, size: float, window: Window, start: float | None) -> Track:
    first = first_cycle(node)
    assert first is not None
    period = cycle_length(node, first, window)
    own = window.of_size(period)
    one = resolve(node.body, divide(period, extents_of(node.body), own), own, start)
    curve = Cycling(one)
    end = math.nan if math.isinf(size) else one.at(size % period) if size % period else one.end
    return told(lasting(curve, size, end, one.written), node, one)


def _edges(node: Repeat, size: float, window: Window) -> list[float]:
    first = first_cycle(node)
    if math.isinf(size):
        if first is None or node.times is not None or node.growth <= 1:
            raise LengthError(
                f"{node} never ends: give it first=100 and no times (and no scale at growth=1), or the run a total."
            )
        size = NEVER  # growing cycles are few: their lengths double past every count there is
    if first is None:
        if node.times is None:
            raise LengthError(f"{node} does not say how many cycles: write times=4, or first=100 for the first cycle's length.")
        shares = [node.growth**i for i in range(node.times)]
        whole = sum(shares)
        edges, reached = [0.0], 0.0
        for share in shares:
            reached += share / whole * size
            edges.append(float(round(reached)) if window.clock.whole else reached)
        edges[-1] = size
        return edges
    length = cycle_length(node, first, window)
    if node.times is not None:
        if length == 0:
            return [0.0] * (node.times + 1)
        return _limited(node, cycle_edges(length, node.growth, node.times), size)
    times, reached = 0, 0.0
    while reached < size:
        reached += length * node.growth**times
        times += 1
        if times > MOST_CYCLES or node.growth**times * length < 0.5:
            raise LengthError(
                f"{node} would take more than {MOST_CYCLES} cycles to fill {size:g} {window.clock.unit}: write a longer first=…."
            )
    return cycle_edges(length, node.growth, times) if size else [0.0, 0.0]


def cycle_length(node: Repeat, first: Extent, window: Window) -> float:
    """The first cycle's length as a count: a sum of what it is written in."""
    lengths = [Length(amount, unit) for unit, amount in first.amounts]
    return sum(span_of(length, window, node, may_be_zero=True) for length in lengths)


def _limited(node: Repeat, edges: list[float], size: float) -> list[float]:
    if abs(edges[-1] - size) > 1:
        raise LengthError(
            f"the cycles of {node} take {edges[-1]:g} updates but have {size:g}: change times=, first= or the length."
        )
    edges[-1] = size
    return edges


def _scaled(track: Track, scale: float) -> Track:
    if scale == 1:
        return track

    def higher(curve: Curve) -> Curve:
        return joined("*", Flat(scale), curve)

    return every_curve(track, higher, scale * track.end)
