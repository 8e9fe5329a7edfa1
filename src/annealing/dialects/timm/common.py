"""What all of timm's schedulers share: the clock, the warm-up, the noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from annealing.core.plan import Plan
from annealing.core.schedule import Schedule
from annealing.dialects.checks import count, rate
from annealing.dialects.pieces import Given, Piece, curve, joined
from annealing.dialects.timm.noise import NoiseRange, shaking


@final
@dataclass(frozen=True)
class Common:
    """The arguments that every scheduler of theirs takes, and what they do to any curve."""

    lr: float
    warmup_t: int
    warmup_lr_init: float
    warmup_prefix: bool
    t_in_epochs: bool
    noise: Schedule | None
    noise_ends: float  # the first t without noise

    @classmethod
    def of(
        cls,
        lr: float,
        warmup_t: int,
        warmup_lr_init: float,
        warmup_prefix: bool,
        t_in_epochs: bool,
        noise: tuple[NoiseRange, float, float, int],
    ) -> Common:
        """Check them; `noise` is their noise_range_t, noise_pct, noise_std and noise_seed."""
        factor, ends = shaking(*noise)
        warm = count("warmup_t", warmup_t), rate("warmup_lr_init", warmup_lr_init)
        return cls(rate("lr", lr), *warm, bool(warmup_prefix), bool(t_in_epochs), factor, ends)

    @property
    def shift(self) -> int:
        """When the curve after the warm-up begins to count: at its end where it is a prefix, else with the run."""
        return self.warmup_t if self.warmup_prefix else 0

    @property
    def entered(self) -> int:
        """How far the curve is along its own clock when the warm-up ends."""
        return self.warmup_t - self.shift

    def plan(self, pieces: Sequence[Piece | Given], end: float, target: float | None = None) -> Plan:
        """Put the warm-up, to `target` or else to the rate, before pieces on the curve's own clock, which end at `end`."""
        rise = [curve(0, self.warmup_t, self.warmup_lr_init, self.lr if target is None else target)] if self.warmup_t else []
        total = max(end + self.shift, self.warmup_t)
        if self.noise_ends > total:  # it goes on shaking past the end
            total = math.inf
        shape = joined([*rise, *(piece.later(self.shift) for piece in pieces)], total)
        return self.settled(shape, total)

    def settled(self, shape: Schedule, total: float) -> Plan:
        """Add the noise, and hold every value for an epoch where the clock counts those."""
        shaken = shape if self.noise is None else shape * self.noise
        if self.t_in_epochs:
            return shaken.every("1ep").over(total, unit="epochs")
        return shaken.over(total)
