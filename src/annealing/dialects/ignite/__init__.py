"""ignite.handlers, as of pytorch-ignite 0.5.5: handlers that set a value before each iteration, so call t is update t.

Theirs set values of their own and never look at the optimizer's, so there is no `lr` in its place. What sets "lr" of every
group is a plan; with another `param_name`, or a `param_group_index`, it is a recipe plan for that name and group.
`save_history` changes nothing here. ReduceLROnPlateauScheduler follows a metric and is in `annealing.control.dialects.ignite`.
"""

from annealing.dialects.ignite.cyclical import CosineAnnealingScheduler, LinearCyclicalScheduler
from annealing.dialects.ignite.finder import FastaiLRFinder
from annealing.dialects.ignite.state import (
    BatchSizeScheduler,
    EMAHandler,
    ExpStateScheduler,
    LambdaStateScheduler,
    MultiStepStateScheduler,
    PiecewiseLinearStateScheduler,
    StepStateScheduler,
)
from annealing.dialects.ignite.together import (
    ConcatScheduler,
    LRScheduler,
    ParamGroupScheduler,
    PiecewiseLinear,
    create_lr_scheduler_with_warmup,
)

__all__ = [
    "BatchSizeScheduler",
    "ConcatScheduler",
    "CosineAnnealingScheduler",
    "EMAHandler",
    "ExpStateScheduler",
    "FastaiLRFinder",
    "LRScheduler",
    "LambdaStateScheduler",
    "LinearCyclicalScheduler",
    "MultiStepStateScheduler",
    "ParamGroupScheduler",
    "PiecewiseLinear",
    "PiecewiseLinearStateScheduler",
    "StepStateScheduler",
    "create_lr_scheduler_with_warmup",
]
