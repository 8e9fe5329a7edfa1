"""optax's single curves: constant, polynomial, linear, exponential and cosine."""

from __future__ import annotations

import math

from annealing.core.checks import number
from annealing.core.composition import chain
from annealing.core.phases import cosine, hold, jump, polynomial
from annealing.core.plan import Plan
from annealing.core.schedule import Schedule
from annealing.dialects.catalogue import dialect
from annealing.dialects.checks import count
from annealing.dialects.decays import decay


@dialect("optax.constant_schedule", example="value=0.1")
def constant_schedule(value: float) -> Plan:
    """Stay at one value.

    >>> from annealing.dialects import optax
    >>> optax.constant_schedule(0.1)
    (0.1 * hold()).over(inf)

    Ours: `constant(0.1)`.
    """
    return (number("value", value) * hold()).over(math.inf)


@dialect(
    "optax.polynomial_schedule",
    odd="transition_steps ≤ 0 stays at init_value for ever",
    example="init_value=0.1, end_value=0.001, power=2, transition_steps=100",
)
def polynomial_schedule(
    init_value: float, end_value: float, power: float, transition_steps: int, transition_begin: int = 0
) -> Plan:
    """Go from `init_value` to `end_value` along (1 − t/transition_steps)^power, from update `transition_begin` on.

    >>> from annealing.dialects import optax
    >>> optax.polynomial_schedule(0.1, 0.001, power=2, transition_steps=100, transition_begin=5)
    chain(0.1 * hold(5), polynomial(100, to=0.001)).over(105)

    Odd: a transition of no length stays at init_value for ever instead of being over, there and here.
    Raises `ArgumentError` for a power that is not above 0. Ours: `chain(hold(5), polynomial(100, to=0.01))`.
    """
    start, end = number("init_value", init_value), number("end_value", end_value)
    length, wait = _lengths(transition_steps, transition_begin)
    if not length:
        return (start * hold()).over(math.inf)
    if not wait:
        return polynomial(to=end, power=power, start=start).over(length)
    return chain(start * hold(wait), polynomial(length, end, power=power)).over(wait + length)


@dialect(
    "optax.linear_schedule",
    odd="transition_steps ≤ 0 stays at init_value for ever",
    example="init_value=0.1, end_value=0.0, transition_steps=100",
)
def linear_schedule(init_value: float, end_value: float, transition_steps: int, transition_begin: int = 0) -> Plan:
    """Go from `init_value` to `end_value` in a straight line.

    >>> from annealing.dialects import optax
    >>> optax.linear_schedule(0.1, 0.0, transition_steps=100)
    linear(start=0.1).over(100)

    Odd: a transition of no length stays at init_value for ever instead of being over, there and here.
    Ours: `linear(100)`, whose length of 0 means that it is over.
    """
    return polynomial_schedule(init_value, end_value, 1, transition_steps, transition_begin)


@dialect(
    "optax.exponential_decay",
    odd="transition_steps ≤ 0 or decay_rate = 0 stays at init_value for ever; end_value also clips the start",
    example="init_value=0.1, transition_steps=100, decay_rate=0.5",
)
def exponential_decay(
    init_value: float,
    transition_steps: int,
    decay_rate: float,
    transition_begin: int = 0,
    staircase: bool = False,
    end_value: float | None = None,
) -> Plan:
    """Multiply by `decay_rate` once in every `transition_steps` updates, all at once at their end with `staircase`.

    >>> from annealing.dialects import optax
    >>> optax.exponential_decay(0.1, 100, 0.5, staircase=True, end_value=0.01)
    (0.1 * chain(jump(1), geometric(0.5, per=100).every(100))).clip(low=0.01).over(inf)

    Odd: no length, or a rate of 0, means no decay at all, there and here. `end_value` is a floor for rates below 1
    and a ceiling for others. Ours: `geometric(0.5, per=100)`, `.every(100)`, `.clip(low=0.01)`.
    """
    return decaying(init_value, transition_steps, decay_rate, transition_begin, staircase, end_value).over(math.inf)


def decaying(init_value: float, steps: int, decay_rate: float, begin: int, staircase: bool, end_value: float | None) -> Schedule:
    """`exponential_decay` as a schedule; one that is clipped writes its start down, for it cannot be told from where it opens."""
    start, ratio = number("init_value", init_value), number("decay_rate", decay_rate)
    length, wait = _lengths(steps, begin)
    if not length or not ratio:
        return start * hold()
    phases = [*([hold(wait)] if wait else []), decay(ratio, length, staircase=bool(staircase))]
    if end_value is None:
        return start * chain(*phases)
    end, curve = number("end_value", end_value), start * chain(jump(1), *phases)
    return curve.clip(low=end) if ratio < 1 else curve.clip(high=end)


@dialect("optax.cosine_decay_schedule", example="init_value=0.1, decay_steps=100, alpha=0.1")
def cosine_decay_schedule(init_value: float, decay_steps: int, alpha: float = 0.0, exponent: float = 1.0) -> Plan:
    """Fall to `alpha · init_value` along half a cosine, raised to a power.

    >>> from annealing.dialects import optax
    >>> optax.cosine_decay_schedule(0.1, decay_steps=100, alpha=0.1)
    (0.1 * cosine(to=0.1)).over(100)

    Raises `ArgumentError` for decay_steps below 1, as theirs does. Ours: `(0.1 * cosine(to=0.1)).over(100)`.
    Source: Loshchilov & Hutter 2016, arXiv:1608.03983.
    """
    start, floor = number("init_value", init_value), number("alpha", alpha)
    return (start * powered_cosine(floor, number("exponent", exponent))).over(count("decay_steps", decay_steps, 1))


def powered_cosine(floor: float, exponent: float, length: int | None = None) -> Schedule:
    """(1 − floor)·cosine^exponent + floor, from 1 to the floor."""
    if exponent == 1:
        return cosine(to=floor) if length is None else cosine(length, floor)
    curve = (cosine() if length is None else cosine(length)) ** exponent
    return (1 - floor) * curve + floor if floor else curve


def _lengths(steps: int, begin: int) -> tuple[int, int]:
    """Both lengths as theirs reads them: below 0 is 0."""
    return max(count("transition_steps", steps, -(10**15)), 0), max(count("transition_begin", begin, -(10**15)), 0)
