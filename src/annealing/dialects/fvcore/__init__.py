"""fvcore.common.param_scheduler: functions of `where`, the share of the run that is done.

Theirs are called with where = t/total. With `total=` these are plans; without it they are the same horizon-free values as
theirs, which CompositeParamScheduler puts together and `.over(total)` makes a plan of. Theirs promise nothing for where = 1
and beyond (a constant raises, Step finds no value, a cosine rises again); a plan stays where it ended.
"""

from annealing.dialects.fvcore.composite import CompositeParamScheduler
from annealing.dialects.fvcore.curves import (
    ConstantParamScheduler,
    CosineParamScheduler,
    ExponentialParamScheduler,
    LinearParamScheduler,
    PolynomialDecayParamScheduler,
)
from annealing.dialects.fvcore.steps import MultiStepParamScheduler, StepParamScheduler, StepWithFixedGammaParamScheduler
from annealing.dialects.fvcore.where import ParamScheduler

__all__ = [
    "CompositeParamScheduler",
    "ConstantParamScheduler",
    "CosineParamScheduler",
    "ExponentialParamScheduler",
    "LinearParamScheduler",
    "MultiStepParamScheduler",
    "ParamScheduler",
    "PolynomialDecayParamScheduler",
    "StepParamScheduler",
    "StepWithFixedGammaParamScheduler",
]
