"""transformers' schedulers to plans: LambdaLRs whose functions carry their arguments, and a greedy one that follows a metric."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from annealing.core.errors import KindError
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.dialects import transformers as dialect
from annealing.dialects.translate.refuse import follows_a_metric

_PLACE = "transformers.optimization"


def knows(function: Any) -> bool:
    """Whether a LambdaLR's function is one of transformers' own."""
    return getattr(_inner(function), "__module__", "") == _PLACE


def of_function(function: Any, base: float) -> Plan:
    """Return the plan of a group with this base rate under one of transformers' own functions."""
    name = _inner(function).__qualname__
    if name not in _MAKE:
        raise KindError(
            f"{name} is a schedule of transformers that this dialect does not know: there are {', '.join(dialect.SCHEDULES)}; "
            "write its curve as a chain of phases."
        )
    return _MAKE[name](base, **(function.keywords if isinstance(function, functools.partial) else {}))


def _inner(function: Any) -> Any:
    return function.func if isinstance(function, functools.partial) else function


def _cosine(base: float, **named: Any) -> Plan:
    make = (
        dialect.get_cosine_with_min_lr_schedule_with_warmup if "min_lr_rate" in named else dialect.get_cosine_schedule_with_warmup
    )
    return make(base, **named)


def _polynomial(base: float, lr_init: float, lr_end: float, **named: Any) -> Plan:
    if base == 0:
        return 0.0 * dialect.get_polynomial_decay_schedule_with_warmup(lr_init, lr_end=lr_end, **named)
    # a rate in the terms of the optimizer's, of which this group has a multiple
    return dialect.get_polynomial_decay_schedule_with_warmup(base, lr_end=lr_end / lr_init * base, **named)


_MAKE: dict[str, Callable[..., Plan]] = {
    "_get_constant_lambda": dialect.get_constant_schedule,
    "_get_constant_schedule_with_warmup_lr_lambda": dialect.get_constant_schedule_with_warmup,
    "_get_cosine_schedule_with_warmup_lr_lambda": _cosine,
    "_get_cosine_with_hard_restarts_schedule_with_warmup_lr_lambda": (dialect.get_cosine_with_hard_restarts_schedule_with_warmup),
    "_get_cosine_with_min_lr_schedule_with_warmup_lr_rate_lambda": (dialect.get_cosine_with_min_lr_schedule_with_warmup_lr_rate),
    "_get_inverse_sqrt_schedule_lr_lambda": dialect.get_inverse_sqrt_schedule,
    "_get_linear_schedule_with_warmup_lr_lambda": dialect.get_linear_schedule_with_warmup,
    "_get_polynomial_decay_schedule_with_warmup_lr_lambda": _polynomial,
    "_get_wsd_scheduler_lambda": dialect.get_wsd_schedule,
}
"""By the name of theirs, what makes the plan; their keywords are the dialect's."""


def _greedy(s: Any) -> Plan | RecipePlan:
    raise follows_a_metric(
        "transformers.GreedyLR",
        float(s._init_lrs[0]),
        zip(s._init_lrs, s.min_lrs, s.max_lrs, strict=False),
        mode=s.mode,
        factor=s.factor,
        patience=s.patience,
        threshold=s.threshold,
        threshold_mode=s.threshold_mode,
        cooldown=s.cooldown,
        warmup=s.warmup,
        min_lr=s.min_lrs[0],
        max_lr=s.max_lrs[0],
        eps=s.eps,
        smooth=s.smooth,
        window_size=s.window_size,
        reset_start=s.reset_start_original,
    )


def _adafactor(s: Any) -> Plan | RecipePlan:
    raise KindError(
        "AdafactorSchedule only shows the rate that Adafactor chooses by itself: with relative_step=False it follows a plan of "
        "yours, such as 1e-3 * chain(warmup(100), inverse_sqrt(100))."
    )


READ: dict[str, Callable[[Any], Plan | RecipePlan]] = {"AdafactorSchedule": _adafactor, "GreedyLR": _greedy}
"""How each class of its own is read."""
