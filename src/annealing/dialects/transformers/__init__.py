"""transformers.optimization 5.23: every schedule that `SchedulerType` names.

`lr` is the rate that their optimizer was made with. They multiply the rate of every group by one factor, so for a group
with another rate the same numbers are `plan * (rate / lr)`. The two that follow a metric, "greedy" and
"reduce_lr_on_plateau", are in `annealing.control.dialects.transformers`.
"""

from annealing.dialects.transformers.by_name import SCHEDULES, get_scheduler
from annealing.dialects.transformers.cosines import (
    get_cosine_schedule_with_warmup,
    get_cosine_with_hard_restarts_schedule_with_warmup,
    get_cosine_with_min_lr_schedule_with_warmup,
    get_cosine_with_min_lr_schedule_with_warmup_lr_rate,
)
from annealing.dialects.transformers.plain import (
    get_constant_schedule,
    get_constant_schedule_with_warmup,
    get_inverse_sqrt_schedule,
    get_linear_schedule_with_warmup,
    get_polynomial_decay_schedule_with_warmup,
)
from annealing.dialects.transformers.wsd import get_wsd_schedule

__all__ = [
    "SCHEDULES",
    "get_constant_schedule",
    "get_constant_schedule_with_warmup",
    "get_cosine_schedule_with_warmup",
    "get_cosine_with_hard_restarts_schedule_with_warmup",
    "get_cosine_with_min_lr_schedule_with_warmup",
    "get_cosine_with_min_lr_schedule_with_warmup_lr_rate",
    "get_inverse_sqrt_schedule",
    "get_linear_schedule_with_warmup",
    "get_polynomial_decay_schedule_with_warmup",
    "get_scheduler",
    "get_wsd_schedule",
]
