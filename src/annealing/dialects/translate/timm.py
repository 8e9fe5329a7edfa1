"""timm's schedulers, as they live on an optimizer, to plans."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Any

from annealing.core.errors import ArgumentError
from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.dialects import timm as dialect
from annealing.dialects.translate.groups import Moves, together
from annealing.dialects.translate.refuse import follows_a_metric

_MAKE: dict[str, Callable[..., Plan]] = {
    "CosineLRScheduler": dialect.CosineLRScheduler,
    "MultiStepLRScheduler": dialect.MultiStepLRScheduler,
    "PolyLRScheduler": dialect.PolyLRScheduler,
    "StepLRScheduler": dialect.StepLRScheduler,
    "TanhLRScheduler": dialect.TanhLRScheduler,
    "WSDLRScheduler": dialect.WSDLRScheduler,
}


def _whole(s: Any) -> Plan | RecipePlan:
    """They keep every argument under its own name, and a group may scale what they set."""
    if s.noise_range_t is not None and s.noise_type != "normal":
        raise ArgumentError(
            f"noise_type={s.noise_type!r} draws other numbers than the dialect: write noise_type='normal', or multiply a plan by "
            "a registered function."
        )
    make, groups = _MAKE[type(s).__name__], s.optimizer.param_groups
    named = {name: getattr(s, name) for name in signature(make).parameters if name not in ("lr", "initialize")}

    def moves(row: int) -> Moves:
        plan = make(float(s.base_values[row]), **named)
        scale = float(groups[row].get("lr_scale", 1.0))
        return {"lr": plan if scale == 1 else scale * plan}

    return together([moves(row) for row in range(len(s.base_values))], groups)


def _plateau(s: Any) -> Plan | RecipePlan:
    inside = s.lr_scheduler
    raise follows_a_metric(
        "timm.PlateauLRScheduler",
        float(s.base_values[0]),
        s.base_values,
        decay_rate=inside.factor,
        patience_t=inside.patience,
        threshold=inside.threshold,
        cooldown_t=inside.cooldown,
        warmup_t=s.warmup_t,
        warmup_lr_init=float(s.warmup_lr_init),
        lr_min=float(inside.min_lrs[0]),
        mode=inside.mode,
    )


READ: dict[str, Callable[[Any], Plan | RecipePlan]] = {**dict.fromkeys(_MAKE, _whole), "PlateauLRScheduler": _plateau}
"""How each class is read."""
