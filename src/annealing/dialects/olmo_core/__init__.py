"""OLMo-core's schedulers, as `get_lr(initial_lr, current, t_max)` and its trainer use them.

The trainer counts a step before it trains it: update t uses `current = t + 1`. So no update is wasted at zero, the peak
comes at update warmup − 1, and the last update of `max_steps` is at the end value. With `max_tokens` instead the plan
counts tokens, `current` being the tokens seen with the current batch included: ask it there.

`lr` is the optimizer's rate (1 unless written), minima are absolute. Read from ai2-olmo-core 3.0.0, whose own
code the tests run beside these.
"""

from annealing.dialects.olmo_core.cosine import CosWithWarmup, CosWithWarmupAndLinearDecay, HalfCosWithWarmup
from annealing.dialects.olmo_core.simple import (
    ConstantScheduler,
    ConstantWithWarmup,
    ExponentialScheduler,
    InvSqrtWithWarmup,
    LinearWithWarmup,
)
from annealing.dialects.olmo_core.stable import WSD, WSDS, PowerLR
from annealing.dialects.olmo_core.stages import ComposableScheduler, SequentialScheduler

__all__ = [
    "WSD",
    "WSDS",
    "ComposableScheduler",
    "ConstantScheduler",
    "ConstantWithWarmup",
    "CosWithWarmup",
    "CosWithWarmupAndLinearDecay",
    "ExponentialScheduler",
    "HalfCosWithWarmup",
    "InvSqrtWithWarmup",
    "LinearWithWarmup",
    "PowerLR",
    "SequentialScheduler",
]
