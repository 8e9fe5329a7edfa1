"""paddle.optimizer.lr: there the scheduler is the learning rate, so `learning_rate` is its peak.

Theirs counts its own `step()` calls from 0: update t uses the value after t of them. ReduceOnPlateau listens to a
metric, so it is a controller (`annealing.control`); `last_epoch` has no meaning for a plan, which is the whole curve.

Read from paddlepaddle 3.3.1 and unverified: its wheel is too large to install for a test, so the tests compare with its
formulas, and with values that its lr.py once gave.
"""

from annealing.dialects.paddle.cycles import CosineAnnealingWarmRestarts, CyclicLR, OneCycleLR
from annealing.dialects.paddle.decays import (
    CosineAnnealingDecay,
    ExponentialDecay,
    InverseTimeDecay,
    LinearLR,
    NaturalExpDecay,
    NoamDecay,
    PolynomialDecay,
)
from annealing.dialects.paddle.steps import LambdaDecay, MultiplicativeDecay, MultiStepDecay, PiecewiseDecay, StepDecay
from annealing.dialects.paddle.warmup import LinearWarmup

__all__ = [
    "CosineAnnealingDecay",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LambdaDecay",
    "LinearLR",
    "LinearWarmup",
    "MultiStepDecay",
    "MultiplicativeDecay",
    "NaturalExpDecay",
    "NoamDecay",
    "OneCycleLR",
    "PiecewiseDecay",
    "PolynomialDecay",
    "StepDecay",
]
