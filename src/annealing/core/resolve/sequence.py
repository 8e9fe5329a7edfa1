"""One phase after another, and a schedule in a window of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence

from annealing.core.errors import RampError
from annealing.core.length import compact
from annealing.core.resolve.dispatch import resolve, resolves
from annealing.core.resolve.extent import extents_of
from annealing.core.schedule import Chain, Lasting, Schedule
from annealing.core.split import Window, divide_anew
from annealing.core.track import Track, one_after_another


@resolves(Chain)
def chain(node: Chain, sizes: Sequence[float], window: Window, start: float | None) -> Track:
    """Hand every phase the value where the last one ended; a jump that nobody wrote is refused."""
    tracks: list[Track] = []
    begin, used, largest = 0.0, 0, abs(start or 0.0)
    for phase in node.phases:
        count = len(extents_of(phase))
        early = window.early - used if window.early is not None and 0 <= window.early - used < count else None
        track = resolve(phase, sizes[used : used + count], window.later(begin, early), start)
        if start is not None and not track.written:
            _check_joined(phase, start, track.opening, largest)
        tracks.append(track)
        if math.isinf(track.length):
            break
        used += count
        begin += track.length
        if track.pieces or track.written:  # a hold of no length passes on what it was given, also nothing
            start = track.end
            largest = max(largest, abs(start))
    return one_after_another(tracks)


@resolves(Lasting)
def lasting(node: Lasting, sizes: Sequence[float], window: Window, start: float | None) -> Track:
    """Open a window: inside, "%" is a share of this length."""
    inner, early = divide_anew(sizes[0], extents_of(node.body), window.of_size(_full(sizes[0], window), window.early))
    return resolve(node.body, inner, window.of_size(_full(sizes[0], window), early), start)


def _full(size: float, window: Window) -> float:
    """The length that "%" refers to: an end on the last update does not shorten it."""
    return size if window.early is None else size + 1


def _check_joined(phase: Schedule, start: float, opening: float, largest: float) -> None:
    if abs(opening - start) > 1e-9 * max(abs(opening), abs(start)) + 1e-12 * largest:
        here, before = (compact(float(f"{value:.6g}")) for value in (opening, start))
        raise RampError(
            f"{phase} opens at {here} but the phase before it ends at {before}: "
            f"write jump({here}) before it if the step is meant, or give its first phase start=."
        )
