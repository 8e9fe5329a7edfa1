"""Paddle's LinearWarmup, in front of a number or of another schedule."""

# ruff: noqa: N802 - it is their name
from __future__ import annotations

import math

from annealing.core.errors import ArgumentError
from annealing.core.phases import hold, linear
from annealing.core.plan import Plan
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count, rate
from annealing.dialects.sequence import in_sequence


@dialect(
    "paddle.LinearWarmup",
    odd="update 0 uses start_lr; end_lr need not be where the schedule after it begins",
    checked=False,
    example="learning_rate=0.1, warmup_steps=10, start_lr=0.0, end_lr=0.1",
)
def LinearWarmup(learning_rate: float | Plan, warmup_steps: int, start_lr: float, end_lr: float) -> Plan:
    """Rise from `start_lr` to `end_lr` in a straight line, then follow `learning_rate` on a clock of its own.

    >>> from annealing.dialects import paddle
    >>> paddle.LinearWarmup(paddle.PolynomialDecay(0.1, 100), 10, start_lr=0.0, end_lr=0.1).total
    110

    Arguments: `learning_rate`, a number or a plan of this dialect, whose update 0 is the first after the warm-up.
    Odd: a ReduceOnPlateau inside gets the update's number as its metric; there is none here, controllers multiply.
    Ours: `lr * chain(warmup(10), polynomial())`.
    """
    low, high, length = rate("start_lr", start_lr), rate("end_lr", end_lr), count("warmup_steps", warmup_steps, 1)
    if high <= low:
        raise ArgumentError(f"end_lr={end_lr!r} must be above start_lr={start_lr!r}: it is a warm-up.")
    after = learning_rate if isinstance(learning_rate, Plan) else (rate("learning_rate", learning_rate) * hold()).over(math.inf)
    plan = in_sequence("LinearWarmup", [linear(to=high, start=low).over(length), after], [length])
    assert isinstance(plan, Plan)
    return plan
