"""timm.scheduler, as of timm 1.0.31.

Their clock counts epochs: `step(epoch + 1)` after each, so that a rate stays for a whole epoch, and so do these plans
(`unit="epochs"`). With `t_in_epochs=False` it counts updates, as everywhere else. PlateauLRScheduler follows a metric and is
in `annealing.control.dialects.timm`.
"""

from annealing.dialects.timm.cycles import CosineLRScheduler, PolyLRScheduler, TanhLRScheduler
from annealing.dialects.timm.factory import create_scheduler_v2
from annealing.dialects.timm.steps import MultiStepLRScheduler, StepLRScheduler
from annealing.dialects.timm.wsd import WSDLRScheduler

__all__ = [
    "CosineLRScheduler",
    "MultiStepLRScheduler",
    "PolyLRScheduler",
    "StepLRScheduler",
    "TanhLRScheduler",
    "WSDLRScheduler",
    "create_scheduler_v2",
]
