"""What transformers' schedules share: the warm-up from 0, and words for what is odd about them."""

from __future__ import annotations

from annealing.core.composition import chain
from annealing.core.phases import warmup
from annealing.core.schedule import Schedule
from annealing.dialects.checks import count

RUN = "lr=3e-4, num_warmup_steps=100, num_training_steps=1000"
ZERO = "the first update has rate 0"
RISES = f"{ZERO}; rises again after the end"
SCALED = "min_lr is scaled for groups with another rate"


def warmed(num_warmup_steps: int, *phases: Schedule) -> Schedule:
    """Rise from 0 before other phases."""
    up = count("num_warmup_steps", num_warmup_steps)
    return chain(warmup(up, start=0), *phases) if up else chain(*phases)
