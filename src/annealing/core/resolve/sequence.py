"""One phase after another, and a schedule in a window of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence

from annealing.core.errors import RampError
from annealing.core.length import compact
from annealing.core.resolve.dispatch import resolve, resolves
from annealing.core.resolve.extent import extents_of
from annealing.core.schedule import Chain, Lasting, Schedule
from annealing.core.split import Window, divide
from annealing.core.track import Track, one_after_another


@resolves(Chain)
def chain(node: Chain, sizes: Sequence[float], window: Window, start: float | None) -> Track:
    """Hand every phase the value where the last one ended; a jump that nobody wrote is refused."""
    tracks: list[Track] = []
    begin, used, largest = 0.0, 0, abs(start or 0.0)
    for phase in node.phases:
        count = len(extents_of(phase))
        track = resolve(phase, sizes[used : used + count], window.later(begin), start)
        if start is not None and not track.written:
            _check_joined(phase, start, track.opening, largest)
        tracks.append(track)
        if math.isinf(track.length):
            break
        used += count
        begin += track.length
        start = track.end
        largest = max(largest, abs(start))
    return one_after_another(tracks)


@resolves(Lasting)
def lasting(node: Lasting, sizes: Sequence[float], window: Window, start: float | None) -> Track:
    """Open a window: inside, "%" is a share of this length."""
    own = window.of_size(sizes[0])
    return resolve(node.body, divide(sizes[0], extents_of(node.body), own), own, start)


def _check_joined(phase: Schedule, start: float, opening: float, largest: float) -> None:
    if abs(opening - start) > 1e-9 * max(abs(opening), abs(start)) + 1e-12 * largest:
        here, before = (compact(float(f"{value:.6g}")) for value in (opening, start))
        raise RampError(
            f"{phase} opens at {here} but the phase before it ends at {before}: "
            f"write jump({here}) before it if the step is meant, or give its first phase start=."
        )
