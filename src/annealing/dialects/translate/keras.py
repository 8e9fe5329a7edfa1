"""keras' schedules to plans, by the configuration they give of themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

from annealing.core.plan import Plan
from annealing.core.recipe import RecipePlan
from annealing.dialects import keras as dialect
from annealing.dialects.translate.refuse import follows_a_metric

_MAKE: dict[str, Callable[..., Plan]] = {
    "CosineDecay": dialect.CosineDecay,
    "CosineDecayRestarts": dialect.CosineDecayRestarts,
    "ExponentialDecay": dialect.ExponentialDecay,
    "InverseTimeDecay": dialect.InverseTimeDecay,
    "PiecewiseConstantDecay": dialect.PiecewiseConstantDecay,
    "PolynomialDecay": dialect.PolynomialDecay,
}


def _whole(s: Any) -> Plan:
    return _MAKE[type(s).__name__](**{name: _plain(value) for name, value in s.get_config().items()})


def _plain(value: Any) -> Any:
    """A number for what may be an array or a variable of any backend."""
    if isinstance(value, (list, tuple)):
        return [_plain(one) for one in cast("Sequence[Any]", value)]
    return value if value is None or isinstance(value, (bool, int, float, str)) else float(value)


def _plateau(s: Any) -> Plan | RecipePlan:
    raise follows_a_metric(
        "keras.ReduceLROnPlateau",
        None,
        monitor=s.monitor,
        factor=s.factor,
        patience=s.patience,
        mode=s.mode,
        min_delta=s.min_delta,
        cooldown=s.cooldown,
        min_lr=float(s.min_lr),
    )


READ: dict[str, Callable[[Any], Plan | RecipePlan]] = {**dict.fromkeys(_MAKE, _whole), "ReduceLROnPlateau": _plateau}
"""How each class is read."""
