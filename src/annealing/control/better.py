"""When is an observation better than the best one so far? Every peer answers a little differently.

Ours: the margin is `rtol * |best| + atol`, so that it asks for progress whatever the sign of the metric, and only a
finite observation can be the best.
"""

from __future__ import annotations

import math
from typing import Any, Literal, Protocol, TypeAlias, get_args

from annealing.control.checks import amount, choice
from annealing.control.values import finite, where
from annealing.core.errors import ArgumentError

Mode: TypeAlias = Literal["min", "max"]
"""Whether small or large observations are good."""

Margin: TypeAlias = Literal["magnitude", "signed"]
"""How far below `best` (in mode "min") an observation is better: below `best - (rtol*|best| + atol)`, or, as torch and
optax have it, below `(1 - rtol)*best - atol`, which for a negative best lies above it: there, worse counts as better."""

Nonfinite: TypeAlias = Literal["bad", "ignore", "compare", "first"]
"""What NaN and infinities are: bad observations; no observations; numbers like any other, as in torch and optax, so that
-inf (in mode "min") may be a best that nothing beats; or the same, and the first observation is the best whatever it is,
as in keras and Paddle, so that a first NaN is never beaten either."""


class Rule(Protocol):
    """The options that decide what is better."""

    @property
    def mode(self) -> Mode: ...
    @property
    def rtol(self) -> float: ...
    @property
    def atol(self) -> float: ...
    @property
    def margin(self) -> Margin: ...
    @property
    def nonfinite(self) -> str: ...


def check_rule(rule: Rule, nonfinite: Any = Nonfinite) -> None:
    """Refuse options that are none, with what to write instead."""
    choice(rule, "mode", get_args(Mode))
    choice(rule, "margin", get_args(Margin))
    choice(rule, "nonfinite", get_args(nonfinite))
    amount(rule, "rtol")
    amount(rule, "atol")
    if rule.rtol >= 1 and rule.mode == "min":
        raise ArgumentError(f"rtol={rule.rtol:g} asks a metric to fall by all of its size: write a share such as rtol=1e-4.")


def blank(rule: Rule) -> float:
    """Return the best before the first observation: what everything beats, or NaN where the first is taken unseen."""
    return math.nan if rule.nonfinite == "first" else _worst(rule)


def improves(rule: Rule, value: float, best: float) -> bool:
    """Whether an observation is better than the best one so far."""
    towards = 1.0 if rule.mode == "min" else -1.0
    known = where(finite(best), best, 0.0)  # inf - inf would be NaN
    if rule.margin == "magnitude":
        bar = known - towards * (rule.rtol * abs(known) + rule.atol)
    else:
        bar = known * (1.0 - towards * rule.rtol) - towards * rule.atol
    bar = where(finite(best), bar, best)
    beats = value < bar if rule.mode == "min" else value > bar
    if rule.nonfinite == "first":
        return beats | (best != best)
    return beats if rule.nonfinite == "compare" else beats & finite(value)


def best_of(rule: Rule, improved: bool, value: float, best: float) -> float:
    """Return the best after an observation."""
    if rule.nonfinite == "first":  # nothing compares with NaN, as nothing beats an infinity
        value = where(value != value, -_worst(rule), value)
    return where(improved, value, best)


def _worst(rule: Rule) -> float:
    return math.inf if rule.mode == "min" else -math.inf
