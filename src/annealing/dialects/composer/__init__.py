"""The schedulers of MosaicML composer, whose lengths carry units: "2ep", "100ba", "0.5dur", "1e6sp", "2e9tok".

Theirs return a multiplier, so `lr` is 1 unless written. They read the run from the trainer's state; here it is
written: `max_duration`, `dataloader_len` (batches per epoch, for "ep") and `ssr` (the scale schedule ratio, which
stretches the run and every length but shares of it). A length in samples or tokens gives a plan that counts them.

Read from mosaicml 0.32.1, whose own code the tests run beside these.
"""

from annealing.dialects.composer.milestones import MultiStepScheduler, MultiStepWithWarmupScheduler
from annealing.dialects.composer.plain import (
    ConstantScheduler,
    CosineAnnealingScheduler,
    ExponentialScheduler,
    LinearScheduler,
    PolynomialScheduler,
    StepScheduler,
)
from annealing.dialects.composer.restarts import CosineAnnealingWarmRestartsScheduler
from annealing.dialects.composer.warmup import (
    ConstantWithWarmupScheduler,
    CosineAnnealingWithWarmupScheduler,
    LinearWithWarmupScheduler,
    PolynomialWithWarmupScheduler,
)

__all__ = [
    "ConstantScheduler",
    "ConstantWithWarmupScheduler",
    "CosineAnnealingScheduler",
    "CosineAnnealingWarmRestartsScheduler",
    "CosineAnnealingWithWarmupScheduler",
    "ExponentialScheduler",
    "LinearScheduler",
    "LinearWithWarmupScheduler",
    "MultiStepScheduler",
    "MultiStepWithWarmupScheduler",
    "PolynomialScheduler",
    "PolynomialWithWarmupScheduler",
    "StepScheduler",
]
