"""transformers' schedules by the names of `SchedulerType`."""

from __future__ import annotations

from collections.abc import Mapping
from inspect import Parameter, signature
from typing import Any

from annealing.core.errors import ArgumentError
from annealing.core.plan import Plan
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import one_of
from annealing.dialects.transformers.common import RUN
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

SCHEDULES = {
    "constant": get_constant_schedule,
    "constant_with_warmup": get_constant_schedule_with_warmup,
    "linear": get_linear_schedule_with_warmup,
    "cosine": get_cosine_schedule_with_warmup,
    "cosine_with_restarts": get_cosine_with_hard_restarts_schedule_with_warmup,
    "polynomial": get_polynomial_decay_schedule_with_warmup,
    "inverse_sqrt": get_inverse_sqrt_schedule,
    "cosine_with_min_lr": get_cosine_with_min_lr_schedule_with_warmup,
    "cosine_warmup_with_min_lr": get_cosine_with_min_lr_schedule_with_warmup_lr_rate,
    "warmup_stable_decay": get_wsd_schedule,
}
"""By the names of `SchedulerType`, all but the two that follow a metric."""


@dialect("transformers.get_scheduler", odd="that of the schedule it names", example=f'"cosine", {RUN}')
def get_scheduler(
    name: str,
    lr: float,
    num_warmup_steps: int | None = None,
    num_training_steps: int | None = None,
    scheduler_specific_kwargs: Mapping[str, Any] | None = None,
) -> Plan:
    """Return the schedule that `SchedulerType` calls `name`.

    >>> from annealing.dialects import transformers
    >>> transformers.get_scheduler("linear", lr=3e-4, num_warmup_steps=100, num_training_steps=1000)
    (3e-4 * chain(warmup(100, start=0), linear())).over(1000)

    Raises `ArgumentError` for an unknown name, for one that follows a metric, and where a length is missing.
    """
    if maker := {"greedy": "get_greedy_schedule", "reduce_lr_on_plateau": "get_reduce_on_plateau_schedule"}.get(name):
        raise ArgumentError(f"{name!r} follows a metric, so it is no plan: use annealing.control.dialects.transformers.{maker}.")
    make: Any = SCHEDULES[one_of("name", name, *SCHEDULES)]
    if name == "constant":
        return make(lr)
    takes = signature(make).parameters
    named = {"num_warmup_steps": num_warmup_steps, "num_training_steps": num_training_steps}
    for argument in [argument for argument in named if argument in takes and takes[argument].default is Parameter.empty]:
        if named[argument] is None:
            raise ArgumentError(f"{name!r} needs {argument}: write {argument}=1000.")
    extra = {} if name == "constant_with_warmup" else scheduler_specific_kwargs or {}  # theirs looks at none there
    return make(lr, **{key: value for key, value in named.items() if key in takes}, **extra)
