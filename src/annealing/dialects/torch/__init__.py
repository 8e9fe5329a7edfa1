"""torch.optim.lr_scheduler and torch.optim.swa_utils.SWALR, as of torch 2.13.

`optimizer` becomes `lr`, the rate that the optimizer was made with; an epoch of theirs (one call of `step()`) is an
update of ours. ReduceLROnPlateau listens to a metric, so it is a controller (`annealing.control`).
"""

from annealing.dialects.torch.cycles import CosineAnnealingWarmRestarts, CyclicLR
from annealing.dialects.torch.decays import CosineAnnealingLR, ExponentialLR, LinearLR, PolynomialLR
from annealing.dialects.torch.functions import LambdaLR, MultiplicativeLR
from annealing.dialects.torch.onecycle import OneCycleLR
from annealing.dialects.torch.steps import ConstantLR, MultiStepLR, StepLR
from annealing.dialects.torch.swa import SWALR
from annealing.dialects.torch.together import ChainedScheduler, SequentialLR

__all__ = [
    "SWALR",
    "ChainedScheduler",
    "ConstantLR",
    "CosineAnnealingLR",
    "CosineAnnealingWarmRestarts",
    "CyclicLR",
    "ExponentialLR",
    "LambdaLR",
    "LinearLR",
    "MultiStepLR",
    "MultiplicativeLR",
    "OneCycleLR",
    "PolynomialLR",
    "SequentialLR",
    "StepLR",
]
