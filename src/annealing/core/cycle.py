"""A track again and again, for runs with more cycles than are worth writing out, or without an end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

from annealing.core.arrays import SCALAR, Namespace
from annealing.core.select import select
from annealing.core.track import Track


@final
@dataclass(frozen=True, slots=True, eq=False)
class Cycling:
    """A curve that runs through one track over and over."""

    track: Track

    def at(self, xp: Namespace, t: Any) -> Any:
        period = self.track.length
        if xp is SCALAR:
            return self.track.at(t % period)
        local = t % period if xp.is_whole(t) or period == int(period) else xp.real(t) % period
        return select(xp, self.track.pieces, local)
