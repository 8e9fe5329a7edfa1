"""Whether rates fall slowly enough to get anywhere and fast enough to settle, read off the schedule itself."""

from __future__ import annotations

import math

from annealing.core.errors import KindError
from annealing.core.length import REST
from annealing.core.plan import Plan
from annealing.core.schedule import Chain, Clip, Constant, Every, Formula, Geometric, Hold, Pointwise, Power, Schedule


def satisfies_robbins_monro(schedule: Schedule | Plan) -> bool:
    """Say whether the sum of all rates is infinite while that of their squares is finite, on a run without an end.

    >>> import annealing as an
    >>> [satisfies_robbins_monro(an.power(a, per=20)) for a in (-0.4, -0.5, -0.75, -1.0, -1.5)]
    [False, False, True, True, False]

    Only the last phase matters. Raises `KindError` where the schedule ends, or is made of what has no known order of decay
    (a formula of your own, a table).

    Source: Robbins & Monro 1951, A stochastic approximation method, Annals of Mathematical Statistics 22.
    """
    body = schedule.schedule if isinstance(schedule, Plan) else schedule
    if not isinstance(body, Schedule):
        raise KindError(f"{schedule!r} is no schedule: write one without an end, such as 0.5 * power(-0.75, per=20).")
    order = _order(body)
    return -1 <= order < -0.5


def _order(schedule: Schedule) -> float:
    """The power of t that a schedule falls as, in the long run: 0 for what stays, minus infinity for what falls by ratios."""
    match schedule:
        case Constant(value) if value != 0:
            return 0.0
        case Hold(length) if length == REST:
            return 0.0
        case Power(exponent, _, rate, length) if length == REST and rate > 0:
            return exponent
        case Geometric(factor, _, length) if length == REST and factor <= 1:
            return 0.0 if factor == 1 else -math.inf
        case Formula("beyond.logarithmic", _, length) if length == REST:
            return 0.0  # slower than every power
        case Chain(phases):
            return _order(phases[-1])
        case Every(body, _) | Clip(body, 0.0, _):
            return _order(body)
        case Pointwise("*", left, right):
            return _order(left) + _order(right)
        case Pointwise("/", left, right) if math.isfinite(_order(right)):
            return _order(left) - _order(right)
        case Pointwise("+", left, right):
            return max(_order(left), _order(right))
        case Pointwise("**", left, Constant(value)):
            return _order(left) * value
        case _:
            raise KindError(
                f"{schedule} has an end, or no order of decay that is known: write one that goes on: power(-0.75, per=20)."
            )
