"""Laws of loss curves, one per file: what the loss will be under a plan that was never run."""

from __future__ import annotations

from annealing.core.errors import ArgumentError
from annealing.forecast.laws.functional_scaling import FUNCTIONAL_SCALING
from annealing.forecast.laws.law import Form, Law, Parameter, Prior, Scale, Terms
from annealing.forecast.laws.log import LOGARITHMIC
from annealing.forecast.laws.momentum import MOMENTUM
from annealing.forecast.laws.multi_power import MULTI_POWER
from annealing.forecast.laws.power import POWER
from annealing.forecast.laws.rate_blind import RATE_BLIND

LAWS: dict[str, Law] = {law.name: law for law in (POWER, LOGARITHMIC, MULTI_POWER, FUNCTIONAL_SCALING, MOMENTUM, RATE_BLIND)}
"""Every law by its name."""

__all__ = ["LAWS", "Form", "Law", "Parameter", "Prior", "Scale", "Terms", "law_named"]


def law_named(name: str) -> Law:
    """Return the law of that name.

    >>> law_named("multi-power").name
    'multi-power'

    Raises `ArgumentError` for a name that no law has.
    """
    if name not in LAWS:
        raise ArgumentError(f"law={name!r} is unknown: write one of {', '.join(map(repr, LAWS))}.")
    return LAWS[name]
